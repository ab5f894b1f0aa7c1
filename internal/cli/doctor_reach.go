package cli

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// probeTimeout bounds each of doctor's looks at a server on this machine.
const probeTimeout = 10 * time.Second

// examineReach looks at whether clients of this machine and this shell come to
// the server and to nobody else.
func examineReach(ctx context.Context, dir string) []finding {
	state, err := running(dir)
	if err != nil {
		return nil // which examineServer has said
	}
	creds, credsErr := server.ReadCredentials(dir)
	found := []finding{examineShell(state, creds, credsErr)}
	if state != nil && state.CABundle != "" && credsErr == nil {
		found = append(found, examineProxy(ctx, state, creds), examineAllow(state))
		if state.Direct != "" {
			found = append(found, examineDirect(ctx, state, creds))
		}
	}
	found = append(found, examineHosts(state))
	if ca, err := readCA(dir); err == nil {
		found = append(found, examineSystemTrust(ca))
	}
	return found
}

// examineShell compares this shell's variables with what env prints now. Values
// may be secrets; names are all that it tells.
func examineShell(state *runState, creds wire.Credentials, credsErr error) finding {
	const about = "shell"
	const again, back = `eval "$(spurline env)"`, `eval "$(spurline env --unset)"`
	switch pointed := os.Getenv(envVar) != ""; {
	case !pointed:
		return finding{About: about, Found: "its variables do not point at a server of Spurline's; " + again + " has them do so"}
	case state == nil:
		return finding{about, "its variables point at a server, and none runs here", "start it with 'spurline up', or take the variables back: " + back}
	case credsErr != nil || len(creds.Admins) == 0:
		return finding{about, "its variables cannot be compared with the credentials", "see what is said of those"}
	}
	var differ []string
	holes := false
	for _, v := range variables(state, creds) {
		if os.Getenv(v.name) == v.value || slices.Contains([]string{"ZSCALER_CLIENT_ID", "ZSCALER_CLIENT_SECRET"}, v.name) { // which --client chooses
			continue
		}
		differ = append(differ, v.name)
		holes = holes || slices.Contains(noProxyVars[:], v.name)
	}
	switch {
	case holes:
		return finding{about, "NO_PROXY is not what env has set: hosts of the vendor may be reached past the proxy", again}
	case len(differ) > 0:
		return finding{about, "not as env has set them: " + strings.Join(differ, ", "), again}
	}
	return finding{About: about, Found: "its variables point at " + state.URL}
}

// probed is what an answer says of who has given it and how.
type probed struct {
	proto string
	skew  time.Duration
}

// probe asks for something on a host of the vendor, and errs unless Spurline
// answers.
func probe(ctx context.Context, transport *http.Transport, address string) (p probed, err error) {
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return p, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return p, err
	}
	if resp.Header.Get(wire.MarkHeader) == "" {
		return p, fmt.Errorf("the answer has no %s: it is not Spurline's", wire.MarkHeader)
	}
	p.proto = resp.Proto
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		p.skew = time.Since(date)
	}
	return p, nil
}

// clientTransport is how a client under the variables of env connects.
func clientTransport(state *runState) (*http.Transport, error) {
	roots, err := os.ReadFile(state.CABundle)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("%s holds no certificate", state.CABundle)
	}
	proxy, err := url.Parse(state.URL)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy: http.ProxyURL(proxy), ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, TLSHandshakeTimeout: probeTimeout,
	}, nil
}

// servedOf are a host of each family with something that it answers.
func servedOf(creds wire.Credentials) []string {
	vanity := vanityDomain(creds)
	return []string{
		"https://connector." + creds.Cloud + "/api/v1/auth",
		"https://" + vanity + ".zslogin.net/oauth2/v1/token", "https://api.zsapi.net/ztw/api/v1/auth",
		"https://" + vanity + ".zidentitygov.us/oauth2/v1/token", "https://api.zscalergov.us/ztw/api/v1/auth",
	}
}

