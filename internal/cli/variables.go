package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/wire"
)

// Variables of Spurline's own that env and exec set.
const (
	urlVar          = "SPURLINE_URL"
	envVar          = "SPURLINE_ENV"           // 1 in a shell that env has pointed at a server
	clientSecretVar = "SPURLINE_CLIENT_SECRET" // read, not set: the secret of --client
)

// variable is one of the environment; without a value it is to be absent.
type variable struct{ name, value string }

// The names of all variables that are set or removed, in groups of one value.
// Those of the vendor's clients are the ones that these document (clients.md),
// the others are read by HTTP libraries.
var (
	proxyVars = [...]string{"HTTPS_PROXY", "https_proxy"}
	// In place of what was there, which could take hosts of the vendor past the
	// proxy and so to the vendor.
	noProxyVars = [...]string{"NO_PROXY", "no_proxy"}
	rootsVars   = [...]string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}
	// The Go SDK's own proxy settings win over HTTPS_PROXY, as those of its file
	// and of Terraform's provider do; a proxy of one's own in them would lead to
	// the vendor.
	sdkProxies = [...]string{"ZSCALER_CLIENT_PROXY_", "ZTC_CLIENT_PROXY_"}
	legacyVars = [...]string{"ZTC_", "ZTW_"}
)

// noProxy is loopback.
const noProxy = "localhost,127.0.0.1,::1"

// bindClient adds the flag that chooses an API client.
func bindClient(cmd *cobra.Command, client *string) {
	cmd.Flags().StringVar(client, "client", "", "id of the API client to sign in as (default the one in credentials.json); its secret is in $"+clientSecretVar)
}

// clientVariables are what clients of the server that runs on the command
// line's data directory need.
func clientVariables(cmd *cobra.Command, client string) ([]variable, error) {
	dir, err := dataDir(cmd)
	if err != nil {
		return nil, err
	}
	state, err := running(dir)
	if err != nil {
		return nil, err
	}
	if state == nil {
		return nil, fmt.Errorf("no server runs on %s; start one with 'spurline up --detach'", dir)
	}
	creds, err := server.ReadCredentials(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(creds.Admins) == 0 {
		return nil, fmt.Errorf("the server's credentials are not in %s", credentialsPath(dir))
	}
	if err != nil {
		return nil, err
	}
	if client != "" && client != creds.ClientID {
		if creds.ClientID, creds.ClientSecret = client, os.Getenv(clientSecretVar); creds.ClientSecret == "" {
			return nil, fmt.Errorf("the secret of the API client %s is not in %s: the server keeps a hash of it only; put it into $%s, or make another with 'spurline clients rotate'",
				client, credentialsPath(dir), clientSecretVar)
		}
	}
	return variables(state, creds), nil
}

// variables says what each variable is to be, for one server and the
// credentials of one org.
func variables(state *runState, creds wire.Credentials) []variable {
	var vars []variable
	set := func(value string, names ...string) {
		for _, name := range names {
			vars = append(vars, variable{name, value})
		}
	}
	set(state.URL, urlVar)
	if state.CABundle != "" {
		set(state.URL, proxyVars[:]...)
		set(noProxy, noProxyVars[:]...)
		set(state.CABundle, rootsVars[:]...)
		set("1", "NODE_USE_ENV_PROXY")
		host, port, whole := sdkProxy(state.URL)
		set(whole, "ZSCALER_HTTP_PROXY")
		for _, prefix := range sdkProxies {
			set(host, prefix+"HOST")
			set(port, prefix+"PORT")
			set("", prefix+"USERNAME", prefix+"PASSWORD")
		}
	}
	for _, prefix := range legacyVars {
		set(creds.Admins[0].Login, prefix+"USERNAME")
		set(creds.Admins[0].Password, prefix+"PASSWORD")
		set(creds.APIKey, prefix+"API_KEY")
		set(cloudName(creds.Cloud), prefix+"CLOUD")
	}
	set(creds.ClientID, "ZSCALER_CLIENT_ID")
	set(creds.ClientSecret, "ZSCALER_CLIENT_SECRET")
	set(vanityDomain(creds), "ZSCALER_VANITY_DOMAIN")
	// Absent, the cloud is the vendor's production; an empty one breaks a
	// client. A private key would be preferred to the secret.
	set("", "ZSCALER_CLOUD", "ZSCALER_PRIVATE_KEY")
	set("1", envVar)
	return vars
}

// vanityDomain is that of the org whose credentials these are, which may have
// been written before orgs had one.
func vanityDomain(creds wire.Credentials) string {
	return cmp.Or(creds.VanityDomain, "org"+strconv.FormatInt(creds.Org, 10))
}

// sdkProxy is the proxy as the settings of the Go SDK and of Terraform's
// provider have it, which know proxies of plain HTTP only.
func sdkProxy(address string) (host, port, whole string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return "", "", ""
	}
	return u.Hostname(), u.Port(), address
}

// variableNames are the names of all that variables ever says.
func variableNames() []string {
	full := &runState{URL: "http://127.0.0.1:1", CABundle: "x"}
	var names []string
	for _, v := range variables(full, wire.Credentials{Admins: []wire.AdminCredentials{{}}}) {
		names = append(names, v.name)
	}
	return names
}
