package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// recorded reads the answer of the live service to one request, from the
// exchanges that lie beside the checkout.
func recorded(t *testing.T, file string, exchange int) json.RawMessage {
	t.Helper()
	body, err := os.ReadFile("../../../shared/api/recorded/" + file)
	if err != nil {
		t.Fatalf("the recordings lie beside the checkout: %v", err)
	}
	var recording struct {
		Exchanges []struct {
			Response struct{ Body json.RawMessage }
		}
	}
	if err := json.Unmarshal(body, &recording); err != nil {
		t.Fatal(err)
	}
	return recording.Exchanges[exchange].Response.Body
}

// shape is a JSON text without its values: the members in their order with
// their types, one a line.
func shape(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	d := json.NewDecoder(strings.NewReader(text))
	var value func(path string)
	token := func() json.Token {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return tok
	}
	value = func(path string) {
		switch tok := token().(type) {
		case json.Delim:
			fmt.Fprintf(&b, "%s %v\n", path, tok)
			for i := 0; d.More(); i++ {
				if tok == '{' {
					value(path + "." + token().(string))
				} else {
					value(fmt.Sprintf("%s[%d]", path, i))
				}
			}
			token()
		default:
			fmt.Fprintf(&b, "%s %T\n", path, tok)
		}
	}
	value("")
	return b.String()
}

// A provisioning template that was once in use answers as the live service's
// does: same members, same order, same types, alone and in the list.
func TestProvisioningTemplateAsRecorded(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	super := s.SignIn(t, servertest.Super)
	type object struct{ ID int64 }
	tpl := servertest.Decode[object](t, super.Must(t, "POST", "/locationTemplate",
		`{"name":"aws-ca-central-1","template":{"templatePrefix":"AWS-CAN","xffForwardEnabled":true,"ofwEnabled":true,"ipsControl":true}}`)).ID
	prov := servertest.Decode[object](t, super.Must(t, "POST", "/provUrl", fmt.Sprintf(
		`{"name":"AWS-CAN","desc":"AWS Canada","provUrlType":"CLOUD","provUrlData":{"locationTemplate":{"id":%d},"cloudProviderType":"AWS","formFactor":"SMALL"}}`, tpl))).ID
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")
	vm := servertest.Decode[struct{ GroupID, VMID int64 }](t, s.Nobody().Must(t, "POST", "/spurline/v1/fleet/enrol", fmt.Sprintf(
		`{"key":%q,"template":"AWS-CAN","name":"cc","cloud":"AWS","region":"ca-central-1","zone":"ca-central-1a","network":"vpc-1","nativeId":"i-1"}`, s.Credentials.EnrolmentKey)))
	super.Must(t, "DELETE", fmt.Sprintf("/ecgroup/%d/vm/%d", vm.GroupID, vm.VMID), "")
	super.Must(t, "DELETE", fmt.Sprintf("/ecgroup/%d", vm.GroupID), "")
	super.Must(t, "PUT", "/ecAdminActivateStatus/activate", "")

	list, one := super.Must(t, "GET", "/provUrl", ""), super.Must(t, "GET", fmt.Sprintf("/provUrl/%d", prov), "")
	if diff := cmp.Diff(shape(t, string(recorded(t, "prov-url.json", 0))), shape(t, list)); diff != "" {
		t.Errorf("the list: %s", diff)
	}
	if diff := cmp.Diff(shape(t, string(recorded(t, "prov-url.json", 1))), shape(t, one)); diff != "" {
		t.Errorf("one: %s", diff)
	}
	if !strings.Contains(one, `"status":"DEPLOYED"`) {
		t.Errorf("once in use, and now %s", one)
	}
}
