package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spurline/spurline/conformance"
)

// Section 13: rate limits.

// untilLimited repeats a call until it is refused for being one too many, and
// returns that answer and how many went before. A machine that is busy may
// need several tries to be fast enough.
func untilLimited(t *testing.T, call func() (conformance.Answer, error)) (conformance.Answer, int) {
	t.Helper()
	late := time.Now().Add(patience)
	for n := 0; time.Now().Before(late); n++ {
		a, err := call()
		if a.Status == 0 {
			t.Fatal(err)
		}
		if a.Status == http.StatusTooManyRequests {
			return a, n
		}
	}
	t.Fatal("it was never limited")
	return conformance.Answer{}, 0
}

// raw makes one call with a session, without anything that a client would do
// about the answer.
func raw(t *testing.T, s *server, id, method, path string, in any) (conformance.Answer, error) {
	t.Helper()
	p := conformance.Hook{HTTP: client(s.proxied(t)), Clock: &conformance.Clock{}, Host: s.url}
	var text []byte
	if in != nil {
		var err error
		if text, err = json.Marshal(in); err != nil {
			return conformance.Answer{}, err
		}
	}
	return p.Once(t.Context(), id, method, path, text)
}

func TestFact13_01_AShortAndAnHourlyLimit(t *testing.T) {
	t.Parallel()
	s := world.limited.get(t)
	id := sessionFor(t, s, s.account())
	a, went := untilLimited(t, func() (conformance.Answer, error) { return raw(t, s, id, http.MethodGet, "/adminRoles", nil) })
	if went < 2 || !strings.Contains(a.Body, "(2/SECOND)") {
		t.Errorf("after %d calls: %s", went, a.Body)
	}
	// The sandbox has none.
	b := world.sandbox.get(t)
	free := sessionFor(t, b, b.account())
	for range 10 {
		a, err := raw(t, b, free, http.MethodGet, "/adminRoles", nil)
		must(t, err)
		same(t, a.Status, http.StatusOK)
	}
}

// No DELETE is heavy: what Terraform makes it can destroy again in its own
// time.
func TestFact13_02_DeletesAreNotHeavy(t *testing.T) {
	t.Parallel()
	s := world.limited.get(t)
	account := s.org(t)
	c := goLegacy(t, s, account)
	c.Tries, c.Clock.Sleeps = 0, true
	var paths []string
	for i := range 3 {
		var made item
		must(t, c.Create(t.Context(), "/ipSourceGroups", map[string]any{"id": 0, "name": fmt.Sprint(i), "ipAddresses": []string{"10.0.0.1"}}, &made))
		paths = append(paths, fmt.Sprintf("/ipSourceGroups/%d", made.ID))
	}
	for _, path := range paths {
		must(t, c.Delete(t.Context(), path))
	}
	for _, wait := range c.Clock.Waits() {
		if wait > 2*time.Second {
			t.Errorf("the client was told to wait %s", wait)
		}
	}
	id := c.Session()
	a, _ := untilLimited(t, func() (conformance.Answer, error) { return raw(t, s, id, http.MethodDelete, paths[0], nil) })
	if !strings.Contains(a.Body, "(1/SECOND)") {
		t.Errorf("a DELETE is limited by %s", a.Body)
	}
}

func TestFact13_03_SignInsAreNotLimited(t *testing.T) {
	t.Parallel()
	s := world.limited.get(t)
	for range 5 {
		must(t, goLegacy(t, s, s.account()).Login(t.Context()))
	}
	for range 30 {
		a, err := raw(t, s, "", http.MethodGet, "/auth", nil)
		must(t, err)
		same(t, a.Status, http.StatusOK)
	}
}

func TestFact13_04_StarredOperationsHaveTheUsualWeights(t *testing.T) {
	t.Parallel()
	s := world.limited.get(t)
	account := s.org(t)
	id := sessionFor(t, s, account)
	for call, want := range map[[2]string]string{
		{"PUT", "/gateways/1"}: "1/SECOND", {"PUT", "/ipSourceGroups/1"}: "1/SECOND", {"POST", "/networkServices"}: "1/SECOND",
		{"PUT", "/ecAdminActivateStatus/forcedActivate"}: "1/SECOND", {"GET", "/dnsGateways"}: "2/SECOND",
		{"GET", "/ecRules/ecDns"}: "2/SECOND", {"GET", "/ecRules/self"}: "2/SECOND",
		{"GET", "/discoveryService/workloadDiscoverySettings"}: "2/SECOND",
	} {
		a, _ := untilLimited(t, func() (conformance.Answer, error) {
			if call[0] == "GET" {
				return raw(t, s, id, call[0], call[1], nil)
			}
			return raw(t, s, id, call[0], call[1], struct{}{})
		})
		if !strings.Contains(a.Body, "("+want+")") {
			t.Errorf("%s %s: %s, want %s", call[0], call[1], a.Body, want)
		}
	}
}

// limitedAnswer is a 429 of the server.
func limitedAnswer(t *testing.T) conformance.Answer {
	t.Helper()
	s := world.limited.get(t)
	id := sessionFor(t, s, s.org(t))
	a, _ := untilLimited(t, func() (conformance.Answer, error) {
		return raw(t, s, id, http.MethodPut, "/ecAdminActivateStatus/activate", nil)
	})
	return a
}

