package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/wire"
)

// fleetOperations are the enrolment plane, which connectors talk to, and the
// switches of the simulated ones.
func (a *API) fleetOperations() []operation.Operation {
	name := []operation.Param{{Name: "name", Says: "The connector's own name."}}
	one, several := reflect.TypeFor[wire.SimulatedConnector](), reflect.TypeFor[[]wire.SimulatedConnector]()
	return []operation.Operation{
		{
			ID: "enrolConnector", Method: "POST", Path: wire.FleetEnrolPath, Summary: "Enrol a connector", Native: true, Status: http.StatusOK,
			Sign: operation.Unsigned, Feature: access.Public, In: reflect.TypeFor[wire.Enrolment](), Out: reflect.TypeFor[wire.Enrolled](), Handle: a.enrol,
		},
		{
			ID: "reportConnector", Method: "POST", Path: wire.FleetHeartbeatPath, Summary: "Report a connector's state", Native: true, Status: http.StatusOK,
			Sign: operation.ByToken, Feature: access.Public, In: reflect.TypeFor[wire.Heartbeat](), Out: reflect.TypeFor[wire.HeartbeatAnswer](), Handle: a.heartbeat, Quiet: true,
		},
		{
			ID: "getBundle", Method: "GET", Path: wire.FleetBundlePath, Summary: "Get what a connector is to run", Native: true, Status: http.StatusOK,
			Sign: operation.ByToken, Feature: access.Public, Out: reflect.TypeFor[wire.Bundle](), Conditional: true, Handle: a.bundle, Quiet: true,
		},
		{
			ID: "listSimulatedConnectors", Method: "GET", Path: "/spurline/v1/fleet/connectors", Summary: "List the server's simulated connectors", Native: true, Status: http.StatusOK,
			Feature: access.CloudProvisioning, Level: access.ReadOnly, Out: several, Handle: a.listSimulated,
		},
		{
			ID: "growFleet", Method: "POST", Path: "/spurline/v1/fleet/connectors", Summary: "Have simulated connectors in so many groups", Native: true, Status: http.StatusOK,
			Feature: access.CloudProvisioning, Level: access.ReadWrite, In: reflect.TypeFor[wire.FleetPlan](), Out: several, Handle: a.growFleet,
		},
		{
			ID: "stopFleet", Method: "DELETE", Path: "/spurline/v1/fleet/connectors", Summary: "Switch all simulated connectors off", Native: true, Status: http.StatusNoContent,
			Feature: access.CloudProvisioning, Level: access.ReadWrite, Handle: a.stopFleet,
		},
		{
			ID: "startSimulatedConnector", Method: "POST", Path: "/spurline/v1/fleet/connectors/{name}/start", Summary: "Switch a simulated connector on", Native: true, Status: http.StatusOK,
			Feature: access.CloudProvisioning, Level: access.ReadWrite, InPath: name, Out: one, Handle: a.switchSimulated(true),
		},
		{
			ID: "stopSimulatedConnector", Method: "POST", Path: "/spurline/v1/fleet/connectors/{name}/stop", Summary: "Switch a simulated connector off", Native: true, Status: http.StatusOK,
			Feature: access.CloudProvisioning, Level: access.ReadWrite, InPath: name, Out: one, Handle: a.switchSimulated(false),
		},
	}
}

// decode reads the body of a native operation.
func decode[T any](c *operation.Call) (v T, err error) {
	err = json.Unmarshal(c.Body, &v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return v, wire.Invalid(wrong.Field, "cannot be a %s", wrong.Value)
	case err != nil:
		return v, &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Request body is invalid: " + strings.TrimPrefix(err.Error(), "json: ") + "."}
	}
	return v, nil
}

func (a *API) enrol(c *operation.Call) error {
	in, err := decode[wire.Enrolment](c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	org, ok, err := a.Auth.OrgByEnrolmentKey(ctx, in.Key)
	if err != nil {
		return err
	}
	if !ok {
		return wire.Forbidden("", "The enrolment key belongs to no org.")
	}
	out, err := a.Fleet.Enrol(ctx, org, in, c.IP)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) heartbeat(c *operation.Call) error {
	in, err := decode[wire.Heartbeat](c)
	if err != nil {
		return err
	}
	out, err := a.Fleet.Heartbeat(c.Request.Context(), bearer(c.Request), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) bundle(c *operation.Call) error {
	body, etag, err := a.Fleet.Bundle(c.Request.Context(), bearer(c.Request))
	if err != nil {
		return err
	}
	c.Writer.Header().Set("ETag", etag)
	if c.Request.Header.Get("If-None-Match") == etag {
		c.Writer.WriteHeader(http.StatusNotModified)
		return nil
	}
	c.Bytes(http.StatusOK, body)
	return nil
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

func (a *API) listSimulated(c *operation.Call) error {
	list := []wire.SimulatedConnector{}
	if a.Simulator != nil {
		list = append(list, a.Simulator.List()...)
	}
	return c.JSON(http.StatusOK, list)
}

func (a *API) switchSimulated(on bool) func(*operation.Call) error {
	return func(c *operation.Call) error {
		name := c.Request.PathValue("name")
		if a.Simulator == nil {
			return wire.NotFound("simulated connector", name)
		}
		flip := a.Simulator.Stop
		if on {
			flip = a.Simulator.Start
		}
		state, err := flip(c.Request.Context(), name)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, state)
	}
}

func (a *API) growFleet(c *operation.Call) error {
	plan, err := decode[wire.FleetPlan](c)
	if err != nil {
		return err
	}
	if a.Simulator == nil {
		return wire.Forbidden(wire.CodeInvalidOperation, "This server simulates no connectors.")
	}
	added, err := a.Simulator.Grow(c.Request.Context(), plan)
	return answered(c, added, err)
}

func (a *API) stopFleet(c *operation.Call) error {
	if a.Simulator != nil {
		if err := a.Simulator.Down(c.Request.Context()); err != nil {
			return err
		}
	}
	c.Empty()
	return nil
}
