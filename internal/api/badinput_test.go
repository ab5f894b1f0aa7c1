package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// message reads the message of an error answer and holds its shape against the
// API's: one JSON object with code and message, and nothing else.
func message(t *testing.T, a servertest.Answer) string {
	t.Helper()
	if kind := a.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("content type %q of %s", kind, a.Body)
	}
	var e struct{ Code, Message string }
	d := json.NewDecoder(strings.NewReader(a.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil || e.Message == "" {
		t.Errorf("not an error of the API (%v): %s", err, a.Body)
	}
	return e.Message
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	before := super.Must(t, "GET", "/locationTemplate", "")
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string // part of the message
	}{
		{"POST", "/locationTemplate", `{"name":"a"`, 400, "not valid JSON"},
		{"POST", "/locationTemplate", ``, 400, "it is empty"},
		{"POST", "/locationTemplate", `[]`, 400, "not a JSON object"},
		{"POST", "/locationTemplate", `null`, 400, "not a JSON object"},
		{"POST", "/locationTemplate", `{"name":"a"}{"name":"b"}`, 400, "not valid JSON"},
		{"POST", "/locationTemplate", strings.Repeat(`{"template":`, 10_000), 400, "nested too deeply"},
		{"POST", "/locationTemplate", `{}`, 400, "name cannot be null"},
		{"POST", "/locationTemplate", `{"name":null}`, 400, "name cannot be null"},
		{"POST", "/locationTemplate", `{"name":["a"]}`, 400, "name must be a string"},
		{"POST", "/locationTemplate", `{"name":"` + long + `"}`, 400, "name cannot be longer than 255 characters"},
		{"POST", "/locationTemplate", `{"name":"a","template":7}`, 400, "template must be an object"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"upBandwidth":"fast"}}`, 400, "template.upBandwidth must be an integer"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"upBandwidth":-1}}`, 400, "template.upBandwidth cannot be less than 0"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"upBandwidth":99999999999999999999}}`, 400, "template.upBandwidth must be an integer"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"aupEnabled":"yes"}}`, 400, "template.aupEnabled must be true or false"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"aupEnabled":true}}`, 400, "template.aupTimeoutInDays"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"authRequired":true,"cautionEnabled":true}}`, 400, "template.cautionEnabled"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"enforceBandwidthControl":true}}`, 400, "template.upBandwidth"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"surrogateIP":true}}`, 400, "template.idleTimeInMinutes"},
		{"POST", "/locationTemplate", `{"name":"a","template":{"displayTimeUnit":"YEAR"}}`, 400, "template.displayTimeUnit must be one of MINUTE, HOUR, DAY"},
		{"POST", "/provUrl", `{"name":"p"}`, 400, "provUrlData cannot be null"},
		{"POST", "/provUrl", `{"name":"p","provUrlData":{}}`, 400, "provUrlData.cloudProviderType cannot be null"},
		{"POST", "/provUrl", `{"name":"p","provUrlData":{"cloudProviderType":"MOON"}}`, 400, "provUrlData.cloudProviderType must be one of"},
		{"POST", "/provUrl", `{"name":"p","provUrlData":{"cloudProviderType":"AWS","locationTemplate":{"id":"x"}}}`, 400, "provUrlData.locationTemplate must be"},
		{"POST", "/provUrl", `{"name":"p","provUrlData":{"cloudProviderType":"AWS","locationTemplate":{"id":5}}}`, 400, "provUrlData.locationTemplate names the location template 5"},
		{"POST", "/provUrl", `{"name":"p","provUrlType":"ODD","provUrlData":{"cloudProviderType":"AWS"}}`, 400, "provUrlType must be one of"},
		{"PUT", "/locationTemplate/1", `{"name":"a"}`, 404, "no location template with id 1"},
		{"PUT", "/locationTemplate/1", ``, 400, "it is empty"},
		{"GET", "/locationTemplate/abc", ``, 400, "id must be an id"},
		{"GET", "/locationTemplate/-1", ``, 400, "id must be an id"},
		{"GET", "/locationTemplate/99999999999999999999", ``, 400, "id must be an id"},
		{"GET", "/ecgroup/0/vm/5", ``, 404, "no parent"},
		{"GET", "/ecgroup/x/vm/5", ``, 400, "ecgroupId must be an id"},
		{"GET", "/ecgroup/5/vm/x", ``, 400, "id must be an id"},
		{"DELETE", "/ecgroup/5/vm/5", ``, 404, "no connector VM with id 5"},
		{"GET", "/ecVm/uuid/i-nowhere", ``, 404, "i-nowhere"},
		{"GET", "/ecgroup?pageSize=0", ``, 400, "pageSize must be an integer from 1 to 1000"},
		{"GET", "/ecgroup?pageSize=-1", ``, 400, "pageSize must be"},
		{"GET", "/ecgroup?pageSize=many", ``, 400, "pageSize must be"},
		{"GET", "/ecgroup?page=-1", ``, 400, "page must be"},
		{"GET", "/ecgroup?page=x", ``, 400, "page must be"},
		{"GET", "/location?sslScanEnabled=maybe", ``, 400, "sslScanEnabled must be true or false"},
		{"GET", "/location?groupId=x", ``, 400, "groupId must be an integer"},
		{"GET", "/nothing", ``, 404, "no operation"},
		{"GET", "/ecgroup/", ``, 404, "no operation"},
		{"GET", "//ecgroup", ``, 404, "no operation"},
		{"GET", "/../ecgroup", ``, 404, "no operation"},
		{"PATCH", "/locationTemplate", `{}`, 405, "use GET, POST"},
		{"POST", "/ecgroup/lite", `{}`, 405, "use GET"},
		{"POST", "/auth", `{"username":"x"}`, 400, "apiKey cannot be null"},
		{"POST", "/auth", `nonsense`, 400, "Request body is invalid"},
		{"POST", "/spurline/v1/fleet/enrol", `[`, 400, "Request body is invalid"},
	} {
		a := super.Do(t, c.method, c.path, c.body)
		if got := message(t, a); a.Status != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%s %s %.50s: %d %q, want %d and %q", c.method, c.path, c.body, a.Status, got, c.status, c.want)
		}
	}
	if diff := cmp.Diff(before, super.Must(t, "GET", "/locationTemplate", "")); diff != "" {
		t.Errorf("something was written: %s", diff)
	}
	status := super.Must(t, "GET", "/ecAdminActivateStatus", "")
	if !strings.Contains(status, "EDITS_CLEARED") {
		t.Errorf("a refused write left a mark: %s", status)
	}
}

