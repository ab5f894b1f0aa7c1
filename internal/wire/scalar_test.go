package wire

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"
)

func TestInt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want Int
		ok   bool
	}{
		{`7`, 7, true},
		{`"7"`, 7, true},
		{`-7`, -7, true},
		{`"-7"`, -7, true},
		{`0`, 0, true},
		{`9223372036854775807`, math.MaxInt64, true},
		{`"9223372036854775807"`, math.MaxInt64, true},
		{`9223372036854775808`, 0, false},
		{`"9223372036854775808"`, 0, false},
		{`7.5`, 0, false},
		{`1e3`, 0, false},
		{`"seven"`, 0, false},
		{`""`, 0, false},
		{`" 7"`, 0, false},
		{`"0x7"`, 0, false},
		{`"1_000"`, 0, false},
		{`true`, 0, false},
		{`{}`, 0, false},
		{`[7]`, 0, false},
		{`"\/"`, 0, false},
	}
	for _, test := range tests {
		var got Int
		err := json.Unmarshal([]byte(test.in), &got)
		if (err == nil) != test.ok || got != test.want {
			t.Errorf("%s: %d, %v; want %d, ok %t", test.in, got, err, test.want, test.ok)
		}
	}
}

func TestNullLeavesScalarsAlone(t *testing.T) {
	t.Parallel()
	got := struct {
		I Int
		B Bool
	}{I: 7, B: true}
	if err := json.Unmarshal([]byte(`{"I":null,"B":null}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.I != 7 || !got.B {
		t.Errorf("null made %+v of {7 true}", got)
	}
}

func TestScalarsAreAnsweredUnquoted(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(struct {
		I Int
		B Bool
	}{I: -7, B: true})
	if want := `{"I":-7,"B":true}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v; want %s", got, err, want)
	}
}

func TestBool(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in       string
		want, ok bool
	}{
		{`true`, true, true},
		{`false`, false, true},
		{`"true"`, true, true},
		{`"false"`, false, true},
		{`"True"`, false, false},
		{`1`, false, false},
		{`"1"`, false, false},
		{`""`, false, false},
		{`{}`, false, false},
		{`[]`, false, false},
	}
	for _, test := range tests {
		var got Bool
		err := json.Unmarshal([]byte(test.in), &got)
		if (err == nil) != test.ok || bool(got) != test.want {
			t.Errorf("%s: %t, %v; want %t, ok %t", test.in, got, err, test.want, test.ok)
		}
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	if got := At(time.Date(2026, 11, 22, 4, 0, 0, 999, time.UTC)); got != 1795320000 {
		t.Errorf("At = %d", got)
	}
}

// FuzzInt: a number decodes alike with and without quotes, and what decodes is
// answered as the plain number.
func FuzzInt(f *testing.F) {
	for _, seed := range []string{`7`, `"7"`, `null`, `"\u0037"`, `-0`, `1e3`, `"+7"`, `[`, ` 7 `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var i Int
		if json.Unmarshal(in, &i) != nil {
			return
		}
		out, err := json.Marshal(i)
		if want := strconv.FormatInt(int64(i), 10); err != nil || string(out) != want {
			t.Fatalf("%q decoded to %d and was answered as %s, %v", in, i, out, err)
		}
		var again, quoted Int
		if err := json.Unmarshal(out, &again); err != nil || again != i {
			t.Fatalf("%s decoded to %d, %v", out, again, err)
		}
		if err := json.Unmarshal([]byte(strconv.Quote(string(out))), &quoted); err != nil || quoted != i {
			t.Fatalf("%q decoded to %d, %v", out, quoted, err)
		}
	})
}

// FuzzBool: only the two words, bare or quoted, and null are taken.
func FuzzBool(f *testing.F) {
	for _, seed := range []string{`true`, `"false"`, `null`, `1`, `"\u0074rue"`, `"TRUE"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var b Bool
		if json.Unmarshal(in, &b) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(in, &v); err != nil {
			t.Fatalf("Bool took %q, which is not JSON", in)
		}
		switch v {
		case nil, false, "false":
			if b {
				t.Fatalf("%q decoded to true", in)
			}
		case true, "true":
			if !b {
				t.Fatalf("%q decoded to false", in)
			}
		default:
			t.Fatalf("Bool took %q", in)
		}
	})
}
