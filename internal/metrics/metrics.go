// Package metrics owns what a Prometheus server is told: the numbers of each
// operation, found by their labels once, and what the parts of the server count
// by themselves.
package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is a registry of its own: two servers in one process do not see each
// other's.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	limited   *prometheus.CounterVec
	tolerated *prometheus.CounterVec
	inFlight  prometheus.Gauge
}

// buckets are the upper bounds of the histogram, in seconds: a read from
// memory takes a fraction of the first, a write that waits for another admin
// up to five seconds.
func buckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5}
}

// New returns metrics of a server that has done nothing yet.
func New() *Metrics {
	labels := []string{"operation", "method"}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "spurline_http_requests_total", Help: "Requests answered, by class of status. Those for no operation have the operation none.",
		}, append(labels, "status")),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "spurline_http_request_duration_seconds", Help: "How long answers took.", Buckets: buckets(),
		}, labels),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "spurline_rate_limited_total", Help: "Requests that the vendor's rate limits refused, or would have held up where they are off.",
		}, labels),
		tolerated: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "spurline_tolerated_total", Help: "What was taken, or refused in strict mode, though it is not as the API is described.",
		}, labels),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "spurline_http_requests_in_flight", Help: "Requests that are being answered."}),
	}
	m.registry.MustRegister(
		m.requests, m.durations, m.limited, m.tolerated, m.inFlight,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return m
}

// Gauge adds a number that is asked for when somebody looks.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Counter adds a number that only grows, and is asked for when somebody looks.
func (m *Metrics) Counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{DisableCompression: true})
}

// Begin counts a request as under way, until Operation.Observe.
func (m *Metrics) Begin() { m.inFlight.Inc() }

// End counts it no more.
func (m *Metrics) End() { m.inFlight.Dec() }

// Operation is the numbers of one operation. Finding them by their labels
// costs more than counting, so it is done once: with the first request, because
// the numbers of all operations that nobody calls would be most of a scrape.
type Operation struct {
	of         *Metrics
	id, method string

	called             sync.Once
	classes            [6]prometheus.Counter // by the first digit of the status
	duration           prometheus.Observer
	limited, tolerated prometheus.Counter
}

// Operation returns the numbers of an operation, which is to be asked for once.
func (m *Metrics) Operation(id, method string) *Operation {
	return &Operation{of: m, id: id, method: method}
}

func (o *Operation) bind() {
	o.duration = o.of.durations.WithLabelValues(o.id, o.method)
	o.limited, o.tolerated = o.of.limited.WithLabelValues(o.id, o.method), o.of.tolerated.WithLabelValues(o.id, o.method)
	for class := 1; class < len(o.classes); class++ {
		o.classes[class] = o.of.requests.WithLabelValues(o.id, o.method, strconv.Itoa(class)+"xx")
	}
}

// Observe counts an answer. A status of none of the classes is the server's
// own fault.
func (o *Operation) Observe(status int, took time.Duration) {
	o.called.Do(o.bind)
	class := status / 100
	if class < 1 || class > 5 {
		class = 5
	}
	o.classes[class].Inc()
	o.duration.Observe(took.Seconds())
}

// Limited counts a request that a rate limit held up.
func (o *Operation) Limited() {
	o.called.Do(o.bind)
	o.limited.Inc()
}

// Tolerated counts what was tolerated in a request.
func (o *Operation) Tolerated(n int) {
	o.called.Do(o.bind)
	o.tolerated.Add(float64(n))
}
