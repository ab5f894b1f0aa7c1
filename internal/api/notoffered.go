package api

import (
	"net/http"

	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// Refused are the operations that only the vendor's table of rates names and
// whose meaning no source tells; see docs/fidelity.md.
func Refused() []operation.Refusal {
	const (
		appliance = "What an appliance does at its first start; no source tells a member of it."
		short     = "A write of a short form of an object whose full form can be written."
	)
	return []operation.Refusal{
		{Method: "GET", Path: "/ccaTemplate", Why: appliance},
		{Method: "GET", Path: "/ccaTemplate/bootupConfig", Why: appliance},
		{Method: "POST", Path: "/ccaCsr/signCert/{deviceId}", Why: appliance},
		{Method: "POST", Path: "/ecCsr", Why: appliance},
		{Method: "POST", Path: "/ecgroup/lite", Why: short},
		{Method: "PUT", Path: "/ecgroup/lite", Why: short},
	}
}

// refuse answers at the paths of which nothing else is served.
func (a *API) refuse(http.ResponseWriter, *http.Request) error {
	return &wire.Error{
		Status: http.StatusMethodNotAllowed, Message: "This operation is the appliances' own and is not offered here.",
		Header: http.Header{"Allow": {""}},
	}
}