func TestFact13_05_TheBodyIsTextThroughout(t *testing.T) {
	t.Parallel()
	a := limitedAnswer(t)
	var all map[string]string // as the Go client decodes it
	must(t, json.Unmarshal([]byte(a.Body), &all))
	seconds := strings.TrimSuffix(all["Retry-After"], " seconds")
	same(t, all, map[string]string{"message": "Rate Limit (1/SECOND) exceeded", "Retry-After": seconds + " seconds"})
	n, err := strconv.Atoi(seconds)
	must(t, err)

	// Where the header is missing, Go reads the body; one number among the
	// texts, and it waits its five seconds.
	for change, want := range map[string]time.Duration{seconds + ` seconds"`: time.Duration(n) * time.Second, "": 5 * time.Second} {
		same(t, firstWait(t, func(resp *http.Response) {
			resp.Header.Del("Retry-After")
			if change == "" {
				body(resp, func(text string) string { return regexp.MustCompile(`"\d+ seconds"`).ReplaceAllString(text, "9") })
			}
		}), want)
	}
}

// firstWait is how long the Go client waits after a 429 that was changed.
func firstWait(t *testing.T, change func(*http.Response)) time.Duration {
	t.Helper()
	s := world.limited.get(t)
	account := s.org(t)
	c := goLegacy(t, s, account, func(_ *http.Request, resp *http.Response) {
		if resp.StatusCode == http.StatusTooManyRequests {
			change(resp)
		}
	})
	c.Tries = 2
	late := time.Now().Add(patience)
	for len(c.Clock.Waits()) == 0 && time.Now().Before(late) {
		_, _ = c.Do(t.Context(), http.MethodPut, "/ecAdminActivateStatus/activate", nil)
	}
	if len(c.Clock.Waits()) == 0 {
		t.Fatal("it was never limited")
	}
	return c.Clock.Waits()[0]
}

func TestFact13_06_TheHeaderIsABareInteger(t *testing.T) {
	t.Parallel()
	a := limitedAnswer(t)
	if text := a.Header.Get("Retry-After"); !regexp.MustCompile(`^\d+$`).MatchString(text) {
		t.Errorf("Retry-After is %q", text)
	}
	same(t, firstWait(t, func(*http.Response) {}), time.Second)
	same(t, firstWait(t, func(resp *http.Response) {
		resp.Header.Del("Retry-After")
		body(resp, func(string) string { return `{}` })
	}), 5*time.Second)

	// OneAPI's Python client adds a second, and raises where there is nothing
	// that it can read.
	for change, want := range map[string]string{"": "", "0 seconds": "HTTPException", "absent": "HTTPException"} {
		s := world.limited.get(t)
		c := pyOneAPI(t, s, s.org(t), func(_ *http.Request, resp *http.Response) {
			switch {
			case resp.StatusCode != http.StatusTooManyRequests:
			case change == "absent":
				resp.Header.Del("Retry-After")
				resp.Header.Del("X-Ratelimit-Reset")
			case change != "":
				resp.Header.Set("Retry-After", change)
			}
		})
		var err error
		late := time.Now().Add(patience)
		for err == nil && len(c.Clock.Waits()) == 0 && time.Now().Before(late) {
			_, err = c.Do(t.Context(), http.MethodPut, "/ecAdminActivateStatus/activate", struct{}{})
		}
		if want != "" {
			fails(t, err, want)
		} else if waits := c.Clock.Waits(); len(waits) == 0 || waits[0] != 2*time.Second {
			t.Errorf("it waits %v", waits)
		}
	}

	// Python waits for what it says, at least a second, five times at most.
	s := world.limited.get(t)
	p := signedIn(t, s, s.org(t))
	p.Clock.Sleeps = true
	for calls := 0; calls < 50 && len(p.Clock.Waits()) == 0; calls++ { // a slow machine may need more than two for two in a second
		must(t, p.Call(t.Context(), http.MethodPut, "/ecAdminActivateStatus/activate", nil, nil))
	}
	if len(p.Clock.Waits()) == 0 {
		t.Fatal("fifty calls were never two in a second")
	}
	for _, wait := range p.Clock.Waits() {
		if wait != time.Second {
			t.Errorf("Python waits %s", wait)
		}
	}
}

func TestFact13_07_NobodyWaitsForMoreThanFiveMinutes(t *testing.T) {
	t.Parallel()
	a := limitedAnswer(t)
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	must(t, err)
	if seconds > 300 {
		t.Errorf("Retry-After is %d", seconds)
	}
	s := world.limited.get(t)
	for text, reason := range map[string]string{"300": "429", "301": "longer than five minutes"} {
		c := goOneAPI(t, s, s.org(t), func(_ *http.Request, resp *http.Response) {
			if resp.StatusCode == http.StatusTooManyRequests {
				resp.Header.Set("Retry-After", text)
			}
		})
		var err error
		late := time.Now().Add(patience)
		for err == nil && len(c.Clock.Waits()) == 0 && time.Now().Before(late) {
			err = c.Update(t.Context(), "/ecAdminActivateStatus/activate", struct{}{}, &activation{})
		}
		switch waits := c.Clock.Waits(); {
		case text == "301":
			fails(t, err, reason)
			same(t, len(waits), 0)
		case len(waits) == 0 || waits[0] != 300*time.Second:
			t.Errorf("it waits %v", waits)
		}
	}
}

func TestFact13_08_LimitsCountPerOrgAndOperation(t *testing.T) {
	t.Parallel()
	s := world.limited.get(t)
	one, other := sessionFor(t, s, s.org(t)), sessionFor(t, s, s.account())
	put := func(id, path string) func() (conformance.Answer, error) {
		return func() (conformance.Answer, error) { return raw(t, s, id, http.MethodPut, path, nil) }
	}
	const activate, forced = "/ecAdminActivateStatus/activate", "/ecAdminActivateStatus/forcedActivate"
	untilLimited(t, put(one, activate))
	for name, call := range map[string]func() (conformance.Answer, error){
		"another org": put(other, activate), "another operation": put(one, forced),
	} {
		a, err := call()
		must(t, err)
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}
