package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// Section 12: errors.

// shaped checks the shape of an error: code and message alone, in JSON, as Go
// parses them.
func shaped(t *testing.T, f *conformance.Failure) {
	t.Helper()
	var all map[string]string
	if err := json.Unmarshal([]byte(f.Body), &all); err != nil || all["message"] == "" || f.Message != all["message"] {
		t.Errorf("the error's body is %s", f.Body)
	}
	for name := range all {
		if name != "code" && name != "message" {
			t.Errorf("the error has a member %s: %s", name, f.Body)
		}
	}
	same(t, f.Header.Get("Content-Type"), "application/json")
}

func TestError400_INVALID_INPUT_ARGUMENT(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	err := c.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0, "ipAddresses": []string{"10.0.0.1"}}, &item{})
	f := refused(t, err, http.StatusBadRequest, "INVALID_INPUT_ARGUMENT")
	shaped(t, f)
	same(t, f.Message, "name cannot be null")
	if !conformance.Fatal(err) {
		t.Error("Terraform goes on")
	}
	// Without JSON in the type Go sees no code, and Terraform does not know it.
	plain := func(r *http.Request, resp *http.Response) {
		if r.Method == http.MethodPost && resp.StatusCode == http.StatusBadRequest {
			resp.Header.Set("Content-Type", "text/plain")
		}
	}
	d := goLegacy(t, s, s.account(), plain)
	d.Adopt(c.Session())
	err = d.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0}, &item{})
	refused(t, err, http.StatusBadRequest, "")
	if conformance.Fatal(err) {
		t.Error("Terraform knows a code that it cannot have read")
	}
}

// The bodies of a write that the Go client repeats after signing in anew are
// gone: on the wire there is an announced length and nothing after it. It must
// come to an end quickly, and to nothing.
func TestError400_ForARepeatWithAnEmptyBody(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	c := goLegacy(t, s, a)
	must(t, c.Get(t.Context(), "/auth", &struct{}{}))
	p := pyLegacy(t, s, a)
	p.Adopt(c.Session())
	must(t, p.Call(t.Context(), http.MethodDelete, "/auth", nil, nil))
	before := c.Sends
	if err := c.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0, "name": "lost", "ipAddresses": []string{"10.0.0.1"}}, &item{}); err == nil {
		t.Error("a write whose body was lost has succeeded")
	}
	// The first, the repeat, and three more on a dropped connection; one less
	// where the server's 400 was faster than the client.
	if sends := c.Sends - before; sends < 2 || sends > 5 {
		t.Errorf("it was sent %d times", sends)
	}
	var all []item
	must(t, c.List(t.Context(), "/ipSourceGroups", &all))
	same(t, len(all), 0)

	for _, method := range []string{http.MethodPost, http.MethodPut} { // and where the length says it
		path := map[string]string{http.MethodPost: "/ipSourceGroups", http.MethodPut: "/locationTemplate/1"}[method]
		_, err := c.Do(t.Context(), method, path, []byte{})
		if f := conformance.FailureOf(err); f == nil || f.Status != http.StatusBadRequest {
			t.Errorf("%s with an empty body: %v", method, err)
		}
	}
	// A read recovers.
	id := c.Session()
	p.Adopt(id)
	must(t, p.Call(t.Context(), http.MethodDelete, "/auth", nil, nil))
	must(t, c.List(t.Context(), "/ipSourceGroups", &all))
	if c.Session() == id {
		t.Error("the client has not signed in anew")
	}
}

func TestError400_INVALID_USERNAME_OR_PASSWORD(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	a.Login = "nobody@example.com"
	shaped(t, refused(t, goLegacy(t, s, a).Login(t.Context()), http.StatusBadRequest, "INVALID_USERNAME_OR_PASSWORD"))
}

func TestError401_SESSION_NOT_VALID(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := pyLegacy(t, s, s.account())
	shaped(t, refused(t, p.Call(t.Context(), http.MethodGet, "/ecgroup", nil, nil), http.StatusUnauthorized, "SESSION_NOT_VALID"))
}

// The gateway's 401 is another (fact 2.9); that Go asks for a new token on
// these texts and no others is shown with spoilt answers.
func TestError401_WithoutACode(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.org(t)
	for text, tokens := range map[string]int{
		"Session already invalidated": 2, "Resource Access Blocked": 2, "SESSION_NOT_VALID": 2, "unauthorized": 1,
	} {
		once := sync.Once{}
		c := goOneAPI(t, s, a, func(r *http.Request, resp *http.Response) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/ipSourceGroups") {
				once.Do(func() {
					resp.StatusCode = http.StatusUnauthorized
					body(resp, func(string) string { return `{"message":"` + text + `"}` })
				})
			}
		})
		// The body is kept, so that the repeat is as whole as the first try:
		// the server has taken that one and knows the name.
		err := c.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0, "name": text, "ipAddresses": []string{"10.0.0.1"}}, &item{})
		want := map[int]string{1: "unauthorized", 2: "DUPLICATE_ITEM"}[tokens]
		fails(t, err, want)
		same(t, c.Tokens, tokens)
	}
}

