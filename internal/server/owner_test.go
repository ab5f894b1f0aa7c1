package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// status is the activation status as an admin sees it.
type status struct {
	OrgEditStatus, OrgLastActivateStatus, AdminActivateStatus string
	AdminStatusMap                                            map[string]string
}

func activation(t *testing.T, a *servertest.Admin) status {
	t.Helper()
	return servertest.Decode[status](t, a.Must(t, "GET", "/ecAdminActivateStatus", ""))
}

// Disabling an admin ends the sessions at once and activates what the admin
// saved, or queues it while others edit.
func TestDisableAdmin(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		owner, super, editor := s.Owner(t), s.SignIn(t, servertest.Super), s.SignIn(t, servertest.Editor)
		again := s.SignIn(t, servertest.Editor)
		editor.Must(t, "POST", "/locationTemplate", `{"name":"saved"}`)
		owner.Must(t, "POST", "/spurline/v1/admins/"+servertest.Editor+"/disable", "")
		for _, session := range []*servertest.Admin{editor, again} {
			if a := session.Do(t, "GET", "/locationTemplate", ""); a.Status != 401 {
				t.Errorf("a session of the disabled admin: %d", a.Status)
			}
		}
		got := activation(t, super)
		want := status{"EDITS_CLEARED", "CAC_ACTV_SESSION_LOGOUT", "ADM_LOGGED_IN", map[string]string{servertest.Editor: "ADM_EXPIRED"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after it (-want +got):\n%s", diff)
		}
		for _, c := range s.Credentials.Admins {
			if a := s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, c.Login, c.Password)); (a.Status == 200) != (c.Login != servertest.Editor) {
				t.Errorf("sign-in as %s: %d", c.Login, a.Status)
			}
		}

		// With a new password the admin is there again, and the data directory
		// knows it.
		made := servertest.Decode[wire.AdminCredentials](t, owner.Must(t, "POST", "/spurline/v1/admins/"+servertest.Editor+"/password", `{}`))
		s.Restart(t)
		for _, c := range s.Credentials.Admins {
			if c.Login == servertest.Editor && c != made {
				t.Errorf("credentials %+v, made %+v", c, made)
			}
		}
		s.SignIn(t, servertest.Editor)

		// While another admin edits, what the disabled one saved waits for it.
		second, super := s.SignIn(t, servertest.Second), s.SignIn(t, servertest.Super)
		super.Must(t, "POST", "/locationTemplate", `{"name":"other"}`)
		second.Must(t, "POST", "/locationTemplate", `{"name":"waits"}`)
		s.Owner(t).Must(t, "POST", "/spurline/v1/admins/"+servertest.Second+"/disable", "")
		if got := activation(t, super); got.AdminStatusMap[servertest.Second] != "ADM_ACTV_QUEUED" || got.OrgEditStatus != "EDITS_PRESENT" {
			t.Errorf("while another edits: %+v", got)
		}
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		if got := activation(t, super); got.OrgEditStatus != "EDITS_CLEARED" {
			t.Errorf("when the other activates: %+v", got)
		}
	})
}

// databases runs a test from an installation on SQLite to one on each database.
func databases(t *testing.T, test func(t *testing.T, from, to server.Config)) {
	servertest.Databases(t, func(t *testing.T, db string) {
		test(t, server.Config{DataDir: t.TempDir()}, server.Config{DB: db, DataDir: t.TempDir()})
	})
}

