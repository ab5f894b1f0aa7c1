package auth

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestSessionIDs(t *testing.T) {
	t.Parallel()
	a, b, c := strings.Repeat("A", 32), strings.Repeat("B", 32), "0123456789ABCDEF0123456789ABCDEF"
	tests := []struct {
		name    string
		cookies []string
		headers []string
		want    []string
	}{
		{"none", nil, nil, nil},
		{"one cookie", []string{"JSESSIONID=" + a}, nil, []string{a}},
		{"one header", nil, []string{a}, []string{a}},
		{"as the Go client sends them", []string{fmt.Sprintf("JSESSIONID=%s; JSESSIONID=%s; JSESSIONID=%s; JSESSIONID=%s", a, a, a, b)}, []string{b}, []string{a, b}},
		{"several Cookie headers", []string{"JSESSIONID=" + a + "; other=1", "x=y; JSESSIONID=" + b}, []string{c}, []string{a, b, c}},
		{"an old one presented again is the latest", []string{"JSESSIONID=" + a + "; JSESSIONID=" + b + "; JSESSIONID=" + a}, nil, []string{b, a}},
		{"quoted", []string{`JSESSIONID="` + a + `"`}, nil, []string{a}},
		{"other cookies", []string{"ZS_SESSION_CODE=" + a + "; jsessionid=" + b}, nil, nil},
		{
			"malformed",
			[]string{"JSESSIONID=; JSESSIONID=" + a[1:] + "; JSESSIONID=" + a + "A; JSESSIONID=" + strings.ToLower(a) + "; JSESSIONID=" + strings.Repeat("G", 32)},
			[]string{"", " ", "x", a[:31] + "\x00"},
			nil,
		},
		{"a good one among malformed", []string{"JSESSIONID=x; JSESSIONID=" + c}, nil, []string{c}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Header: make(http.Header)}
			for _, cookie := range test.cookies {
				r.Header.Add("Cookie", cookie)
			}
			for _, header := range test.headers {
				r.Header.Add("JSessionID", header)
			}
			if got := SessionIDs(r); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSessionIDsAreBounded(t *testing.T) {
	t.Parallel()
	r := &http.Request{Header: make(http.Header)}
	for i := range 1000 {
		r.Header.Add("Cookie", fmt.Sprintf("JSESSIONID=%032X", i))
	}
	got := SessionIDs(r)
	if len(got) != 16 || got[15] != fmt.Sprintf("%032X", 999) || got[0] != fmt.Sprintf("%032X", 984) {
		t.Errorf("%d ids, %q", len(got), got)
	}
}

func TestSetCookieHeader(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("A", 32)
	for secure, want := range map[bool]string{
		true:  "JSESSIONID=" + id + "; Path=/; Secure; HttpOnly",
		false: "JSESSIONID=" + id + "; Path=/; HttpOnly",
	} {
		if got := SetCookieHeader(id, secure); got != want {
			t.Errorf("secure %t: %q", secure, got)
		}
	}
}
