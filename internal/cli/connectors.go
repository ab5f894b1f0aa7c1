package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

const simulatedPath = "/spurline/v1/fleet/connectors"

// needSandbox refuses on the vendor's cloud what only a Spurline server has.
func (s *session) needSandbox(what string) error {
	if s.sandbox {
		return nil
	}
	return &failure{exitUsage, fmt.Errorf("%s: %s is no Spurline server; choose a sandbox with --profile", what, s.profile.URL)}
}

func newConnectorsList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the sandbox's simulated connectors", Args: cobra.NoArgs,
		Example: "  spurline connectors list --watch",
		RunE: looking(func(ctx context.Context, s *session, _ []string) error {
			all, err := s.simulated(ctx)
			if err != nil {
				return err
			}
			return show(s.printer, simulatedNoun(), all)
		}),
	}
	lookFlags(cmd)
	return cmd
}

// newConnectorsSwitch makes start and stop.
func newConnectorsSwitch(name, short string) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " NAME…", Short: short, Args: cobra.MinimumNArgs(1),
		Example:           "  spurline connectors " + name + " cc-1",
		ValidArgsFunction: completing(simulatedNames),
		RunE: withSession(func(ctx context.Context, s *session, args []string) error {
			return s.flip(ctx, name, args)
		}),
	}
	outputFlags(cmd)
	return cmd
}

// simulated lists the server's own connectors.
func (s *session) simulated(ctx context.Context) (all []wire.SimulatedConnector, err error) {
	if err := s.needSandbox("connectors"); err != nil {
		return nil, err
	}
	err = s.do(ctx, "list the connectors", http.MethodGet, simulatedPath, nil, &all)
	return all, err
}

func simulatedNames(ctx context.Context, s *session) ([]string, error) {
	all, err := s.simulated(ctx)
	var names []string
	for _, c := range all {
		names = append(names, c.Name+"\t"+stateOf(c))
	}
	return names, err
}

// flip starts or stops connectors, which are named by their name, their native
// id or the id of their VM.
func (s *session) flip(ctx context.Context, verb string, args []string) error {
	all, err := s.simulated(ctx)
	if err != nil {
		return err
	}
	by := choices[wire.SimulatedConnector]{
		"connector", "spurline connectors list", all,
		func(c wire.SimulatedConnector) int64 { return c.VMID },
		func(c wire.SimulatedConnector) []string { return []string{c.Name, c.NativeID} },
	}
	var chosen []wire.SimulatedConnector
	for _, arg := range args { // all of them before the first is touched
		c, err := by.find(arg)
		if err != nil {
			return err
		}
		chosen = append(chosen, c)
	}
	for i, c := range chosen {
		var now wire.SimulatedConnector // not over the old one: what an answer leaves out is gone
		err := s.do(ctx, verb+" the connector "+c.Name, http.MethodPost, simulatedPath+"/"+url.PathEscape(c.Name)+"/"+verb, nil, &now)
		if err != nil {
			return err
		}
		chosen[i] = now
	}
	if verb == "start" {
		if chosen, err = s.awaitActive(ctx, chosen); err != nil {
			return err
		}
	}
	return show(s.printer, simulatedNoun(), chosen)
}

// activeTime bounds how long a connector that was started has to report.
const activeTime = 20 * time.Second

// awaitActive returns connectors that were started once the server has heard of
// them, so that whoever looks next sees them. One that ends instead, or takes
// too long, is returned as it is.
func (s *session) awaitActive(ctx context.Context, started []wire.SimulatedConnector) ([]wire.SimulatedConnector, error) {
	late := time.Now().Add(activeTime)
	for {
		var vms []wire.VMState
		if err := s.do(ctx, "see when connectors were last heard of", http.MethodGet, "/spurline/v1/vms", nil, &vms); err != nil {
			return nil, err
		}
		all, err := s.simulated(ctx)
		if err != nil {
			return nil, err
		}
		waiting := false
		for i, c := range started {
			if n := slices.IndexFunc(all, func(now wire.SimulatedConnector) bool { return now.Name == c.Name }); n >= 0 {
				started[i] = all[n]
			}
			waiting = waiting || started[i].Running && !slices.ContainsFunc(vms, func(vm wire.VMState) bool {
				return vm.NativeID == c.NativeID && vm.Status == statusActive
			})
		}
		if !waiting || time.Now().After(late) {
			return started, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, &failure{exitInterrupted, errors.New("interrupted; the connectors are started")}
		}
	}
}

func stateOf(c wire.SimulatedConnector) string {
	switch {
	case c.Running:
		return "running"
	case c.Stopped == "":
		return "stopped"
	default:
		return "stopped: " + c.Stopped
	}
}

func simulatedNoun() noun[wire.SimulatedConnector] {
	type row = wire.SimulatedConnector
	return noun[row]{one: "simulated connector", many: "simulated connectors", columns: []column[row]{
		{head: "NAME", text: func(c row) string { return c.Name }, tone: always[row](strong)},
		{head: "STATE", text: stateOf, tone: func(c row) tone {
			if c.Running {
				return good
			}
			return bad
		}},
		{head: "VM ID", text: func(c row) string {
			if c.VMID == 0 {
				return "-"
			}
			return fmt.Sprint(c.VMID)
		}, tone: always[row](faint)},
		{head: "NATIVE ID", text: func(c row) string { return dash(c.NativeID) }, spare: true},
		{head: "HEALTH", text: func(c row) string { return dash(c.Health) }, spare: true},
	}}
}

func newFleet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fleet", Short: "Grow and stop the sandbox's fleet, and see to its key", Args: cobra.NoArgs,
		RunE: verb(func(*cobra.Command) error {
			return &failure{exitUsage, errors.New("what about the fleet? There are up, down and key; see 'spurline fleet --help'")}
		}),
	}
	cmd.AddCommand(newFleetUp(), newFleetDown(), newFleetKey())
	return cmd
}

func newFleetUp() *cobra.Command {
	var plan wire.FleetPlan
	cmd := &cobra.Command{
		Use: "up", Short: "Start simulated connectors, so many groups with so many each", Args: cobra.NoArgs,
		Example: "  spurline fleet up --groups 5 --per-group 4",
		RunE: withSession(func(ctx context.Context, s *session, _ []string) error {
			if err := s.needSandbox("fleet up"); err != nil {
				return err
			}
			var all []wire.SimulatedConnector
			if err := s.do(ctx, "start the fleet", http.MethodPost, simulatedPath, plan, &all); err != nil {
				return err
			}
			return show(s.printer, simulatedNoun(), all)
		}),
	}
	cmd.Flags().IntVar(&plan.Groups, "groups", 1, "how many groups")
	cmd.Flags().IntVar(&plan.PerGroup, "per-group", 2, "how many connectors in each, 16 at most")
	outputFlags(cmd)
	return cmd
}

func newFleetDown() *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the simulated connectors, the demo org's too", Args: cobra.NoArgs,
		Long:    "down stops them as appliances are powered off: they are INACTIVE at once, and stay\nregistered until they are deleted. 'spurline connectors start' starts them again.",
		Example: "  spurline fleet down",
		RunE: withSession(func(ctx context.Context, s *session, _ []string) error {
			if err := s.needSandbox("fleet down"); err != nil {
				return err
			}
			if err := s.do(ctx, "stop the fleet", http.MethodDelete, simulatedPath, nil, nil); err != nil {
				return err
			}
			s.printer.title("no simulated connector runs any more")
			return nil
		}),
	}
}
