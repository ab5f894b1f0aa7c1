package server_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
	"github.com/spurline/spurline/internal/wire"
)

// Every org has a vanity domain that is a label of host names and its own.
func TestVanityDomains(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	if s.Credentials.VanityDomain != "example" {
		t.Errorf("the first org is at %q, want example", s.Credentials.VanityDomain)
	}
	tests := []struct{ name, asked, want, says string }{
		{"Acme & Søns, Ltd.", "", `acme-s-ns-ltd`, ""},
		{"ACME søns ltd", "", `acme-s-ns-ltd-\d{8}`, ""},
		{"Example", "", `example-\d{8}`, ""},
		{"Ωμέγα", "", `\d{8}`, ""},
		{"Org 7", "", `org-7`, ""},
		{"Org7", "", `org7-\d{8}`, ""},
		{strings.Repeat("long ", 50), "", `(long-){8}l?`, ""},
		{"Any", "chosen-1", `chosen-1`, ""},
		{"Any", "chosen-1", "", "409 DUPLICATE_ITEM: vanityDomain "},
		{"Any", "Chosen", "", "400 INVALID_INPUT_ARGUMENT: vanityDomain "},
		{"Any", "-a", "", "400 INVALID_INPUT_ARGUMENT: vanityDomain "},
		{"Any", "a.b", "", "400 INVALID_INPUT_ARGUMENT: vanityDomain "},
		{"Any", strings.Repeat("a", 64), "", "400 INVALID_INPUT_ARGUMENT: vanityDomain "},
		{"Any", "org12345678", "", "400 INVALID_INPUT_ARGUMENT: vanityDomain "},
	}
	for i, tt := range tests {
		plan := wire.OrgPlan{Name: tt.name, Cloud: servertest.Cloud, Vanity: tt.asked, Admins: []wire.AdminPlan{{Login: strings.Repeat("a", i+1) + "@example.org"}}}
		made, err := s.CreateOrg(t.Context(), plan)
		if tt.says != "" {
			var e *wire.Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.Error(), tt.says) {
				t.Errorf("%q at %q: %v, want %s", tt.name, tt.asked, err, tt.says)
			}
			continue
		}
		if err != nil || !regexp.MustCompile("^"+tt.want+"$").MatchString(made.VanityDomain) {
			t.Errorf("%q at %q is at %q (%v), want %s", tt.name, tt.asked, made.VanityDomain, err, tt.want)
		}
	}
}
