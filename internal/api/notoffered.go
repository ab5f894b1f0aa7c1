package api

import (
	"net/http"

	"github.com/spurline/spurline/internal/wire"
)

// notOffered are paths that only the vendor's table of rates names: what an
// appliance does at its first start. No source tells what they take or answer,
// so they say that they are not offered; see docs/fidelity.md.
func notOffered() []string {
	return []string{"/ccaTemplate", "/ccaTemplate/bootupConfig", "/ccaCsr/signCert/{deviceId}", "/ecCsr"}
}

func (a *API) refuse(http.ResponseWriter, *http.Request) error {
	return &wire.Error{
		Status: http.StatusMethodNotAllowed, Message: "This operation is the appliances' own and is not offered here.",
		Header: http.Header{"Allow": {""}},
	}
}
