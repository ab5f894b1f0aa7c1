package postman

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/document"
)

// signIn signs in before a request where there is no session. It keeps to the
// published computation of the obfuscated key (behaviours.md section 1).
//
//go:embed signin.js
var signIn string

func script(listen, text string) Event {
	return Event{listen, Script{"text/javascript", strings.Split(strings.TrimSuffix(text, "\n"), "\n")}}
}

// tests are what an item's answer is held against: it is one that the document
// knows, and an object that the run itself has made can be read and deleted.
func tests(o *document.Operation) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	var statuses []string
	for _, a := range o.Answers {
		statuses = append(statuses, a.Status)
	}
	line(`pm.test("the answer is one that is documented", () => pm.expect(pm.response.code).to.be.oneOf([%s]));`, strings.Join(statuses, ", "))
	success := o.Success()
	if c := success.Content; c != nil {
		for form, is := range map[string]bool{"array": c.Schema.Type == "array", "object": c.Members != nil} {
			if is {
				line(`if (pm.response.code === %s && pm.response.headers.get("Content-Type") === "application/json") pm.test("the body is an %s", () => pm.expect(pm.response.json()).to.be.an("%s"));`, success.Status, form, form)
			}
		}
	}
	for _, rule := range chain(o, success) {
		line("%s", rule)
	}
	return b.String()
}

// chain makes a run one story: ids are kept for the requests that follow.
func chain(o *document.Operation, success document.Answer) []string {
	collection := o.Path
	ends := strings.HasSuffix(o.Path, "}")
	if ends {
		collection = o.Path[:strings.LastIndexByte(o.Path, '/')]
	}
	made, listed := made(collection), listed(collection)
	switch {
	case o.Path == "/auth" && o.Method == "DELETE":
		return []string{`pm.collectionVariables.unset("signedInAt");`}
	case strings.HasSuffix(o.Path, "/regenerate"):
		return []string{`if (pm.response.code === 200) pm.environment.set("apiKey", pm.response.json().keyValue);`}
	case o.Method == "POST" && !ends && hasID(success):
		return []string{
			fmt.Sprintf(`pm.collectionVariables.unset("%s");`, made),
			`if (pm.response.code === 200) {`,
			fmt.Sprintf(`  pm.collectionVariables.set("%s", pm.response.json().id);`, made),
			fmt.Sprintf(`  pm.collectionVariables.set("%s", pm.response.json().id);`, listed),
			`}`,
		}
	case o.Method == "GET" && !ends && success.Content != nil && success.Content.Schema.Type == "array":
		return []string{fmt.Sprintf(`if (pm.response.code === 200 && pm.response.json().length > 0) pm.collectionVariables.set("%s", pm.response.json()[0].id);`, listed)}
	case ends && o.Method == "GET":
		return []string{there(made, success)}
	case o.Method == "DELETE" && (ends || slices.ContainsFunc(o.Params, func(p document.Param) bool { return p.Name == "id" })):
		return []string{
			there(made, success),
			fmt.Sprintf(`pm.collectionVariables.unset("%s");`, made),
			fmt.Sprintf(`pm.collectionVariables.unset("%s");`, listed),
		}
	}
	return nil
}

// there is the test that an object of the run's own is found.
func there(made string, success document.Answer) string {
	return fmt.Sprintf(`if (pm.collectionVariables.get("%s")) pm.test("what was made is there", () => pm.expect(pm.response.code).to.equal(%s));`, made, success.Status)
}

// hasID reports whether an answer is one object with an id.
func hasID(a document.Answer) bool {
	return a.Content != nil && slices.ContainsFunc(a.Content.Members, func(m document.Member) bool { return m.Name == "id" })
}
