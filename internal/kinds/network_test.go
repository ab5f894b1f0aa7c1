package kinds

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// FuzzNetworkService: whatever is sent as a network service is refused as the
// client's fault or taken, and what is taken has a name and ranges of ports
// that exist, and survives storage unchanged.
func FuzzNetworkService(f *testing.F) {
	for _, seed := range []string{
		`{"name":"web","destTcpPorts":[{"start":80},{"start":8000,"end":8080}]}`,
		`{"name":"edges","srcTcpPorts":[{"start":1,"end":65535}],"destUdpPorts":[{"start":"65535","end":"65535"}]}`,
		`{"name":"backwards","destTcpPorts":[{"start":9,"end":8}]}`,
		`{"name":"outside","destTcpPorts":[{"start":0}],"srcUdpPorts":[{"start":65536,"end":-1}]}`,
		`{"name":"huge","destTcpPorts":[{"start":9223372036854775807,"end":1e9}]}`,
		`{"name":"empty","srcTcpPorts":[],"destTcpPorts":null}`,
		`{"name":"nulls","destTcpPorts":[null,{},{"start":null,"end":null}]}`,
		`{"name":"","destTcpPorts":[{"start":1}]}`,
		`{"name":"\u0000\ud800 ä","type":"STANDARD","tag":"ICMP_ANY","id":"7","destUdpPorts":[{"start":53}]}`,
		`{"name":"none","type":"STANDARD"}`,
	} {
		f.Add(seed)
	}
	s := known(f, NetworkServiceKind)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := accept(s, world{}, body)
		if err != nil {
			var fault *wire.Error
			if !asFault(err, &fault) {
				t.Fatalf("an error that is not the client's: %v", err)
			}
			return
		}
		if err := soundService(o.Value().(*NetworkService)); err != nil {
			t.Fatalf("accepted: %v", err)
		}
		unchangedByStorage(t, s, o)
	})
}

// soundService says what is wrong with a service that was accepted, without
// the help of what has accepted it.
func soundService(n *NetworkService) error {
	if n.Name == "" || utf8.RuneCountInString(n.Name) > 255 {
		return fmt.Errorf("the name %q", n.Name)
	}
	if n.Type != serviceCustom {
		return fmt.Errorf("an admin's service of the type %q", n.Type)
	}
	named := 0
	for _, lists := range [][2]*[]PortRange{{n.SrcTCPPorts, n.DestTCPPorts}, {n.SrcUDPPorts, n.DestUDPPorts}} {
		if (lists[0] == nil) != (lists[1] == nil) {
			return errors.New("one list of a protocol without the other")
		}
		for _, list := range lists {
			if list == nil {
				continue
			}
			for _, p := range *list {
				end := p.End
				if end == 0 { // a single port
					end = p.Start
				}
				if p.Start < 1 || end < p.Start || end > 65535 {
					return fmt.Errorf("the ports %d to %d", p.Start, p.End)
				}
				named++
			}
		}
	}
	if named == 0 {
		return errors.New("no port")
	}
	return nil
}

// unchangedByStorage holds an object against itself after it was stored.
func unchangedByStorage(t *testing.T, s *resource.Spec, o resource.Object) {
	t.Helper()
	first, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Stored(first)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := back.Encode(); err != nil || string(first) != string(second) || !json.Valid(first) {
		t.Fatalf("(%v) stored as\n%s\nand then\n%s", err, first, second)
	}
}

// FuzzPortRange: of two numbers, exactly the ranges of ports are accepted,
// whether or not they are quoted, in each of the four lists.
func FuzzPortRange(f *testing.F) {
	for _, seed := range [][2]int64{{1, 0}, {1, 1}, {1, 65535}, {65535, 65535}, {0, 0}, {0, 1}, {65535, 65536}, {65536, 0}, {2, 1}, {-1, 1}, {1, -1}, {1 << 32, 1}, {1<<63 - 1, -1 << 63}} {
		f.Add(seed[0], seed[1])
	}
	s := known(f, NetworkServiceKind)
	f.Fuzz(func(t *testing.T, start, end int64) {
		want := start >= 1 && start <= 65535 && (end == 0 || end >= start && end <= 65535)
		for _, list := range []string{"srcTcpPorts", "destTcpPorts", "srcUdpPorts", "destUdpPorts"} {
			for _, form := range []string{`{"name":"s","%s":[{"start":%d,"end":%d}]}`, `{"name":"s","%s":[{"start":"%d","end":"%d"}]}`} {
				body := fmt.Sprintf(form, list, start, end)
				_, err := accept(s, world{}, body)
				if got := err == nil; got != want {
					t.Errorf("%s: accepted %t (%v)", body, got, err)
				}
				if err != nil && !strings.Contains(err.Error(), list+"[0].") {
					t.Errorf("%s: the range is not named: %v", body, err)
				}
			}
		}
	})
}

// FuzzPorts: a list of ports that the text of any ranges says, as the table of
// predefined services does, has these ranges.
func FuzzPorts(f *testing.F) {
	f.Add(uint16(80), uint16(8000), uint16(8080))
	f.Add(uint16(1), uint16(1), uint16(65535))
	f.Fuzz(func(t *testing.T, single, from, to uint16) {
		got := *ports(fmt.Sprintf("%d,%d-%d", single, from, to))
		want := []PortRange{{Start: wire.Int(single)}, {wire.Int(from), wire.Int(to)}}
		if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%v, not %v", got, want)
		}
	})
}
