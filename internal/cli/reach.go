package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// reach makes the HTTP client for the profile's server and completes the
// profile with what is known of a sandbox only while it runs.
func (s *session) reach() (*http.Client, error) {
	p := &s.profile
	if p.Kind != kindSandbox {
		return s.reachCloud()
	}
	if p.DataDir == "" {
		return ownHTTP(p.CAFile)
	}
	state, err := running(p.DataDir)
	if err != nil {
		return nil, err
	}
	if state == nil {
		return nil, fmt.Errorf("the sandbox of %s does not run; start it with 'spurline up --detach'", p.DataDir)
	}
	p.URL = state.URL
	return ownHTTP(state.TLSCert)
}

// reachCloud makes the client for a server that is somebody else's: TLS is
// always verified, and the proxy and roots are the profile's own, or the
// environment's unless Spurline has put them there for its sandbox.
func (s *session) reachCloud() (*http.Client, error) {
	p := s.profile
	address, err := url.Parse(p.URL)
	if err != nil || address.Scheme != "https" {
		return nil, fmt.Errorf("profile %s: a server that is no sandbox on this machine is reached by https only", p.Name)
	}
	ours := p.sandboxVariables()
	if len(ours) > 0 {
		fmt.Fprintf(s.stderr, "spurline: profile %s is not the sandbox, so %s of 'spurline env' is ignored\n", p.Name, strings.Join(ours, ", "))
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8,
		IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
	}
	if len(ours) > 0 {
		transport.Proxy = nil
	}
	if p.Proxy != "" {
		proxy, err := url.Parse(p.Proxy)
		if err != nil || proxy.Host == "" {
			return nil, fmt.Errorf("profile %s: its proxy is not a URL such as http://proxy.example:3128", p.Name)
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	roots, err := p.roots(len(ours) > 0)
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	return &http.Client{Timeout: time.Minute, Transport: transport}, nil
}

// sandboxVariables lists the variables of the environment that make clients
// take the sandbox for the vendor's cloud.
func (p *profile) sandboxVariables() []string {
	var ours []string
	store, err := loadProfiles()
	if err != nil {
		store = &profileStore{}
	}
	sandboxes := []string{os.Getenv("SPURLINE_URL")}
	for _, q := range store.Profiles {
		if q.Kind == kindSandbox {
			sandboxes = append(sandboxes, q.URL)
		}
	}
	all := sandboxes[0] != "" // the shell has evaluated what env prints
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if v := os.Getenv(name); v != "" && (all || slices.Contains(sandboxes, v)) {
			ours = append(ours, name)
		}
	}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v := os.Getenv(name); v != "" && (all || isOurBundle(v)) {
			ours = append(ours, name)
		}
	}
	return ours
}

// isOurBundle reports whether a file of roots lies in a data directory.
func isOurBundle(path string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(path), "ca-key.pem"))
	return err == nil && filepath.Base(path) == "ca-bundle.pem"
}

// roots are what the profile trusts; nil means the usual ones.
func (p *profile) roots(ignoreEnvironment bool) (*x509.CertPool, error) {
	var pool *x509.CertPool
	if ignoreEnvironment {
		pool = systemRoots()
	}
	if p.CAFile == "" {
		return pool, nil
	}
	if pool == nil {
		var err error
		if pool, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("the system's roots: %w", err)
		}
	}
	own, err := os.ReadFile(p.CAFile)
	if err != nil {
		return nil, fmt.Errorf("profile %s: its CA file: %w", p.Name, err)
	}
	if !pool.AppendCertsFromPEM(own) {
		return nil, errors.New(p.CAFile + " holds no certificate")
	}
	return pool, nil
}

// systemRoots reads the system's roots past SSL_CERT_FILE, which crypto/x509
// honours on these systems and on no others.
func systemRoots() *x509.CertPool {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	pool := x509.NewCertPool()
	for _, path := range []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem", "/usr/local/etc/ssl/cert.pem",
	} {
		if data, err := os.ReadFile(path); err == nil && pool.AppendCertsFromPEM(data) {
			break
		}
	}
	return pool
}