// Pages above the documented size are capped, and a page past the end is
// empty, not an error (behaviours.md 11.2).
func TestPaging(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	for i := range 4 {
		super.Must(t, "POST", "/locationTemplate", fmt.Sprintf(`{"name":"t%d"}`, i))
	}
	for query, want := range map[string]int{
		"": 5, "?&pageSize=1000&page=1": 5, "?pageSize=5000": 5, "?pageSize=2": 2, "?pageSize=2&page=0": 2,
		"?pageSize=2&page=3": 1, "?pageSize=2&page=4": 0, "?page=2": 0, "?page=999999999999": 0, "?unknown=x": 5,
	} {
		got := servertest.Decode[[]struct{ ID int64 }](t, super.Must(t, "GET", "/locationTemplate"+query, ""))
		if len(got) != want {
			t.Errorf("%q: %d objects, want %d", query, len(got), want)
		}
	}
	page := servertest.Decode[[]struct{ Name string }](t, super.Must(t, "GET", "/locationTemplate?pageSize=2&page=2", ""))
	if page[0].Name != "t1" || page[1].Name != "t2" {
		t.Errorf("second page: %v", page)
	}
}

// raw sends bytes as they are and reads one answer.
func raw(t *testing.T, url string, request io.Reader) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(conn, request) }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// It measures memory, so nothing runs beside it.
func TestBodiesThatAreNotWhole(t *testing.T) {
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	head := func(more string) string {
		return "POST /api/v1/locationTemplate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nCookie: JSESSIONID=" + super.Session + "\r\n" + more + "\r\n"
	}
	const garbage = 10 << 20
	endless := func() io.Reader { return io.LimitReader(repeat('{'), garbage) }
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, c := range []struct {
		name, head string
		body       io.Reader
		status     int
	}{
		{"declared too large", head(fmt.Sprintf("Content-Length: %d\r\n", garbage)), endless(), 413},
		{"too large in chunks", head("Transfer-Encoding: chunked\r\n"), io.MultiReader(strings.NewReader("A00000\r\n"), endless(), strings.NewReader("\r\n0\r\n\r\n")), 413},
		{"a broken chunk", head("Transfer-Encoding: chunked\r\n"), strings.NewReader("5\r\n{\"nam\r\nzz\r\n"), 400},
		{"no content type", strings.Replace(head("Content-Length: 12\r\n"), "Content-Type: application/json\r\n", "", 1), strings.NewReader(`{"name":"a"}`), 415},
		{"a form", strings.Replace(head("Content-Length: 12\r\n"), "application/json", "application/x-www-form-urlencoded", 1), strings.NewReader(`{"name":"a"}`), 415},
		{"headers without end", "GET /api/v1/ecgroup HTTP/1.1\r\nHost: x\r\nX: ", io.LimitReader(repeat('a'), 1<<20), 431},
	} {
		status, body := raw(t, s.URL(), io.MultiReader(strings.NewReader(c.head), c.body))
		if status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, status, body, c.status)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > garbage {
		t.Errorf("%d bytes allocated for %d of garbage sent twice", grown, garbage)
	}
	// The length is declared, the body never comes: the connection ends.
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, head("Content-Length: 100\r\n")+`{"name":"half"`)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	conn.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a body cut short: %d", resp.StatusCode)
	}
	if list := super.Must(t, "GET", "/locationTemplate", ""); strings.Contains(list, "half") {
		t.Errorf("half an object was written: %s", list)
	}
}

// repeat is an endless reader of one byte.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}