func TestError403_STATE_READONLY(t *testing.T) {
	t.Parallel()
	s := world.maintained.get(t)
	p := signedIn(t, s, s.account())
	mode := func(on bool) {
		a := answerOf(t, s, http.MethodPut, s.url+"/spurline/v1/maintenance", fmt.Sprintf(`{"readOnly":%t}`, on), "Cookie", "JSESSIONID="+p.Session())
		same(t, a.Status, http.StatusOK)
	}
	in := map[string]any{"name": "later", "ipAddresses": []string{"10.0.0.1"}}
	mode(true)
	f := refused(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", in, nil), http.StatusForbidden, "STATE_READONLY")
	shaped(t, f)
	same(t, f.Header.Get("X-Zscaler-Mode"), "read-only")
	must(t, p.Call(t.Context(), http.MethodGet, "/ipSourceGroups", nil, nil))
	mode(false)
	must(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", in, nil))
}

func TestError403_LIMIT_EXCEEDED(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	err := c.Create(t.Context(), "/apiKeys", map[string]any{"id": 0}, &item{}) // an org has one
	f := refused(t, err, http.StatusForbidden, "LIMIT_EXCEEDED")
	shaped(t, f)
	if !strings.HasSuffix(f.Message, "Limit has exceeded.") {
		t.Errorf("the message is %q", f.Message)
	}
	same(t, c.Sends, 1)
	same(t, len(c.Clock.Waits()), 0)
}

func TestError403_SCOPE_LIMITED(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	a.Login, a.Password = s.creds.Admins[1].Login, s.creds.Admins[1].Password // an editor, and no super admin
	p := signedIn(t, s, a)
	in := map[string]any{"userName": s.creds.Admins[0].Login, "oldPassword": "Old-1234", "newPassword": "New-1234"}
	shaped(t, refused(t, p.Call(t.Context(), http.MethodPost, "/passwordChange", in, nil), http.StatusForbidden, "SCOPE_LIMITED"))
}

func TestError403_INVALID_OPERATION(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := signedIn(t, s, s.account())
	var templates []item
	must(t, p.Call(t.Context(), http.MethodGet, "/locationTemplate", nil, &templates))
	path := fmt.Sprintf("/locationTemplate/%d", templates[0].ID) // the one that came with the org
	shaped(t, refused(t, p.Call(t.Context(), http.MethodDelete, path, nil, nil), http.StatusForbidden, "INVALID_OPERATION"))
}

func TestError403_WithoutACode(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := s.account()
	a.Login, a.Password = s.creds.Admins[2].Login, s.creds.Admins[2].Password // a reader
	c := goLegacy(t, s, a)
	must(t, c.List(t.Context(), "/ecgroup", &[]item{}))
	shaped(t, refused(t, c.Create(t.Context(), "/ipSourceGroups", map[string]any{"name": "no"}, &item{}), http.StatusForbidden, ""))
	same(t, len(c.Clock.Waits()), 0)
}

func TestError404_RESOURCE_NOT_FOUND(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	for _, path := range []string{"/ipSourceGroups", "/locationTemplate", "/ecgroup", "/adminUsers", "/ecRules/ecRdr"} {
		shaped(t, refused(t, c.Get(t.Context(), path+"/1", &item{}), http.StatusNotFound, "RESOURCE_NOT_FOUND"))
	}
}

func TestError405_WithoutACode(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := signedIn(t, s, s.account())
	for _, path := range []string{"/ecAdminActivateStatus/activate", "/ecAdminActivateStatus/forcedActivate"} {
		f := refused(t, p.Call(t.Context(), http.MethodPost, path, struct{}{}, nil), http.StatusMethodNotAllowed, "")
		shaped(t, f)
		same(t, f.Header.Get("Allow"), "PUT")
	}
}

// Two admins save at once: who comes second is told to come again, and the Go
// client does.
func TestError409_EDIT_LOCK_NOT_AVAILABLE(t *testing.T) {
	t.Parallel()
	s := world.locked.get(t)
	id := sessionFor(t, s, s.account())
	late := time.Now().Add(patience)
	for round := 0; ; round++ {
		var locks, made int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				c := goLegacy(t, s, s.account(), func(_ *http.Request, resp *http.Response) {
					if resp.StatusCode != http.StatusConflict {
						return
					}
					body(resp, func(text string) string {
						mu.Lock()
						defer mu.Unlock()
						if strings.Contains(text, `"code":"EDIT_LOCK_NOT_AVAILABLE"`) {
							locks++
						}
						return text
					})
				})
				c.Tries = 1000
				c.Adopt(id)
				err := c.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0, "name": fmt.Sprint(round, "-", i), "ipAddresses": []string{"10.0.0.1"}}, &item{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					t.Error(err)
				}
			})
		}
		all.Wait()
		same(t, made, 8)
		if locks > 0 {
			break
		}
		if time.Now().After(late) {
			t.Fatal("nobody was ever told that another admin saves")
		}
	}
}

