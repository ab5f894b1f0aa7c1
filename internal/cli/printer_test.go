package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/client"
	"github.com/spurline/spurline/internal/wire"
)

type pet struct {
	Name string    `json:"name"`
	Age  int       `json:"age"`
	Seen wire.Time `json:"seen"`
}

func pets() noun[pet] {
	return noun[pet]{one: "pet", many: "pets", columns: []column[pet]{
		{head: "NAME", text: func(p pet) string { return p.Name }},
		{head: "LAST SEEN", when: func(p pet) wire.Time { return p.Seen }},
		{head: "AGE", text: func(p pet) string { return fmt.Sprint(p.Age) }, detail: true},
	}}
}

// A noun's columns give every format.
func TestFormats(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	rows := []pet{{"Rex, the \"dog\"", 3, wire.At(now.Add(-90 * time.Second))}, {"\x1b[31mred\n", 4, 0}, {"true", 5, wire.At(now)}}
	for format, want := range map[string]string{
		"table": "[sandbox] 3 pets\nNAME            LAST SEEN\nRex, the \"dog\"  90s ago\n\uFFFD[31mred\uFFFD       never\ntrue            0s ago\n",
		"csv":   "name,last_seen,age\n\"Rex, the \"\"dog\"\"\",1970-01-12T13:45:10Z,3\n\"\x1b[31mred\n\",,4\ntrue,1970-01-12T13:46:40Z,5\n",
		"yaml":  "- name: Rex, the \"dog\"\n  age: 3\n  seen: 999910\n- name: \"\\e[31mred\\n\"\n  age: 4\n  seen: 0\n- name: \"true\"\n  age: 5\n  seen: 1000000\n",
	} {
		var out bytes.Buffer
		p := &printer{out: &out, format: format, now: func() time.Time { return now }, sandbox: true}
		if err := show(p, pets(), rows); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	var out bytes.Buffer
	p := &printer{out: &out, format: "json"}
	if err := show[pet](p, pets(), nil); err != nil || out.String() != "[]\n" {
		t.Errorf("no rows are %q, %v", out.String(), err)
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000_000, 0)
	p := &printer{now: func() time.Time { return now }}
	for ago, want := range map[time.Duration]string{
		-time.Second: "just now", 0: "0s ago", 119 * time.Second: "119s ago", 2 * time.Minute: "2m ago",
		119 * time.Minute: "119m ago", 2 * time.Hour: "2h ago", 47 * time.Hour: "47h ago", 49 * time.Hour: "2d ago",
	} {
		if got := p.ago(wire.At(now.Add(-ago))); got != want {
			t.Errorf("%v ago is %q, want %q", ago, got, want)
		}
	}
}

// Every page is fetched; a server that knows no pages is not asked for ever.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	const objects = 2*pageSize + 1
	for name, paged := range map[string]bool{"paged": true, "one page for ever": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				page, first := 1, 0
				if paged {
					_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
					first = (page - 1) * pageSize
				}
				list := []map[string]int{}
				for i := first; i < min(first+pageSize, objects); i++ {
					list = append(list, map[string]int{"id": i})
				}
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(list)
			}))
			t.Cleanup(srv.Close)
			s := &session{client: client.New(client.Config{BaseURL: srv.URL}), line: &line{}}
			got, err := list[struct{ ID int }](context.Background(), s, "list things", "/things")
			if err != nil {
				t.Fatal(err)
			}
			wantObjects, wantCalls := objects, 3
			if !paged {
				wantObjects, wantCalls = pageSize, 2
			}
			if len(got) != wantObjects || calls != wantCalls {
				t.Errorf("%d objects in %d calls, want %d in %d", len(got), calls, wantObjects, wantCalls)
			}
		})
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	var v any
	body := `{"apiKey":"s1","obfuscateApiKey":true,"Password":"s2","list":[{"token":"s3","name":"kept"}],"keyValue":"s4","clientSecret":["s5"],"passwordExpiryTime":-1}`
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(mask(v))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 5; n++ {
		if s := fmt.Sprintf("s%d", n); strings.Contains(string(out), s) {
			t.Errorf("%s is not masked: %s", s, out)
		}
	}
	for _, kept := range []string{`"name":"kept"`, `"obfuscateApiKey":true`, `"passwordExpiryTime":-1`} {
		if !strings.Contains(string(out), kept) {
			t.Errorf("%s is gone: %s", kept, out)
		}
	}
}

func TestFindByNameOrID(t *testing.T) {
	t.Parallel()
	by := choices[pet]{
		"pet", "spurline pets",
		[]pet{{Name: "a", Age: 1}, {Name: "b", Age: 2}, {Name: "b", Age: 3}, {Name: "1", Age: 4}},
		func(p pet) int64 { return int64(p.Age) },
		func(p pet) []string { return []string{p.Name} },
	}
	for arg, want := range map[string]int{"a": 1, "1": 1, "4": 4, "2": 2} {
		if got, err := by.find(arg); err != nil || got.Age != want {
			t.Errorf("%s is %v (%v), want the one with id %d", arg, got, err, want)
		}
	}
	for arg, want := range map[string]struct {
		code int
		text string
	}{"b": {exitUsage, "b names 2; name one by its id: 2 (b), 3 (b)"}, "c": {exitNotFound, "there is no pet c; 'spurline pets' lists them"}} {
		_, err := by.find(arg)
		f, ok := err.(*failure) //nolint:errorlint // it is what verbs return
		if !ok || f.code != want.code || f.Error() != want.text {
			t.Errorf("%s: %v, want %q with code %d", arg, err, want.text, want.code)
		}
	}
}

// What is ours is printed before the server's own members, and those are all
// there.
func TestEntryIsPrintedWhole(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"z":1,"unknown":{"a":[]}}`: `{"kind":"x","at":0,"z":1,"unknown":{"a":[]}}`,
		`{ }`:                        `{"kind":"x","at":0}`,
	} {
		e, err := entryOf[struct{}](json.RawMessage(raw))
		if err != nil {
			t.Fatal(err)
		}
		e.extra = []member{{"kind", "x"}, {"at", 0}}
		got, err := json.Marshal(e)
		if err != nil || string(got) != want {
			t.Errorf("%s became %s (%v), want %s", raw, got, err, want)
		}
	}
}
