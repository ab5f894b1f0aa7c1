package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

// place is what is shown of a location.
type place struct {
	ID       wire.Int `json:"id"`
	Name     string   `json:"name"`
	ParentID wire.Int `json:"parentId"`
	Country  string   `json:"country"`
	State    string   `json:"state"`
	TZ       string   `json:"tz"`
	Profile  string   `json:"profile"`
	Children wire.Int `json:"childCount"`
	Up       wire.Int `json:"upBandwidth"`
	Down     wire.Int `json:"dnBandwidth"`
	Firewall bool     `json:"ofwEnabled"`
	IPS      bool     `json:"ipsControl"`
	Desc     string   `json:"description"`
	VPC      *struct {
		Provider string `json:"cloudProvider"`
		Meta     struct {
			Name string `json:"name"`
		} `json:"cloudMeta"`
	} `json:"vpcInfo"`
}

func newLocations() *cobra.Command {
	return shown{
		name: "locations", short: "List the locations", getShort: "Show a location, by name or id",
		example: "  spurline locations list\n  spurline locations get my-location -o json",
		list: func(ctx context.Context, s *session, _ []string) error {
			all, err := s.locations(ctx)
			if err != nil {
				return err
			}
			return show(s.printer, placeNoun(), all)
		},
		get: getLocation,
		names: func(ctx context.Context, s *session) ([]string, error) {
			all, err := s.locations(ctx)
			var names []string
			for _, l := range all {
				names = append(names, l.object.Name)
			}
			return names, err
		},
	}.command()
}

func (s *session) locations(ctx context.Context) ([]entry[place], error) {
	return list[place](ctx, s, "list the locations", "/location")
}

func placeNoun() noun[entry[place]] {
	type row = entry[place]
	return noun[row]{one: "location", many: "locations", columns: []column[row]{
		{head: "ID", text: func(l row) string { return fmt.Sprint(l.object.ID) }, tone: always[row](faint)},
		{head: "NAME", text: func(l row) string { return l.object.Name }, tone: always[row](strong)},
		{head: "PLATFORM", text: func(l row) string {
			if l.object.VPC == nil {
				return "-"
			}
			return dash(l.object.VPC.Provider)
		}},
		{head: "NETWORK", text: func(l row) string {
			if l.object.VPC == nil {
				return "-"
			}
			return dash(l.object.VPC.Meta.Name)
		}},
		{head: "COUNTRY", text: func(l row) string { return noneIsDash(l.object.Country) }, spare: true},
		{head: "TIME ZONE", text: func(l row) string { return dash(l.object.TZ) }, spare: true},
		{head: "PROFILE", text: func(l row) string { return noneIsDash(l.object.Profile) }, spare: true},
		{head: "SUBLOCATIONS", text: func(l row) string { return fmt.Sprint(l.object.Children) }, detail: true},
		{head: "FIREWALL", text: func(l row) string { return yesNo(l.object.Firewall) }, detail: true},
		{head: "IPS", text: func(l row) string { return yesNo(l.object.IPS) }, detail: true},
		{head: "UP KBPS", text: func(l row) string { return fmt.Sprint(l.object.Up) }, detail: true},
		{head: "DOWN KBPS", text: func(l row) string { return fmt.Sprint(l.object.Down) }, detail: true},
		{head: "DESCRIPTION", text: func(l row) string { return dash(l.object.Desc) }, detail: true},
	}}
}

// noneIsDash shows the API's word for nothing as nothing.
func noneIsDash(s string) string {
	if s == "NONE" {
		return "-"
	}
	return dash(s)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func getLocation(ctx context.Context, s *session, args []string) error {
	all, err := s.locations(ctx)
	if err != nil {
		return err
	}
	found, err := choices[entry[place]]{
		"location", "spurline locations list", all,
		func(l entry[place]) int64 { return int64(l.object.ID) },
		func(l entry[place]) []string { return []string{l.object.Name} },
	}.find(args[0])
	if err != nil {
		return err
	}
	l, err := get[place](ctx, s, "get the location "+found.object.Name, fmt.Sprintf("/location/%d", found.object.ID))
	if err != nil {
		return err
	}
	return showOne(s.printer, placeNoun(), l)
}
