package api

import (
	"net/http"
	"reflect"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/operation"
)

// activationOperations take no input: whatever body a client sends is ignored
// (behaviours.md 3.2).
func (a *API) activationOperations() []operation.Operation {
	const path = "/ecAdminActivateStatus"
	out := reflect.TypeFor[config.Activation]()
	return []operation.Operation{
		{
			ID: "getActivationStatus", Method: "GET", Path: path, Summary: "Tell who is editing and whether changes wait for activation",
			Feature: access.AnyAdmin, Level: access.ReadOnly, Limit: operation.Rate("10/s 5000/h"), Out: out, Status: http.StatusOK,
			Handle: func(c *operation.Call) error {
				status, err := a.Engine.Status(c.Request.Context(), c.Who)
				return activation(c, status, err)
			},
		},
		{
			ID: "activate", Method: "PUT", Path: path + "/activate", Summary: "Activate the saved changes, or queue while others edit",
			Feature: access.AnyAdmin, Level: access.ReadWrite, Limit: operation.Rate("1/s 400/h"), Out: out, Status: http.StatusOK,
			Handle: func(c *operation.Call) error {
				status, err := a.Engine.Activate(c.Request.Context(), config.Caller(c.Who, c.IP))
				return activation(c, status, err)
			},
		},
		{
			ID: "forceActivate", Method: "PUT", Path: path + "/forcedActivate", Summary: "Activate everybody's saved changes at once",
			Feature: access.AnyAdmin, Level: access.ReadWrite, Limit: operation.Rate("1/s 400/h"), Out: out, Status: http.StatusOK,
			Handle: func(c *operation.Call) error {
				status, err := a.Engine.Force(c.Request.Context(), config.Caller(c.Who, c.IP))
				return activation(c, status, err)
			},
		},
	}
}

func activation(c *operation.Call, status config.Activation, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, status)
}