// A backup restored elsewhere, on either database, is the same installation:
// its admins sign in, its sessions and connectors go on, and the data directory
// has its credentials. What was there before is gone.
func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, from, to server.Config) {
		a, b := servertest.Start(t, from), servertest.Start(t, to)
		super := a.SignIn(t, servertest.Super)
		template := prepare(t, super)
		super.Must(t, "PUT", fmt.Sprintf("/locationTemplate/%d", template), `{"name":"pending"}`)
		before := b.SignIn(t, servertest.Super)
		before.Must(t, "GET", "/locationTemplate", "") // is cached

		cc := powerOn(t, a, t.TempDir())
		cc.rest(t)
		cc.beat(t)
		lists := map[string]string{}
		for _, path := range []string{"/locationTemplate", "/provUrl", "/location", "/ecgroup", "/ecAdminActivateStatus", "/spurline/v1/pending"} {
			lists[path] = super.Must(t, "GET", path, "")
		}

		noted := verified(t, super, "/spurline/v1/audit", "")
		backup := a.Owner(t).Must(t, "GET", "/spurline/v1/backup", "")
		ofAll := verified(t, a.Owner(t), "/spurline/v1/installation/audit", "")
		if err := noSecret(backup, to.DataDir); err != nil {
			t.Error(err)
		}
		b.Owner(t).Must(t, "POST", "/spurline/v1/restore", backup)
		if got := before.Do(t, "GET", "/locationTemplate", ""); got.Status != 401 {
			t.Errorf("a session of before: %d", got.Status)
		}
		check := func(when string) {
			t.Helper()
			for path, want := range lists {
				if got := (&sessionOf{b, super.Session}).get(t, path); got != want {
					t.Errorf("%s, %s:\n%s\nwant\n%s", when, path, got, want)
				}
			}
		}
		check("restored")
		b.Restart(t) // reads the credentials of the data directory
		if diff := cmp.Diff(a.Credentials, b.Credentials); diff != "" {
			t.Errorf("credentials (-want +got):\n%s", diff)
		}
		check("restarted")
		again := b.SignIn(t, servertest.Super)
		again.Must(t, "POST", "/locationTemplate", `{"name":"goes on"}`)
		verified(t, again, "/spurline/v1/audit", noted)
		verified(t, b.Owner(t), "/spurline/v1/installation/audit", ofAll)
		left, err := filepath.Glob(filepath.Join(to.DataDir, "resto*"))
		if err != nil || len(left) > 0 {
			t.Errorf("files left behind: %v (%v)", left, err)
		}
	})
}

// sessionOf is a session that was begun with another server.
type sessionOf struct {
	server  *servertest.Server
	session string
}

func (s *sessionOf) get(t *testing.T, path string) string {
	t.Helper()
	who := s.server.Nobody()
	who.Session = s.session
	return who.Must(t, "GET", path, "")
}

// noSecret fails if a backup has what is a data directory's own: the owner's
// token.
func noSecret(backup, dataDir string) error {
	z, err := gzip.NewReader(strings.NewReader(backup))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	token, err := server.ReadOwnerToken(dataDir)
	if err == nil && bytes.Contains(text, []byte(token)) {
		err = fmt.Errorf("the owner's token is in the backup")
	}
	return err
}

// Restored while connectors and admins are at work, all of them go on: those
// that the backup has without a break, those that it has not enrol again.
func TestRestoreWhileRunning(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		super := s.SignIn(t, servertest.Super)
		template := prepare(t, super)
		old := powerOn(t, s, t.TempDir())
		old.rest(t)
		kept := old.enrolled(t)
		old.beat(t)
		backup := s.Owner(t).Must(t, "GET", "/spurline/v1/backup", "")

		late := powerOn(t, s, t.TempDir())
		late.rest(t)
		first := late.enrolled(t)
		edit := fmt.Sprintf("/locationTemplate/%d", template)
		super.Must(t, "PUT", edit, `{"name":"changed","template":{"templatePrefix":"NEW"}}`)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		old.beat(t)
		if !strings.Contains(old.bundle(t), `"NEW"`) {
			t.Fatalf("the edit has not arrived: %s", old.bundle(t))
		}

		s.Owner(t).Must(t, "POST", "/spurline/v1/restore", backup)
		if got := super.Must(t, "GET", edit, ""); !strings.Contains(got, `"name":"west"`) {
			t.Errorf("after the restore: %s", got)
		}
		old.beat(t)
		if !strings.Contains(old.bundle(t), `"OLD"`) {
			t.Errorf("the connector does not run what was restored: %s", old.bundle(t))
		}
		late.beat(t)
		second := late.enrolled(t)
		if second.NativeID != first.NativeID {
			t.Errorf("enrolled as %+v, before as %+v", second, first)
		}
		for _, id := range []string{kept.NativeID, second.NativeID} {
			if got := super.Must(t, "GET", "/ecVm/uuid/"+id, ""); !strings.Contains(got, `"operationalStatus":"ACTIVE"`) {
				t.Errorf("%s: %s", id, got)
			}
		}
		// Nothing that was given out by then is given out again.
		super.Must(t, "POST", "/locationTemplate", `{"name":"one more"}`)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	})
}

