package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"nothing secret", `{"id":1,"name":"a"}`, `{"id":1,"name":"a"}`},
		{"top level", `{"id":1,"password":"hunter2","name":"a"}`, `{"id":1,"password":"***","name":"a"}`},
		{
			"every secret member", `{"newPassword":"a","oldPassword":"b","keyValue":"c","apiKey":"d","token":"e","secret":"f","clientSecret":"g"}`,
			`{"newPassword":"***","oldPassword":"***","keyValue":"***","apiKey":"***","token":"***","secret":"***","clientSecret":"***"}`,
		},
		{"any case", `{"PASSWORD":"x","apikey":"y"}`, `{"PASSWORD":"***","apikey":"***"}`},
		{"nested", `{"a":{"b":[{"token":"t","n":1},{"token":"u"}]},"z":2}`, `{"a":{"b":[{"token":"***","n":1},{"token":"***"}]},"z":2}`},
		{"escaped member name", `{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"***"}`},
		{"duplicate member", `{"password":"x","password":"y"}`, `{"password":"***","password":"***"}`},
		{"values that are not strings", `{"secret":7,"token":{"a":"b"},"apiKey":["x","y"]}`, `{"secret":"***","token":"***","apiKey":"***"}`},
		{"null stays", `{"password":null,"keyValue":"x"}`, `{"password":null,"keyValue":"***"}`},
		{"value that looks like a member name", `{"name":"password","desc":"token"}`, `{"name":"password","desc":"token"}`},
		{"array elements that look like one", `["password","x",{"password":"x"}]`, `["password","x",{"password":"***"}]`},
		{
			"names that only contain one", `{"isPasswordExpired":true,"obfuscateApiKey":true,"pwdLastModifiedTime":7}`,
			`{"isPasswordExpired":true,"obfuscateApiKey":true,"pwdLastModifiedTime":7}`,
		},
		{"spacing", "{ \"password\" :\n \"x\" , \"n\" : 1e999 }", "{ \"password\" :\n \"***\" , \"n\" : 1e999 }"},
		{"scalar", `"password"`, `"password"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := mask([]byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("mask(%s)\n got %s\nwant %s", test.in, got, test.want)
			}
		})
	}
}

func TestMaskKeepsNil(t *testing.T) {
	t.Parallel()
	if got, err := mask(nil); got != nil || err != nil {
		t.Errorf("mask(nil) = %q, %v", got, err)
	}
}

func TestMaskRefusesWhatIsNotOneValue(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, ` `, `{`, `{"password":`, `{"password":"x"`, `{"a":1}{"b":2}`, `[1`, `]`, `nope`, `{"password" "x"}`} {
		if got, err := mask([]byte(in)); err == nil {
			t.Errorf("mask(%q) = %q, want an error", in, got)
		}
	}
}

// FuzzMask holds mask against a plain decode: what it accepts is JSON before
// and after, and no secret member keeps its value.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{`{"password":"x"}`, `[{"token":{"a":[1,{"secret":2}]}}]`, `{"a":{"apiKey":null}}`, `{`, `{"a":1} x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := mask(in)
		if err != nil {
			if json.Valid(in) {
				t.Fatalf("mask refuses valid JSON %q: %v", in, err)
			}
			return
		}
		if !json.Valid(in) || !json.Valid(got) {
			t.Fatalf("mask(%q) = %q: accepted or made what is not JSON", in, got)
		}
		dec := json.NewDecoder(bytes.NewReader(got))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		checkMasked(t, v)
	})
}

func checkMasked(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if secret(name) && member != nil && member != strings.Trim(masked, `"`) {
				t.Fatalf("member %q kept %v", name, member)
			}
			checkMasked(t, member)
		}
	case []any:
		for _, element := range v {
			checkMasked(t, element)
		}
	}
}