func examineProxy(ctx context.Context, state *runState, creds wire.Credentials) finding {
	const about, mend = "proxy", "stop the server with 'spurline down' and start it again"
	var hosts []string
	for _, address := range servedOf(creds) {
		transport, err := clientTransport(state)
		if err != nil {
			return finding{about, err.Error(), mend}
		}
		host := strings.Split(address, "/")[2]
		p, err := probe(ctx, transport, address)
		switch {
		case err != nil:
			return finding{about, host + ": " + err.Error(), mend}
		case p.proto != "HTTP/2.0":
			return finding{about, host + " answers over " + p.proto + " and not HTTP/2", mend}
		case p.skew > slack || p.skew < -slack:
			return finding{about, fmt.Sprintf("its clock differs by %s from this one", p.skew.Round(time.Second)), "set the system's clock, and start the server again"}
		}
		hosts = append(hosts, host)
	}
	refused := "admin." + creds.Cloud
	if status, err := connectStatus(ctx, state.URL, refused); err != nil || status != http.StatusForbidden {
		return finding{about, fmt.Sprintf("%s is not refused (%d, %v)", refused, status, err), mend}
	}
	return finding{About: about, Found: "serves " + strings.Join(hosts, ", ") + " over HTTP/2, and refuses " + refused}
}

// connectStatus asks a proxy for a tunnel, and sends nothing into it.
func connectStatus(ctx context.Context, proxy, host string) (int, error) {
	u, err := url.Parse(proxy)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var c net.Conn
	if u.Scheme == "https" { // whose certificate has nothing to do with the question
		c, err = (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", u.Host)
	} else {
		c, err = new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	}
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	if _, err := fmt.Fprintf(c, "CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n", host, host); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func examineAllow(state *runState) finding {
	const about = "allowed"
	if len(state.Allow) == 0 {
		return finding{About: about, Found: "nothing but the hosts above passes the proxy"}
	}
	if err := sandbox.CheckAllow(state.Allow); err != nil {
		return finding{about, err.Error(), "start the server without it"}
	}
	return finding{About: about, Found: strings.Join(state.Allow, ", ") + " may be reached through the proxy"}
}

func examineDirect(ctx context.Context, state *runState, creds wire.Credentials) finding {
	const about = "direct TLS"
	transport, err := clientTransport(state)
	if err != nil {
		return finding{about, err.Error(), "stop the server with 'spurline down' and start it again"}
	}
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, state.Direct)
	}
	p, err := probe(ctx, transport, servedOf(creds)[0])
	if err != nil {
		return finding{about, state.Direct + ": " + err.Error(), "stop the server with 'spurline down' and start it again"}
	}
	return finding{About: about, Found: state.Direct + " answers over " + p.proto}
}

// examineHosts looks for hosts of the vendor in the hosts file.
func examineHosts(state *runState) finding {
	const about = "hosts file"
	file, err := os.ReadFile(hostsFile())
	if err != nil {
		return finding{About: about, Found: "cannot be read: " + err.Error()}
	}
	entries := vendorEntries(string(file))
	if len(entries) == 0 {
		return finding{About: about, Found: "has none of the vendor's hosts"}
	}
	for _, e := range entries {
		ip := net.ParseIP(e.address)
		switch {
		case ip == nil || !ip.IsLoopback():
			return finding{about, e.host + " leads to " + e.address, "take the line out of " + hostsFile() + "; 'spurline hosts' prints those for this machine"}
		case sandbox.Vendor(e.host) != sandbox.Served:
			return finding{about, e.host + " leads to this machine, and is not served", "take the line out of " + hostsFile()}
		}
	}
	if state == nil || !onPort443(state.Direct) {
		return finding{about, fmt.Sprintf("takes %s and others to this machine, and no server of this directory answers on port 443", entries[0].host), "start it with --direct 127.0.0.1:443, or take the lines out of " + hostsFile()}
	}
	return finding{About: about, Found: "takes " + count(len(entries), "host", "hosts") + " of the vendor to this machine"}
}

// examineSystemTrust tells what trust has done or not; either is right.
func examineSystemTrust(ca sandboxCA) finding {
	const about = "system"
	roots := systemRoots()
	if roots == nil {
		return finding{About: about, Found: "whether it trusts the CA cannot be told here"}
	}
	if _, err := ca.cert.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		return finding{About: about, Found: "does not trust the CA, so clients need the variables; 'spurline trust' is for those that ignore them"}
	}
	return finding{About: about, Found: "trusts the CA; 'spurline trust --remove' ends that"}
}