// A backup that is taken while eight writers write is of one moment: every
// object is whole, and what it refers to is there under the same name.
func TestBackupUnderWrites(t *testing.T) {
	t.Parallel()
	const writers = 8
	databases(t, func(t *testing.T, from, to server.Config) {
		a, b := servertest.Start(t, from), servertest.Start(t, to)
		stop, all := make(chan struct{}), sync.WaitGroup{}
		super := a.SignIn(t, servertest.Super)
		began := make(chan struct{}, writers)
		for n := range writers {
			all.Go(func() { write(t, super, n, stop, began) })
		}
		for range writers {
			<-began
		}
		var backups []string
		for range 3 {
			backups = append(backups, a.Owner(t).Must(t, "GET", "/spurline/v1/backup", ""))
		}
		close(stop)
		all.Wait()
		for _, backup := range backups {
			b.Owner(t).Must(t, "POST", "/spurline/v1/restore", backup)
			checkPairs(t, &sessionOf{b, super.Session}, writers)
		}
	})
}

// write renames a location template, and the provisioning template that refers
// to it names it by a cached copy; and makes and deletes a pair of them.
func write(t *testing.T, a *servertest.Admin, n int, stop <-chan struct{}, began chan<- struct{}) {
	do := func(method, path, body string) int64 {
		answer, err := a.Try(method, path, body)
		if err != nil || answer.Status/100 != 2 {
			t.Errorf("%s %s: %v %d %s", method, path, err, answer.Status, answer.Body)
			return 0
		}
		var v struct{ ID int64 }
		_ = json.Unmarshal([]byte(answer.Body), &v) // a deletion answers nothing
		return v.ID
	}
	location := do("POST", "/locationTemplate", fmt.Sprintf(`{"name":"w%d-0"}`, n))
	do("POST", "/provUrl", fmt.Sprintf(`{"name":"p%d","provUrlType":"CLOUD","provUrlData":{"locationTemplate":{"id":%d},"cloudProviderType":"AWS"}}`, n, location))
	began <- struct{}{}
	for i := 1; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		do("PUT", fmt.Sprintf("/locationTemplate/%d", location), fmt.Sprintf(`{"name":"w%d-%d"}`, n, i))
		l := do("POST", "/locationTemplate", fmt.Sprintf(`{"name":"x%d-%d"}`, n, i))
		p := do("POST", "/provUrl", fmt.Sprintf(`{"name":"y%d-%d","provUrlType":"CLOUD","provUrlData":{"locationTemplate":{"id":%d},"cloudProviderType":"AWS"}}`, n, i, l))
		do("DELETE", fmt.Sprintf("/provUrl/%d", p), "")
		do("DELETE", fmt.Sprintf("/locationTemplate/%d", l), "")
	}
}

func checkPairs(t *testing.T, s *sessionOf, writers int) {
	t.Helper()
	type named struct {
		ID   int64
		Name string
	}
	type provisioning struct {
		named
		ProvURLData struct{ LocationTemplate named }
	}
	names := map[int64]string{}
	for _, l := range servertest.Decode[[]named](t, s.get(t, "/locationTemplate?pageSize=1000")) {
		names[l.ID] = l.Name
	}
	pairs := servertest.Decode[[]provisioning](t, s.get(t, "/provUrl?pageSize=1000"))
	if len(pairs) < writers {
		t.Errorf("%d provisioning templates, want %d at least", len(pairs), writers)
	}
	for _, p := range pairs {
		if to := p.ProvURLData.LocationTemplate; names[to.ID] == "" || names[to.ID] != to.Name {
			t.Errorf("%s refers to %+v, which is %q", p.Name, to, names[to.ID])
		}
	}
}