func TestError409_DUPLICATE_ITEM(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.org(t))
	in := map[string]any{"id": 0, "name": "once", "ipAddresses": []string{"10.0.0.1"}}
	must(t, c.Create(t.Context(), "/ipSourceGroups", in, &item{}))
	err := c.Create(t.Context(), "/ipSourceGroups", in, &item{})
	shaped(t, refused(t, err, http.StatusConflict, "DUPLICATE_ITEM"))
	same(t, len(c.Clock.Waits()), 0) // a conflict that is no lock is not tried again
	if !conformance.Fatal(err) {
		t.Error("Terraform goes on")
	}
}

func TestError409_412_STALE_CONFIGURATION_ERROR(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.org(t))
	var made item
	rule := map[string]any{"id": 0, "name": "stale", "type": "EC_RDR", "order": 1, "rank": 7, "forwardMethod": "DIRECT", "state": "ENABLED"}
	must(t, c.Create(t.Context(), "/ecRules/ecRdr", rule, &made))
	rule["id"], rule["lastModifiedTime"] = made.ID, 1700000000
	path := fmt.Sprintf("/ecRules/ecRdr/%d", made.ID)
	shaped(t, refused(t, c.Update(t.Context(), path, rule, &item{}), http.StatusConflict, "STALE_CONFIGURATION_ERROR"))
	rule["lastModifiedTime"] = 0
	must(t, c.Update(t.Context(), path, rule, &item{}))
}

func TestError409_RESOURCE_IN_USE(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	c := goLegacy(t, s, s.account())
	var groups []item
	must(t, c.List(t.Context(), "/ecgroup", &groups))
	shaped(t, refused(t, c.Delete(t.Context(), fmt.Sprintf("/ecgroup/%d", groups[0].ID)), http.StatusConflict, "RESOURCE_IN_USE"))
	same(t, len(c.Clock.Waits()), 0)
}

func TestError413_408_504_WithoutACode(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	p := signedIn(t, s, s.account())
	in := map[string]any{"name": strings.Repeat("x", 3<<20)}
	shaped(t, refused(t, p.Call(t.Context(), http.MethodPost, "/ipSourceGroups", in, nil), http.StatusRequestEntityTooLarge, "INVALID_INPUT_ARGUMENT"))
}

func TestError415_WithoutACode(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	a := answerOf(t, s, http.MethodPost, s.url+"/api/v1/auth", "username=me", "Content-Type", "application/x-www-form-urlencoded")
	same(t, a.Status, http.StatusUnsupportedMediaType)
	same(t, a.Header.Get("Content-Type"), "application/json")
}

// The server has neither barrier nor precondition of this kind; that the Go
// client comes again after both is shown with a spoilt answer.
func TestError409_412_UNEXPECTED_ERROR(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	id := sessionFor(t, s, s.account())
	for text, want := range map[string]int{
		"Failed during enter Org barrier": 1, "Request processing failed, possibly because an expected precondition was not met": 1, "No": 0,
	} {
		for _, status := range []int{http.StatusConflict, http.StatusPreconditionFailed} {
			once := sync.Once{}
			c := goLegacy(t, s, s.account(), func(_ *http.Request, resp *http.Response) {
				once.Do(func() {
					resp.StatusCode = status
					body(resp, func(string) string { return `{"code":"UNEXPECTED_ERROR","message":"` + text + `"}` })
				})
			})
			c.Adopt(id)
			err := c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{})
			if got := len(c.Clock.Waits()); got != want || (err == nil) != (want == 1) {
				t.Errorf("%d %q: %d waits, %v; want %d", status, text, got, err, want)
			}
		}
	}
}

// What the server never answers by itself: that the clients which are played
// here would wait, or not, as theirs do.
func TestError500_503_WithoutACode(t *testing.T) {
	t.Parallel()
	s := world.sandbox.get(t)
	id := sessionFor(t, s, s.account())
	for status, want := range map[int]int{500: 1, 503: 1, 501: 0} {
		once := sync.Once{}
		c := goLegacy(t, s, s.account(), func(_ *http.Request, resp *http.Response) { once.Do(func() { resp.StatusCode = status }) })
		c.Adopt(id)
		err := c.Get(t.Context(), "/ecAdminActivateStatus", &struct{}{})
		if got := len(c.Clock.Waits()); got != want || (err == nil) != (want == 1) {
			t.Errorf("%d: %d waits, %v; want %d", status, got, err, want)
		}
		p := pyLegacy(t, s, s.account(), func(_ *http.Request, resp *http.Response) { resp.StatusCode = status })
		p.Adopt(id)
		refused(t, p.Call(t.Context(), http.MethodGet, "/ecAdminActivateStatus", nil, nil), status, "")
	}
}
