package fleet

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/wire"
)

// enrolment returns one that passes.
func enrolment() *wire.Enrolment {
	return &wire.Enrolment{
		Key: "a-key", Template: "aws west", Name: "cc-1",
		Cloud: "AWS", Region: "us-west-2", Zone: "us-west-2a", Network: "vpc-0a1b2c3d4e5f60718",
		NativeID: "i-0fedcba9876543210", Image: "ami-0123456789abcdef0", FormFactor: "SMALL", Build: "401122",
		Management: wire.Interface{IP: "10.20.4.11", Netmask: "255.255.255.0", Gateway: "10.20.4.1", DNS: []string{"10.20.0.2"}},
		Service:    wire.Interface{IP: "10.20.4.40", Netmask: "255.255.255.0", Gateway: "10.20.4.1"},
		NatIP:      "198.51.100.24",
	}
}

func TestCheckEnrolmentAccepts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*wire.Enrolment){
		"as it is":         func(*wire.Enrolment) {},
		"an unknown place": func(e *wire.Enrolment) { e.Region, e.Zone = "xx-new-1", "xx-new-1-lcl-1a" },
		"the least":        func(e *wire.Enrolment) { e.Image, e.Build, e.FormFactor, e.NatIP = "", "", "", "" },
		"no addresses":     func(e *wire.Enrolment) { e.Management, e.Service = wire.Interface{}, wire.Interface{} },
		"any mask":         func(e *wire.Enrolment) { e.Service.Netmask = "0.0.0.0"; e.Management.Netmask = "255.255.255.255" },
		"Azure":            func(e *wire.Enrolment) { e.Cloud, e.Region, e.Zone, e.Network = "AZURE", "eastus2", "0", "hub_vnet" },
		"GCP":              func(e *wire.Enrolment) { e.Cloud, e.Region, e.Zone = "GCP", "us-central1", "us-central1-b" },
		"a URN":            func(e *wire.Enrolment) { e.Image = "publisher:offer:sku:1.0" },
		"long ids":         func(e *wire.Enrolment) { e.NativeID, e.Name = strings.Repeat("a", 128), strings.Repeat("b", 128) },
		"a named template": func(e *wire.Enrolment) { e.Template = "Zürich, 2. Stock" },
	} {
		e := enrolment()
		change(e)
		if err := CheckEnrolment(e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := enrolment()
	e.Cloud, e.FormFactor = "aws", "Small"
	if err := CheckEnrolment(e); err != nil || e.Cloud != "AWS" || e.FormFactor != "SMALL" {
		t.Errorf("case is not canonical: %q, %q, %v", e.Cloud, e.FormFactor, err)
	}
}

func TestCheckEnrolmentRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field  string
		change func(*wire.Enrolment)
	}{
		{"key", func(e *wire.Enrolment) { e.Key = "" }},
		{"key", func(e *wire.Enrolment) { e.Key = strings.Repeat("k", 257) }},
		{"template", func(e *wire.Enrolment) { e.Template = "" }},
		{"template", func(e *wire.Enrolment) { e.Template = "a\nb" }},
		{"template", func(e *wire.Enrolment) { e.Template = "\xff" }},
		{"name", func(e *wire.Enrolment) { e.Name = "" }},
		{"name", func(e *wire.Enrolment) { e.Name = "has space" }},
		{"nativeId", func(e *wire.Enrolment) { e.NativeID = "" }},
		{"nativeId", func(e *wire.Enrolment) { e.NativeID = strings.Repeat("a", 129) }},
		{"nativeId", func(e *wire.Enrolment) { e.NativeID = "i|0" }},
		{"image", func(e *wire.Enrolment) { e.Image = "ami\x00" }},
		{"cloud", func(e *wire.Enrolment) { e.Cloud = "" }},
		{"cloud", func(e *wire.Enrolment) { e.Cloud = "VMWARE_ESXI" }},
		{"region", func(e *wire.Enrolment) { e.Region = "" }},
		{"region", func(e *wire.Enrolment) { e.Region = "us west" }},
		{"zone", func(e *wire.Enrolment) { e.Zone = "" }},
		{"zone", func(e *wire.Enrolment) { e.Zone = "us-east-1a" }},
		{"zone", func(e *wire.Enrolment) { e.Zone = e.Region }},
		{"zone", func(e *wire.Enrolment) { e.Cloud, e.Region, e.Zone = "AZURE", "eastus2", "4" }},
		{"network", func(e *wire.Enrolment) { e.Network = "" }},
		{"network", func(e *wire.Enrolment) { e.Network = "vpc-" }},
		{"network", func(e *wire.Enrolment) { e.Network = "//" }},
		{"formFactor", func(e *wire.Enrolment) { e.FormFactor = "HUGE" }},
		{"build", func(e *wire.Enrolment) { e.Build = "1.2" }},
		{"build", func(e *wire.Enrolment) { e.Build = strings.Repeat("1", 21) }},
		{"management.ip", func(e *wire.Enrolment) { e.Management.IP = "10.20.4.256" }},
		{"management.ip", func(e *wire.Enrolment) { e.Management.IP = "::1" }},
		{"management.ip", func(e *wire.Enrolment) { e.Management.IP = "010.1.1.1" }},
		{"management.gateway", func(e *wire.Enrolment) { e.Management.Gateway = "gw" }},
		{"management.dns[1]", func(e *wire.Enrolment) { e.Management.DNS = []string{"1.1.1.1", ""} }},
		{"service.netmask", func(e *wire.Enrolment) { e.Service.Netmask = "255.0.255.0" }},
		{"service.netmask", func(e *wire.Enrolment) { e.Service.Netmask = "/24" }},
		{"service.dns", func(e *wire.Enrolment) { e.Service.DNS = make([]string, 9) }},
		{"natIp", func(e *wire.Enrolment) { e.NatIP = "198.51.100.24/32" }},
	} {
		e := enrolment()
		c.change(e)
		var got *wire.Error
		if err := CheckEnrolment(e); !errors.As(err, &got) || got.Status != http.StatusBadRequest || !strings.HasPrefix(got.Message, c.field+" ") {
			t.Errorf("%+v: got %v, want a 400 about %s", e, err, c.field)
		}
	}
}