// A backup that lacks its end, or is none, changes nothing at all.
func TestRestoreTruncated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := servertest.Start(t, server.Config{DataDir: dir})
	super := s.SignIn(t, servertest.Super)
	backup := s.Owner(t).Must(t, "GET", "/spurline/v1/backup", "")
	super.Must(t, "POST", "/locationTemplate", `{"name":"after it"}`)
	want := super.Must(t, "GET", "/locationTemplate", "")
	credentials, err := os.ReadFile(filepath.Join(dir, server.CredentialsFile))
	if err != nil {
		t.Fatal(err)
	}
	repack := func(change func(string) string) string {
		z, err := gzip.NewReader(strings.NewReader(backup))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, change(string(text)))
		w.Close()
		return b.String()
	}
	key := regexp.MustCompile(`"secret.key","content":"(.)`)
	bad := map[string]string{
		"empty":    "",
		"foreign":  "PK\x03\x04",
		"trailing": backup + "x",
		"no end":   repack(func(s string) string { return s[:strings.LastIndex(strings.TrimSpace(s), "\n")] }),
		"no key":   repack(func(s string) string { return strings.Replace(s, "secret.key", "other.key", 1) }),
		"other key": repack(func(s string) string {
			return key.ReplaceAllStringFunc(s, func(m string) string {
				last := map[bool]string{true: "B", false: "A"}[strings.HasSuffix(m, "A")]
				return m[:len(m)-1] + last
			})
		}),
	}
	for _, share := range []int{1, 3, 5, 9} {
		bad[fmt.Sprint(share, " tenths")] = backup[:len(backup)*share/10]
	}
	for name, body := range bad {
		if a := s.Owner(t).Do(t, "POST", "/spurline/v1/restore", body); a.Status != 400 || !strings.Contains(a.Body, "Nothing was changed.") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if got := super.Must(t, "GET", "/locationTemplate", ""); got != want {
		t.Errorf("now there is %s, before %s", got, want)
	}
	if got, err := os.ReadFile(filepath.Join(dir, server.CredentialsFile)); err != nil || !bytes.Equal(got, credentials) {
		t.Errorf("the credentials have changed (%v)", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "resto*")); err != nil || len(left) > 0 {
		t.Errorf("files left behind: %v (%v)", left, err)
	}
}

// A start completes what a crash left of a restore that was committed, and
// undoes it of one that was not.
func TestRestoreSettledAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := servertest.Start(t, server.Config{DataDir: dir})
	backup := s.Owner(t).Must(t, "GET", "/spurline/v1/backup", "")
	s.Owner(t).Must(t, "POST", "/spurline/v1/restore", backup)
	z, err := gzip.NewReader(strings.NewReader(s.Owner(t).Must(t, "GET", "/spurline/v1/backup", "")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`backup, restore (\w+)`).FindSubmatch(text)
	if id == nil {
		t.Fatal("the trail does not say that there was a restore")
	}
	path := filepath.Join(dir, server.CredentialsFile)
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(path, body string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(path, "{}")
	put(filepath.Join(dir, "restoring-"+string(id[1])+".json"), string(right))
	put(filepath.Join(dir, "restoring-never.json"), `{"org":1}`)
	s.Restart(t)
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, right) {
		t.Errorf("credentials %s (%v)", now, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "restoring-*")); err != nil || len(left) > 0 {
		t.Errorf("files left behind: %v (%v)", left, err)
	}
}

