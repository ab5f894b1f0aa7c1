package exchange

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	t.Parallel()
	const js, form = "application/json", "application/x-www-form-urlencoded"
	for _, c := range []struct{ name, contentType, in, want string }{
		{"sign-in", js, `{"apiKey":"a1","username":"u","password":"p","timestamp":1}`, `{"apiKey":"***","username":"u","password":"***","timestamp":1}`},
		{"spaces stay", js, "{ \"password\" :\n \"p\" , \"a\": 1 }", "{ \"password\" :\n \"***\" , \"a\": 1 }"},
		{"flags and null stay", js, `{"obfuscateApiKey":true,"password":null,"token":false}`, `{"obfuscateApiKey":true,"password":null,"token":false}`},
		{"numbers go", js, `{"password":1234,"n":2}`, `{"password":"***","n":2}`},
		{"not secret", js, `{"passwordExpiryTime":-1,"isPasswordExpired":false,"keyboard":"x"}`, `{"passwordExpiryTime":-1,"isPasswordExpired":false,"keyboard":"x"}`},
		{"deep", js, `[{"a":{"keyValue":"k"}},{"client_secret":["x",{"y":"z"}],"b":1}]`, `[{"a":{"keyValue":"***"}},{"client_secret":"***","b":1}]`},
		{"escaped name", js, `{"pass\u0077ord":"p"}`, `{"pass\u0077ord":"***"}`},
		{"folded name", js, `{"PAſſWORD":"p","api\u212aey":"q"}`, `{"PAſſWORD":"***","api\u212aey":"***"}`},
		{"a secret with quotes", js, `{"password":"a\"b\\","c":"d"}`, `{"password":"***","c":"d"}`},
		{"a value named like a secret", js, `{"name":"password","value":"token"}`, `{"name":"password","value":"token"}`},
		{"several secrets", js, `{"secret2":"a","Token":"b","enrolment-key":"c","privateKeyValue":"d"}`, `{"secret2":"***","Token":"***","enrolment-key":"***","privateKeyValue":"***"}`},
		{"token form", form, `grant_type=client_credentials&client_id=c&client_secret=s%26t&audience=a`, `grant_type=client_credentials&client_id=c&client_secret=***&audience=a`},
		{"escaped parameter", form, `client%5Fsecret=s&client_assertion=j`, `client%5Fsecret=***&client_assertion=***`},
		{"old separator", form, `a=b;password=p`, `a=b;password=***`},
		{"a parameter with members", form, `a={"password":"p"}`, `a=***`},
		{"JSON under another type", form, `{"name":"x","password":"p"}`, `{"name":"x","password":"***"}`},
		{"malformed, harmless", js, `{"name":"x",}`, `{"name":"x",}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := mask(c.contentType, []byte(c.in), false)
			if !ok || got != c.want {
				t.Errorf("%s\n got %s, %v\nwant %s", c.in, got, ok, c.want)
			}
			if again, _ := mask(c.contentType, []byte(got), false); again != got {
				t.Errorf("masked twice: %s", again)
			}
		})
	}
}

func TestWhatIsNotShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ contentType, in string }{
		{"application/json", `{'password': 'p'}`},
		{"application/json", `{"a":1} password=p`},
		{"application/json", `{"a" "\u0070assword" p}`},
		{"text/plain", `password=p`},
		{"application/octet-stream", "\x00\x01"},
		{"", `password=p`},
	} {
		if got, ok := mask(c.contentType, []byte(c.in), false); ok || got != "" {
			t.Errorf("%s of %s is shown: %s", c.in, c.contentType, got)
		}
	}
}

// A body that was cut is masked wherever the cut fell.
func TestMaskOfEveryBeginning(t *testing.T) {
	t.Parallel()
	const body = `{"a":["x",{"password":"hunter2","b":{"token":{"c":"hunter2"}}}],"apiKey" : "hunter2","d":1}`
	for n := range len(body) {
		got, ok := mask("application/json", []byte(body[:n]), true)
		if strings.Contains(got, "hu") {
			t.Errorf("%s: %s", body[:n], got)
		}
		if n > 0 && !ok {
			t.Errorf("%s is not shown", body[:n])
		}
	}
}

// What goes under a secret's name comes out nowhere.
func FuzzMask(f *testing.F) {
	f.Add(`{"a":`, "password", `"x"`, `}`, 90)
	f.Add(`[[{"b":"c",`, "keyValue", `["y",{}]`, `}]]`, 20)
	f.Add("", "client_secret", "17", "", 3)
	f.Add(`{"\u0061":"\"",`, "ToKen", `"\""`, `,"a":"b"}`, 40)
	f.Fuzz(func(t *testing.T, before, name, around, after string, cutAt int) {
		const secret = "hunter2hunter2"
		if !secretName(name) || strings.Contains(before+name+around+after, "hunter") {
			return
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return
		}
		value, err := json.Marshal(around + secret)
		if err != nil {
			return
		}
		body := before + string(quoted) + ":" + string(value) + after
		if got, _ := mask("application/json", []byte("{"+string(quoted)+":"+string(value)+"}"), false); strings.Contains(got, "hunter") {
			t.Fatalf("%s", got)
		}
		// Around it may be anything that makes it JSON.
		if json.Valid([]byte(body)) {
			if got, _ := mask("application/json", []byte(body), false); strings.Contains(got, "hunter") {
				t.Fatalf("%s\n%s", body, got)
			}
			if cutAt >= 0 && cutAt < len(body) {
				if got, _ := mask("application/json", []byte(body[:cutAt]), true); strings.Contains(got, "hunter") {
					t.Fatalf("%s\n%s", body[:cutAt], got)
				}
			}
		}
	})
}

func TestSecretive(t *testing.T) {
	t.Parallel()
	type leaf struct {
		Token string `json:"token"`
	}
	type plain struct {
		Name  string `json:"name"`
		Under *plain `json:"under"`
	}
	for _, c := range []struct {
		of   any
		want bool
	}{
		{plain{}, false}, {leaf{}, true}, {[]*leaf{}, true}, {struct{ A []leaf }{}, true}, {map[string]int{}, false}, {map[string]leaf{}, true}, {json.RawMessage{}, true}, {struct{ A any }{}, true}, {struct{ APIKey int }{}, true}, {struct{ APIKey bool }{}, false},
	} {
		if got := Secretive(reflect.TypeOf(c.of)); got != c.want {
			t.Errorf("%T: %v", c.of, got)
		}
	}
	if !Secretive(nil) {
		t.Error("an unknown type is taken to have no secrets")
	}
}

func BenchmarkMask(b *testing.B) {
	var body strings.Builder
	for body.Len() < MaxBody {
		body.WriteString(`{"id":123456,"name":"zs-cc-vpc-0d5e3a7c91b24f608","operationalStatus":"ACTIVE","ecVMs":[],"deployType":"CLOUD"},`)
	}
	text := []byte(body.String())
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		maskJSON(text)
	}
}

// Nor does what goes under a secret's name in a form or a query.
func FuzzMaskForm(f *testing.F) {
	f.Add("a", "b", "client_secret", "x&y=z", byte(0))
	f.Add("pass", ";", "Client-Assertion", "%25", byte('%'))
	f.Add("", "", "token[]", "", byte('+'))
	f.Fuzz(func(t *testing.T, name, value, secretly, around string, odd byte) {
		if !secretName(secretly) || strings.Contains(name+value+secretly+around, "hunter") {
			return
		}
		form := url.Values{name: {value}, secretly: {around + "hunter2", "hunter3" + string(rune(odd))}}.Encode()
		if got := maskForm(form); strings.Contains(got, "hunter") {
			t.Fatalf("%s\n%s", form, got)
		}
		if got, _ := mask("application/x-www-form-urlencoded", []byte(form), false); strings.Contains(got, "hunter") {
			t.Fatalf("%s\n%s", form, got)
		}
	})
}
