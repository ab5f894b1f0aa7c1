package auth

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/wire"
)

// bareAuth has what hashing needs.
func bareAuth() *Auth {
	return &Auth{cost: cost{memory: 64, passes: 1, threads: 1}, hashing: make(chan struct{}, 2)}
}

// The reference implementation's vector for argon2id of "password" with salt
// "somesalt", 64 MiB, two passes, one lane.
func TestHashMatchesTheReference(t *testing.T) {
	t.Parallel()
	const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h, err := parseHash(phc)
	must(t, err)
	if !h.matches("password") || h.matches("Password") || h.String() != phc {
		t.Errorf("%+v", h)
	}
}

func TestHashPassword(t *testing.T) {
	t.Parallel()
	a := bareAuth()
	a.cost = defaultCost
	text, err := a.HashPassword(t.Context(), password)
	must(t, err)
	if !regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`).MatchString(text) {
		t.Errorf("PHC string %q", text)
	}
	h, err := parseHash(text)
	must(t, err)
	if !h.matches(password) || h.matches(password+" ") || h.matches("") {
		t.Error("the hash does not tell its password from others")
	}
	again, err := a.HashPassword(t.Context(), password)
	must(t, err)
	if again == text {
		t.Error("two hashes have one salt")
	}
	if d := a.dummyHash(); d.cost != h.cost || len(d.salt) != len(h.salt) || len(d.sum) != len(h.sum) || d.matches(password) {
		t.Error("the dummy does not cost what a real hash costs")
	}
}

func TestParseHashRefuses(t *testing.T) {
	t.Parallel()
	const salt, sum = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, text := range []string{
		"", "$", "plain", password,
		"$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1,x=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum,
		"$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$$" + sum,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$!!!",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum + "$",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "=$" + sum,
	} {
		if h, err := parseHash(text); err == nil {
			t.Errorf("parseHash(%q) = %+v", text, h)
		} else if text != "" && len(text) > 1 && strings.Contains(err.Error(), text) {
			t.Errorf("the error %q shows the hash", err)
		}
	}
}

func TestAtMostTwoHashesAtOnce(t *testing.T) {
	t.Parallel()
	a := bareAuth()
	var running [2]chan struct{}
	done := make(chan error, 2)
	release := make(chan struct{})
	for i := range running {
		running[i] = make(chan struct{})
		go func() {
			done <- a.hash(t.Context(), func() { close(running[i]); <-release })
		}()
	}
	<-running[0]
	<-running[1]
	ctx, cancel := context.WithCancel(t.Context())
	third := make(chan error)
	go func() {
		third <- a.hash(ctx, func() { t.Error("a third ran") })
	}()
	cancel()
	if err := <-third; !errors.Is(err, context.Canceled) {
		t.Errorf("the third: %v", err)
	}
	close(release)
	must(t, <-done)
	must(t, <-done)
	if _, err := a.HashPassword(ctx, password); !errors.Is(err, context.Canceled) {
		t.Errorf("with a dead context: %v", err)
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	tests := []struct {
		password, fault string // fault "" = good
	}{
		{"Abcdef1!", ""},
		{"A1!aaaaa", ""},
		{"ABCDEF1!", ""},
		{"Abc def 1~", ""},
		{"A1!" + strings.Repeat("a", 97), ""},
		{"Abcde1!", "8 to 100"},
		{"", "8 to 100"},
		{"A1!" + strings.Repeat("a", 98), "8 to 100"},
		{"abcdef1!", "upper-case"},
		{"Abcdefg!", "digit"},
		{"Abcdefg1", "special"},
		{"Abcdef 1", "special"},
		{"Äbcdef1!A", "ASCII"},
		{"Abcdef1!\n", "ASCII"},
		{"Abcdef1!\x7f", "ASCII"},
	}
	for _, test := range tests {
		err := CheckPassword(test.password)
		if test.fault == "" {
			if err != nil {
				t.Errorf("%q: %v", test.password, err)
			}
			continue
		}
		wantError(t, err, 400, wire.CodeInvalidInput)
		var refused *wire.Error
		if !errors.As(err, &refused) {
			continue // wantError has said so
		}
		message := refused.Message
		if !strings.HasPrefix(message, "password ") || !strings.Contains(message, test.fault) {
			t.Errorf("%q: %q does not name %q", test.password, message, test.fault)
		}
		if test.password != "" && strings.Contains(message, test.password) {
			t.Errorf("the message %q shows the password", message)
		}
	}
}

func TestGeneratedSecrets(t *testing.T) {
	t.Parallel()
	key := regexp.MustCompile(`^[A-Za-z0-9]{12}$`)
	enrolment := regexp.MustCompile(`^[A-Za-z0-9]{40}$`)
	seen := make(map[string]bool)
	for range 500 {
		k, n, p := NewAPIKey(), NewEnrolmentKey(), NewPassword()
		if !key.MatchString(k) || !enrolment.MatchString(n) || CheckPassword(p) != nil || len(p) != 20 {
			t.Fatalf("%q %q %q", k, n, p)
		}
		for _, s := range []string{k, n, p} {
			if seen[s] {
				t.Fatalf("%q came twice", s)
			}
			seen[s] = true
		}
	}
}

// Taking random bytes modulo 62 would give the first 8 characters a quarter
// more than the rest. The bounds are ten standard deviations from the mean.
func TestRandomTextIsUnbiased(t *testing.T) {
	t.Parallel()
	const alphabet, n = uppers + lowers + digits, 620_000
	count := make(map[rune]int)
	for _, c := range randomText(alphabet, n) {
		count[c]++
	}
	for _, c := range alphabet {
		if got := count[c]; got < 9_000 || got > 11_000 {
			t.Errorf("%q came %d times of %d", c, got, n)
		}
	}
}
