package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"
)

// defaultListen is where a server answers unless it is told otherwise.
const defaultListen = "127.0.0.1:8777"

// listen resolves the address of a flag once, decides on what it found, and
// listens on that. An address without a host, such as :0, is one on loopback.
func listen(ctx context.Context, flag, address string, withTLS bool) (*net.TCPListener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage("%s %s: it is an address and a port, such as 127.0.0.1:8443, or :0 for a free port", flag, address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	addr, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	switch {
	case addr.IP.IsLoopback() || withTLS:
	case flag == "--direct":
		return nil, usage("--direct %s is not on loopback, and the vendor's hosts are played on this machine only", address)
	default:
		return nil, usage("--listen %s is not on loopback, where passwords and keys would travel in clear; add --tls-cert and --tls-key, or listen on 127.0.0.1", address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr.String())
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("cannot listen: %w; ports below 1024 are root's on many systems (on Linux: setcap cap_net_bind_service=+ep on the spurline binary, or sysctl net.ipv4.ip_unprivileged_port_start=443)", err)
	case err != nil:
		return nil, fmt.Errorf("cannot listen: %w; stop what uses the address, or choose another one with %s (:0 takes a free port)", err, flag)
	}
	return l.(*net.TCPListener), nil
}

// urlOf is where clients on this machine find a listener.
func urlOf(l *net.TCPListener, withTLS bool) string {
	addr := *l.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	scheme := "http"
	if withTLS {
		scheme = "https"
	}
	return scheme + "://" + addr.String()
}

func onLoopback(l *net.TCPListener) bool { return l.Addr().(*net.TCPAddr).IP.IsLoopback() }

// ownHTTP is the HTTP client for a server of this machine: it uses no proxy,
// and of a server with TLS it trusts the certificate that the server was
// started with, whoever has signed it and whatever name it is for.
func ownHTTP(tlsCert string) (*http.Client, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second}
	if tlsCert != "" {
		chain, err := os.ReadFile(tlsCert)
		if err != nil {
			return nil, fmt.Errorf("the server's certificate: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(chain) {
			return nil, fmt.Errorf("%s holds no certificate", tlsCert)
		}
		transport.TLSClientConfig = &tls.Config{
			MinVersion: tls.VersionTLS12,
			// The name is not checked by the usual rules, because a server on
			// loopback is reached by its address; the certificate is.
			InsecureSkipVerify: true,
			VerifyConnection: func(cs tls.ConnectionState) error {
				if len(cs.PeerCertificates) == 0 {
					return errors.New("the server shows no certificate")
				}
				_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: pool})
				return err
			},
		}
	}
	return &http.Client{Timeout: time.Minute, Transport: transport}, nil
}
