package wire

import "testing"

func TestLoginHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"demo.zslogin.net": "demo", "a-1.zsloginbeta.net": "a-1", "x.zidentitygov.net": "x", "x.zidentitygov.us": "x",
		"zslogin.net": "", ".zslogin.net": "", "a.b.zslogin.net": "", "demo.zslogin.us": "", "demo.zslogin.net.example.com": "",
		"x.zidentitygov.com": "", "x.zidentity.net": "", "api.zsapi.net": "", "connector.zscloud.net": "", "127.0.0.1": "", "": "",
	} {
		if got, ok := LoginHost(host); got != want || ok != (want != "") {
			t.Errorf("LoginHost(%q) = %q, %v; want %q", host, got, ok, want)
		}
	}
}
