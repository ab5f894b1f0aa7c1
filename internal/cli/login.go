package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// loginFlags are what login is told of a profile. What is not told stays as it
// is.
type loginFlags struct {
	cloud, url, user, proxy, caFile string
	save, prompt                    bool
}

func newLogin() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in, and make or change a profile",
		Long: "login asks for what it does not know, password and API key without showing them, and\n" +
			"keeps the session for the other verbs. The secrets themselves are kept with --save only.\n" +
			"Next to 'spurline up' it asks for nothing.\n\n" +
			"A profile of the vendor's cloud always verifies TLS and takes no notice of what\n" +
			"'spurline env' has put into the environment. In scripts, " + passwordVar + " and\n" +
			apiKeyVar + " hold the secrets.",
		Example: "  spurline login --profile prod --cloud zscloud.net --user me@example.com\n" +
			"  spurline login --profile editor --user editor@demo.spurline.test\n" +
			"  spurline login --profile prod --proxy http://proxy.example:3128 --ca-file corporate.pem --save",
		Args: cobra.NoArgs,
		RunE: verb(func(cmd *cobra.Command) error { return login(cmd.Context(), cmd, f) }),
	}
	fl := cmd.Flags()
	fl.StringVar(&f.cloud, "cloud", "", "the vendor's cloud that the org is on, such as "+defaultCloud)
	fl.StringVar(&f.url, "url", "", "address of another server: https://… or http://127.0.0.1:8777")
	fl.StringVar(&f.user, "user", "", "login name of the admin")
	fl.StringVar(&f.proxy, "proxy", "", "HTTP proxy of this profile, in place of the environment's; empty for that again")
	fl.StringVar(&f.caFile, "ca-file", "", "PEM file of roots that this profile trusts beside the system's; empty for none")
	fl.BoolVar(&f.save, "save", false, "keep password and API key, in a file that only you can read")
	fl.BoolVar(&f.prompt, "prompt", false, "ask for password and API key even where they are known")
	cmd.MarkFlagsMutuallyExclusive("cloud", "url")
	return cmd
}

func login(ctx context.Context, cmd *cobra.Command, f loginFlags) error {
	store, err := loadProfiles()
	if err != nil {
		return err
	}
	p, err := f.profile(cmd, store)
	if err != nil {
		return err
	}
	s, err := connect(cmd, p)
	if err != nil {
		return err
	}
	defer s.close()
	with, err := s.secrets(ctx, f.prompt)
	if err != nil {
		return err
	}
	if err := s.signIn(ctx, with); err != nil {
		return err
	}
	if err := s.recognise(ctx); err != nil {
		return err
	}
	p = s.profile
	switch {
	case f.save && p.DataDir == "":
		p.Password, p.APIKey = with.password, with.apiKey
	case f.prompt: // what was kept may not be what was typed
		p.Password, p.APIKey = "", ""
	}
	if p.filed == "" {
		if err := changeProfiles(func(now *profileStore) error { now.put(p); store = now; return nil }); err != nil {
			return fmt.Errorf("cannot keep the profile: %w", err)
		}
	}
	fmt.Fprintf(s.stdout, "%sSigned in to %s as %s.\n", s.mark(), p.URL, s.login())
	if f.save && p.DataDir != "" {
		fmt.Fprintf(s.stdout, "Its secrets stay in %s; nothing was saved.\n", credentialsPath(p.DataDir))
	}
	if p.filed == "" && store.Default != p.Name {
		fmt.Fprintf(s.stdout, "Use it with --profile %s, or from now on with 'spurline profiles use %s'.\n", p.Name, p.Name)
	}
	return nil
}

// profile is the one to sign in with: the one that the command line names, as
// its flags change it.
func (f *loginFlags) profile(cmd *cobra.Command, store *profileStore) (profile, error) {
	address := f.url
	if f.cloud != "" {
		address = "https://connector." + f.cloud
	}
	name := profileArg(cmd)
	if name == "" && address != "" {
		name = nameFor(address)
	}
	if name == "" {
		p, err := chooseProfile(cmd)
		if err != nil {
			return p, err
		}
		return f.change(cmd, p)
	}
	if err := checkProfileName(name); err != nil {
		return profile{}, err
	}
	p := profile{Name: name}
	if old := store.find(name); old != nil {
		p = *old
	}
	switch {
	case address != "":
		if err := p.point(address); err != nil {
			return p, err
		}
		p.Cloud = cmp.Or(f.cloud, p.Cloud)
	case p.Kind == "": // a new one, of the sandbox here
		dir, err := dataDir(cmd)
		if err != nil {
			return p, err
		}
		if _, err := os.Stat(credentialsPath(dir)); err != nil {
			return p, usage("there is no profile %s yet; say where it is with --cloud or --url, or start a sandbox with 'spurline up --detach'", name)
		}
		p.Kind, p.DataDir = kindSandbox, dir
	}
	return f.change(cmd, p)
}

// nameFor is the profile's name where none is given: the cloud's, or the host.
func nameFor(address string) string {
	host := strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
	host, _, _ = strings.Cut(host, ":")
	return strings.TrimSuffix(strings.TrimPrefix(host, "connector."), ".net")
}

// point makes the profile one of another server, whose secrets are others.
func (p *profile) point(address string) error {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err == nil && u.User != nil {
		return usage("--url holds a user or a password; leave them out, as they are asked for")
	}
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return usage("--url %s: it is to be like https://connector.%s or http://127.0.0.1:8777", address, defaultCloud)
	}
	kind := kindCloud
	if ip := net.ParseIP(u.Hostname()); ip.IsLoopback() || u.Hostname() == "localhost" {
		kind = kindSandbox
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return usage("--url %s: it is https, or on this machine http", address)
	case u.Scheme == "http" && kind == kindCloud:
		return usage("--url %s: a password would travel in clear; use https", address)
	}
	if p.URL != u.String() || p.DataDir != "" {
		*p = profile{Name: p.Name, Login: p.Login, Proxy: p.Proxy, CAFile: p.CAFile}
	}
	p.URL, p.Kind = u.String(), kind
	return nil
}

// change applies the other flags.
func (f *loginFlags) change(cmd *cobra.Command, p profile) (profile, error) {
	if f.user != "" && f.user != p.Login {
		p.Login, p.Password = f.user, ""
	}
	if cmd.Flags().Changed("proxy") {
		u, err := url.Parse(f.proxy)
		if f.proxy != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return p, usage("--proxy: it is to be like http://proxy.example:3128")
		}
		p.Proxy = f.proxy
	}
	if cmd.Flags().Changed("ca-file") {
		p.CAFile = ""
		if f.caFile != "" {
			body, err := os.ReadFile(f.caFile)
			if err != nil {
				return p, fmt.Errorf("--ca-file: %w", err)
			}
			if !x509.NewCertPool().AppendCertsFromPEM(body) {
				return p, usage("--ca-file %s holds no certificate in PEM", f.caFile)
			}
			if p.CAFile, err = filepath.Abs(f.caFile); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}
