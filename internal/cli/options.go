package cli

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/sandbox"
	"github.com/spurline/spurline/internal/wire"
)

// options are what up and serve have in common: how the server is run.
type options struct {
	dataDir    string
	dirArg     string // what other verbs have to be given to mean the same directory
	listen, db string
	tlsCert    string
	tlsKey     string
	allow      []string
	direct     string // where TLS for the vendor's hosts is answered without the proxy; empty = nowhere
	cloud      string
	cloudAsked bool // it is not the default
	heartbeat  time.Duration
	strict     bool
	expiry     days // of passwords
	bare       bool // for one command: no proxy, and no org for an empty database
	rateLimits *choice
	editLock   *choice
	logLevel   *choice
	logFormat  *choice

	org wire.OrgPlan // what an empty database gets
	log *slog.Logger
}

// defaultCloud is what the host names of a new org end in.
const defaultCloud = "zscloud.net"

// bind adds the flags to a verb. The choices come with the verb's defaults.
func (o *options) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", defaultListen, "address to answer on; :0 takes a free port on loopback")
	f.StringVar(&o.db, "db", "", "database, sqlite:PATH or postgres://… (default spurline.db in the data directory)")
	f.StringVar(&o.tlsCert, "tls-cert", "", "certificate to answer with, PEM; needed where the address is not on loopback")
	f.StringVar(&o.tlsKey, "tls-key", "", "key of the certificate, PEM")
	f.StringArrayVar(&o.allow, "allow", nil, "let clients of the proxy reach this host, or *.domain; repeatable; never the vendor's")
	f.StringVar(&o.direct, "direct", "", "answer TLS for the vendor's hosts on this address of loopback too, as 'spurline hosts' needs: 127.0.0.1:443")
	f.StringVar(&o.cloud, "cloud", defaultCloud, "cloud domain of a new org")
	f.DurationVar(&o.heartbeat, "heartbeat", 30*time.Second, "how often connectors report, in whole seconds")
	f.BoolVar(&o.strict, "strict", false, "refuse what is tolerated otherwise: quoted numbers, unknown members, bodies on reads")
	o.expiry = days{least: 15, most: 365}
	f.Var(&o.expiry, "password-expiry", "age at which an admin's password has to be replaced, 15d to 365d; the vendor's usual is 180d")
	f.Var(o.rateLimits, "rate-limits", "enforce the vendor's rate limits, or none")
	f.Var(o.editLock, "edit-lock", "let a write wait for another admin's, or answer 409 at once as the vendor does")
	f.Var(o.logLevel, "log-level", "least level of the log on standard error; at info each request is a line")
	f.Var(o.logFormat, "log-format", "how the log is written, for people or for programs")
}

// finish checks what the flags say and makes of it what a start needs.
func (o *options) finish(cmd *cobra.Command) error {
	var err error
	if o.dataDir, err = dataDir(cmd); err != nil {
		return err
	}
	if cmd.Flags().Changed("data-dir") {
		o.dirArg = " --data-dir " + quote(o.dataDir)
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return usage("--tls-cert and --tls-key go together")
	}
	if o.tlsCert != "" {
		if _, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey); err != nil {
			return fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		if o.tlsCert, err = filepath.Abs(o.tlsCert); err != nil { // for others to read it from run.json
			return err
		}
	}
	if o.heartbeat < time.Second || o.heartbeat > time.Hour || o.heartbeat%time.Second != 0 {
		return usage("--heartbeat %s: it is 1s to 1h, in whole seconds", o.heartbeat)
	}
	o.cloudAsked = cmd.Flags().Changed("cloud")
	if !sandbox.IsCloud(o.cloud) {
		return usage("--cloud %s: connector.%s is no host that is served here; it is to be like %s", o.cloud, o.cloud, defaultCloud)
	}
	o.org.Cloud = o.cloud
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel.value)); err != nil {
		return fmt.Errorf("--log-level: %w", err)
	}
	how := &slog.HandlerOptions{Level: level}
	o.log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), how))
	if o.logFormat.value == "json" {
		o.log = slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), how))
	}
	return nil
}

// cloudName is the cloud as the SDKs' settings have it, without the domain's end.
func cloudName(cloud string) string { return strings.TrimSuffix(cloud, ".net") }
