package metrics_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/spurline/spurline/internal/metrics"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	list, create := m.Operation("listThings", "GET"), m.Operation("createThing", "POST")
	m.Operation("neverCalled", "GET")
	list.Observe(200, time.Millisecond)
	list.Observe(404, 3*time.Second)
	list.Observe(0, time.Hour)
	create.Limited()
	create.Tolerated(3)
	m.Begin()
	m.Begin()
	m.End()
	m.Gauge("spurline_things", "Things.", func() float64 { return 7 })
	m.Counter("spurline_done_total", "Things done.", func() float64 { return 8 })

	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`spurline_http_requests_total\{method="GET",operation="listThings",status="2xx"\} 1`,
		`spurline_http_requests_total\{method="GET",operation="listThings",status="4xx"\} 1`,
		`spurline_http_requests_total\{method="GET",operation="listThings",status="5xx"\} 1`,
		`spurline_http_requests_total\{method="POST",operation="createThing",status="2xx"\} 0`,
		`spurline_http_request_duration_seconds_bucket\{method="GET",operation="listThings",le="0.001"\} 1`,
		`spurline_http_request_duration_seconds_count\{method="GET",operation="listThings"\} 3`,
		`spurline_rate_limited_total\{method="POST",operation="createThing"\} 1`,
		`spurline_tolerated_total\{method="POST",operation="createThing"\} 3`,
		`spurline_http_requests_in_flight 1`,
		`spurline_things 7`,
		`spurline_done_total 8`,
		`go_goroutines \d+`,
		`go_build_info\{`,
	} {
		if !regexp.MustCompile("(?m)^" + want).Match(body) {
			t.Errorf("no %s", want)
		}
	}
	if bytes.Contains(body, []byte("neverCalled")) {
		t.Error("an operation that nobody calls is told of")
	}
	if t.Failed() {
		t.Logf("%s", body)
	}
}

// Counting is a matter of nanoseconds: nothing is looked up.
func BenchmarkObserve(b *testing.B) {
	o := metrics.New().Operation("listThings", "GET")
	b.ReportAllocs()
	for b.Loop() {
		o.Observe(200, time.Millisecond)
	}
}
