package fleet

import (
	"bytes"
	"crypto/rand"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	t.Parallel()
	const vpc = "vpc-0a1b2c3d4e5f60718"
	group := GroupName(AWS, "us-west-2", vpc, "us-west-2a")
	vm := VMName(group, "k3Pz9")
	for _, c := range []struct{ what, got, want string }{
		{"location", LocationName("", "us-west-2", vpc), "us-west-2-vpc-0a1b2c3d4e5f60718"},
		{"location with prefix", LocationName("WEST", "us-west-2", vpc), "WEST-us-west-2-vpc-0a1b2c3d4e5f60718"},
		{"location of an id without vpc-", LocationName("", "us-west-2", "0a1b"), "us-west-2-vpc-0a1b"},
		{"location of a VNet", LocationName("", "eastus2", "hub-vnet"), "eastus2-vpc-hub-vnet"},
		{"location of a VNet's resource id", LocationName("", "eastus2", "/subscriptions/5f/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub/"), "eastus2-vpc-hub"},
		{"location of a VNet called vpc-hub", LocationName("", "eastus2", "VPC-hub"), "eastus2-vpc-hub"},
		{"location of a GCP network", LocationName("", "us-central1", "projects/p/global/networks/default"), "us-central1-vpc-default"},
		{"group", group, "zs-cc-vpc-0a1b2c3d4e5f60718-us-west-2a"},
		{"group on Azure", GroupName(Azure, "eastus2", "hub-vnet", "1"), "zs-cc-vpc-hub-vnet-eastus2-1"},
		{"group on GCP", GroupName(GCP, "us-central1", "default", "us-central1-b"), "zs-cc-vpc-default-us-central1-b"},
		{"desc", GroupDesc("ami-0123456789abcdef0", "i-0fedcba9876543210"), "Auto created from ami-0123456789abcdef0_i-0fedcba9876543210"},
		{"desc without image", GroupDesc("", "i-0f"), "Auto created from i-0f"},
		{"vm", vm, "zs-cc-vpc-0a1b2c3d4e5f60718-us-west-2a-VM-k3Pz9"},
		{"instance", InstanceName(vm, 1, "Qw7Te"), "zs-cc-vpc-0a1b2c3d4e5f60718-us-west-2a-VM-k3Pz9_INSTANCE_1_Qw7Te"},
		{"numbered", NumberedName("us-west-2-vpc-0a", 2), "us-west-2-vpc-0a-2"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
		}
	}
}

// Whatever is reported, names stay within the API's limit, keep their endings
// and stay different.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 200, 300)
		prefix, region, network, zone := text.Draw(t, "prefix"), text.Draw(t, "region"), text.Draw(t, "network"), text.Draw(t, "zone")
		location := LocationName(prefix, region, network)
		group := GroupName(rapid.SampledFrom([]string{AWS, Azure, GCP}).Draw(t, "cloud"), region, network, zone)
		vm := VMName(group, "k3Pz9")
		instance := InstanceName(vm, 12, "Qw7Te")
		for _, name := range []string{location, group, vm, instance, NumberedName(location, 1000)} {
			if len(name) > 255 || !utf8.ValidString(name) {
				t.Fatalf("%d bytes, valid %t: %q", len(name), utf8.ValidString(name), name)
			}
		}
		if !strings.HasSuffix(vm, "-VM-k3Pz9") || !strings.HasSuffix(instance, "_INSTANCE_12_Qw7Te") {
			t.Fatalf("endings are cut off: %q, %q", vm, instance)
		}
	})
	long := strings.Repeat("a", 300)
	if LocationName(long, "r", "n") == LocationName(long, "r", "m") {
		t.Error("two long names that differ at the end became one")
	}
}

func TestRandomSuffix(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Za-z0-9]{5}$`)
	seen := map[string]bool{}
	for range 200 {
		s, err := RandomSuffix(rand.Reader)
		if err != nil || !form.MatchString(s) {
			t.Fatalf("RandomSuffix = %q, %v", s, err)
		}
		seen[s] = true
	}
	if len(seen) < 195 {
		t.Errorf("only %d of 200 suffixes differ", len(seen))
	}
	// 248 is the first byte that would make the alphabet's start likelier.
	got, err := RandomSuffix(bytes.NewReader([]byte{248, 255, 0, 61, 62, 247, 26}))
	if err != nil || got != "A9A9a" {
		t.Errorf("RandomSuffix of known bytes = %q, %v, want A9A9a", got, err)
	}
	if _, err := RandomSuffix(io.LimitReader(rand.Reader, 2)); err == nil {
		t.Error("a source that ends gave a suffix")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	if got, want := LocationKey(AWS, "us-west-2", "vpc-0a", 330101), "AWS|us-west-2|vpc-0a|330101"; got != want {
		t.Errorf("LocationKey = %q, want %q", got, want)
	}
	if got, want := GroupKey(Azure, "eastus2", "hub", "1", 7), "AZURE|eastus2|hub|1|7"; got != want {
		t.Errorf("GroupKey = %q, want %q", got, want)
	}
	part := rapid.StringMatching(`[ab|%27C]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		a := [3]string{part.Draw(t, "a0"), part.Draw(t, "a1"), part.Draw(t, "a2")}
		b := [3]string{part.Draw(t, "b0"), part.Draw(t, "b1"), part.Draw(t, "b2")}
		same := GroupKey(AWS, a[0], a[1], a[2], 1) == GroupKey(AWS, b[0], b[1], b[2], 1)
		if same != (a == b) {
			t.Fatalf("%q and %q: the same key is %t", a, b, same)
		}
	})
}
