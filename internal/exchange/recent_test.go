package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func add(r *Recent, org int64, sent, answered string) {
	r.Add(&Exchange{
		ID: fmt.Sprintf("r%d", r.newest+1), Method: "POST", Org: org, Status: 200,
		Sent: Message{ContentType: "application/json", Size: int64(len(sent))}, Answered: Message{ContentType: "application/json", Size: int64(len(answered))},
	}, []byte(sent), []byte(answered))
}

func seqs(r *Recent, q Query) (out []int64) {
	for _, e := range r.List(q) {
		out = append(out, e.Seq)
	}
	return out
}

func TestList(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	if got := r.List(Query{Limit: 5}); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
	for i := range int64(6) {
		add(r, i%2+1, "{}", "{}")
	}
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{}, "[1 2 3 4 5 6]"},
		{Query{Limit: 2}, "[5 6]"},
		{Query{Limit: 2, Before: 5}, "[3 4]"},
		{Query{Limit: 2, After: 2, Oldest: true}, "[3 4]"},
		{Query{Limit: 9, After: 6, Oldest: true}, "[]"},
		{Query{Limit: 9, After: 600, Oldest: true}, "[]"},
		{Query{Oldest: true, Limit: 1}, "[1]"},
		{Query{Org: 2}, "[2 4 6]"},
		{Query{Org: 2, Limit: 1}, "[6]"},
		{Query{Before: 1}, "[]"},
		{Query{Match: func(e *Exchange) bool { return e.ID == "r3" }}, "[3]"},
	} {
		if got := fmt.Sprint(seqs(r, c.q)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	if e, ok := r.Find("r4", 0); !ok || e.Seq != 4 {
		t.Errorf("by request id: %+v", e)
	}
	if e, ok := r.Find("4", 2); !ok || e.ID != "r4" {
		t.Errorf("by number: %+v", e)
	}
	for _, id := range []string{"0", "7", "-1", "r7", ""} {
		if e, ok := r.Find(id, 0); ok {
			t.Errorf("%q found %+v", id, e)
		}
	}
	if e, ok := r.Find("4", 1); ok {
		t.Errorf("another org's: %+v", e)
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	add(r, 1, "{}", "{}")
	r.Clear()
	if got := seqs(r, Query{}); got != nil {
		t.Errorf("after clearing: %v", got)
	}
	add(r, 1, "{}", "{}")
	if got := fmt.Sprint(seqs(r, Query{})); got != "[2]" {
		t.Errorf("after another: %s", got)
	}
	if _, ok := r.Find("1", 0); ok {
		t.Error("what was cleared is found by its number")
	}
}

// The last are remembered, and the bodies within their own bound.
func TestBounds(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	large := `{"a":"` + strings.Repeat("x", MaxBody-8) + `"}`
	for range Calls + 10 {
		add(r, 1, large, `{"b":1}`)
	}
	all := r.List(Query{Bodies: true})
	if len(all) != Calls || all[0].Seq != 11 || all[Calls-1].Seq != Calls+10 {
		t.Fatalf("%d from %d to %d", len(all), all[0].Seq, all[Calls-1].Seq)
	}
	kept := 0
	for _, e := range all {
		switch {
		case e.Request.Body == large && !e.Request.Truncated && e.Response.Body == `{"b":1}`:
			kept++
		case kept > 0:
			t.Fatalf("%d is gone, and an older one is not: %.80s %s", e.Seq, e.Request.Body, e.Request.Hidden)
		case e.Request.Body != "" || e.Request.Hidden == "":
			t.Fatalf("%d: %.80s %s", e.Seq, e.Request.Body, e.Request.Hidden)
		}
	}
	if most := blocks * blockSize / MaxBody; kept > most || kept < most*9/10 {
		t.Errorf("%d bodies are kept, of %d that there is room for", kept, most)
	}
}

func TestNothingIsHeldBeforeTheFirst(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	r.List(Query{})
	for _, c := range r.chunks {
		if c != nil {
			t.Fatal("there is memory for exchanges")
		}
	}
	add(r, 1, "{}", "{}")
	blocksMade := 0
	for _, b := range r.bodies.blocks {
		if b != nil {
			blocksMade++
		}
	}
	if blocksMade != 1 || r.chunks[0] == nil || r.chunks[1] != nil {
		t.Errorf("%d blocks for one exchange", blocksMade)
	}
}

// What a client makes long is cut, and what is cut says so.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	long := strings.Repeat("é", 40<<10)
	r.Add(&Exchange{ID: "x", Method: long, Path: "/" + long, Query: "q=" + long, Host: long, UserAgent: long, Sent: Message{ContentType: long, Accept: long, Credentials: long}}, nil, nil)
	e, _ := r.Find("1", 0)
	if n := len(fmt.Sprint(e)); n > 8<<10 {
		t.Errorf("%d bytes are kept of one exchange", n)
	}
	body := []byte(`{"token":"` + strings.Repeat("s", 2*MaxBody) + `"}`)
	r.Add(&Exchange{ID: "y", Sent: Message{ContentType: "application/json", Size: int64(len(body))}}, body[:MaxBody], nil)
	if e, _ := r.Find("y", 0); e.Request.Body != `{"token":"***"` || !e.Request.Truncated || e.Request.Size != int64(len(body)) {
		t.Errorf("%+v", e.Request)
	}
}

// A secret is not in memory once its exchange is remembered, unless the answer
// is of a type that has none.
func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	add(r, 1, `{"password":"hunter2"}`, `{"apiKey":"hunter2"}`)
	if bytes.Contains(r.bodies.blocks[0], []byte("hunter2")) {
		t.Error("a secret is kept in clear")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	r := &Recent{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				r.Add(&Exchange{ID: "x", Sent: Message{ContentType: "application/json", Size: 7}}, []byte(`{"a":1}`), nil)
				for _, e := range r.List(Query{Limit: 3, Bodies: true}) {
					if e.Request.Body != `{"a":1}` {
						t.Errorf("%+v", e.Request)
					}
				}
			}
		})
	}
	wg.Wait()
	if n := len(r.List(Query{})); n != 2000 {
		t.Errorf("%d are remembered", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	r := &Recent{}
	e := &Exchange{Method: "GET", Path: "/api/v1/ecgroup", NoSecrets: true, Answered: Message{ContentType: "application/json", Size: 300 << 10}}
	body := bytes.Repeat([]byte("{"), MaxBody)
	b.ReportAllocs()
	for b.Loop() {
		r.Add(e, nil, body)
	}
}