// An error must not repeat the key, for errors are logged and answered.
func TestCheckEnrolmentKeepsTheKey(t *testing.T) {
	t.Parallel()
	e := enrolment()
	e.Key = strings.Repeat("secret", 50)
	if err := CheckEnrolment(e); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error: %v", err)
	}
}

func FuzzCheckEnrolment(f *testing.F) {
	seed, err := json.Marshal(enrolment())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, "WEST")
	f.Add([]byte(`{"cloud":"azure","zone":"1","network":"/a/b/"}`), "")
	f.Add([]byte(`{"management":{"dns":null},"name":"\ud800"}`), "\xff")
	f.Fuzz(func(t *testing.T, body []byte, prefix string) {
		var e wire.Enrolment
		if json.Unmarshal(body, &e) != nil {
			return
		}
		err := CheckEnrolment(&e)
		var refused *wire.Error
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("the error is no *wire.Error: %v", err)
		}
		group := GroupName(e.Cloud, e.Region, e.Network, e.Zone)
		vm := VMName(group, "k3Pz9")
		location := LocationName(prefix, e.Region, e.Network)
		for _, name := range []string{location, group, vm, InstanceName(vm, 1, "Qw7Te"), NumberedName(location, 2)} {
			if name == "" || len(name) > 255 {
				t.Fatalf("a name of %d bytes: %q", len(name), name)
			}
			if err == nil && utf8.ValidString(prefix) && !utf8.ValidString(name) {
				t.Fatalf("a name that is no text: %q", name)
			}
		}
		LookupRegion(e.Cloud, e.Region)
		AWSZone(e.Zone)
		if err != nil {
			return
		}
		if LocationKey(e.Cloud, e.Region, e.Network, 1) == "" || GroupKey(e.Cloud, e.Region, e.Network, e.Zone, 1) == "" {
			t.Fatal("an empty key")
		}
		if again := e; CheckEnrolment(&again) != nil {
			t.Fatal("a checked enrolment does not pass again")
		}
	})
}
