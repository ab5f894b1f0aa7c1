package wire

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefRoundTrip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, out string
		want          Ref
	}{
		{"id", `{"id":5}`, `{"id":5}`, Ref{ID: 5}},
		{"quoted id", `{"id":"5"}`, `{"id":5}`, Ref{ID: 5}},
		{"id and name", `{"name":"a","id":5}`, `{"id":5,"name":"a"}`, Ref{ID: 5, Name: "a"}},
		{
			"full", `{"id":1,"name":"r","isNameL10nTag":true,"extensions":{"adminRank":"7"}}`,
			`{"id":1,"name":"r","isNameL10nTag":true,"extensions":{"adminRank":"7"}}`,
			Ref{ID: 1, Name: "r", IsNameL10nTag: true, Extensions: map[string]string{"adminRank": "7"}},
		},
		{"members set to nothing", `{"id":5,"name":"","isNameL10nTag":false,"extensions":null}`, `{"id":5}`, Ref{ID: 5}},
		{"unknown members", `{"id":5,"deleted":true,"associationTime":1}`, `{"id":5}`, Ref{ID: 5}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got Ref
			if err := json.Unmarshal([]byte(test.in), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("decoded (-want +got)\n%s", diff)
			}
			out, err := json.Marshal(got)
			if err != nil || string(out) != test.out {
				t.Errorf("encoded %s, %v; want %s", out, err, test.out)
			}
		})
	}
}

func TestRefRefusesBadID(t *testing.T) {
	t.Parallel()
	for _, in := range []string{`{"id":"x"}`, `{"id":1.5}`, `{"id":{}}`, `[]`, `5`} {
		var ref Ref
		if err := json.Unmarshal([]byte(in), &ref); err == nil {
			t.Errorf("%s decoded to %+v", in, ref)
		}
	}
}