// The owner's token is made once, for its owner only, and one that others
// could have read does not count.
func TestOwnerToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := server.ReadOwnerToken(dir); !os.IsNotExist(err) {
		t.Errorf("before the first start: %v", err)
	}
	s := servertest.Start(t, server.Config{DataDir: dir})
	token, err := server.ReadOwnerToken(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
	if again, err := server.ReadOwnerToken(dir); err != nil || again != token {
		t.Errorf("another token after a restart (%v)", err)
	}
	path := filepath.Join(dir, "owner.token")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	for _, bad := range []string{"", token[:len(token)-1], token + "A", strings.ToUpper(token)} {
		if a := s.Connector(bad).Do(t, "GET", "/spurline/v1/orgs", ""); a.Status != http.StatusUnauthorized {
			t.Errorf("with %d characters: %d", len(bad), a.Status)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := server.ReadOwnerToken(dir); err == nil || os.IsNotExist(err) {
		t.Errorf("readable by others: %v", err)
	}
	if err := os.Chmod(path, fs.FileMode(0o600)); err != nil {
		t.Fatal(err)
	}
}

// A reset takes objects and connectors back to the baseline and leaves
// everything else: sessions, admins, keys, the trail, the count of revisions.
func TestReset(t *testing.T) {
	t.Parallel()
	servertest.Databases(t, func(t *testing.T, db string) {
		s := servertest.Start(t, server.Config{DB: db})
		owner, super := s.Owner(t), s.SignIn(t, servertest.Super)
		if a := owner.Do(t, "POST", "/spurline/v1/reset", ""); a.Status != 409 || !strings.Contains(a.Body, "nothing to reset to") {
			t.Errorf("without a baseline: %d %s", a.Status, a.Body)
		}
		template := prepare(t, super)
		dir := t.TempDir()
		cc := powerOn(t, s, dir)
		cc.rest(t)
		first := cc.enrolled(t)
		cc.beat(t)
		if err := s.EnsureBaseline(context.Background(), s.Credentials.Org); err != nil {
			t.Fatal(err)
		}
		paths := []string{"/locationTemplate", "/provUrl", "/location", "/ecgroup"}
		want := map[string]string{}
		for _, path := range paths {
			want[path] = super.Must(t, "GET", path, "")
		}

		other := powerOn(t, s, t.TempDir())
		other.rest(t)
		stranger := other.enrolled(t)
		made := servertest.Decode[wire.AdminCredentials](t, owner.Must(t, "POST", fmt.Sprintf("/spurline/v1/orgs/%d/admins", s.Credentials.Org), `{"login":"new@example.net","role":"Editor"}`))
		super.Must(t, "PUT", fmt.Sprintf("/locationTemplate/%d", template), `{"name":"changed"}`)
		deleteVM(t, super, first.VMID)
		super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
		cc.wake <- struct{}{}
		<-cc.done // told gone
		super.Must(t, "POST", "/locationTemplate", `{"name":"pending"}`)
		rev := servertest.Decode[wire.Pending](t, super.Must(t, "GET", "/spurline/v1/pending", "")).Revision

		for n := range 2 {
			owner.Must(t, "POST", "/spurline/v1/reset", "")
			for _, path := range paths {
				// The connector has not come back yet; all else is as it was.
				got := strings.ReplaceAll(super.Must(t, "GET", path, ""), `"operationalStatus":"INACTIVE"`, `"operationalStatus":"ACTIVE"`)
				if got != want[path] {
					t.Errorf("reset %d, %s:\n%s\nwant\n%s", n, path, got, want[path])
				}
			}
			if got := activation(t, super); got.OrgEditStatus != "EDITS_CLEARED" || len(got.AdminStatusMap) > 0 {
				t.Errorf("reset %d: %+v", n, got)
			}
			pending := servertest.Decode[wire.Pending](t, super.Must(t, "GET", "/spurline/v1/pending", ""))
			if len(pending.Changes) > 0 || pending.Revision <= rev || pending.Active != pending.Revision {
				t.Errorf("reset %d: pending %+v, revision before %d", n, pending, rev)
			}
			rev = pending.Revision
		}
		if a := s.Nobody().Do(t, "POST", "/auth", s.SignInBody(t, made.Login, made.Password)); a.Status != 200 {
			t.Errorf("an admin made since: %d %s", a.Status, a.Body)
		}

		// The connector of the baseline is the VM that it was. The other one's
		// token is not known any more, so it enrols again.
		back := powerOn(t, s, dir)
		back.rest(t)
		if now := back.enrolled(t); now.VMID != first.VMID {
			t.Errorf("enrolled as %+v, at first as %+v", now, first)
		}
		other.beat(t)
		if again := other.enrolled(t); again.NativeID != stranger.NativeID || again.VMID == stranger.VMID {
			t.Errorf("enrolled as %+v, before as %+v", again, stranger)
		}
	})
}
