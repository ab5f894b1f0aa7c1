package kinds

import (
	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// ZPASegment is a private-access application segment that rules may name. It
// comes from the private-access tenant, which here is an import. Source:
// resources/zpa-application-segment.md. One that is gone upstream stays, as
// deleted, for the rules that name it.
type ZPASegment struct {
	ID          wire.Int  `json:"id" readonly:"true" sort:"id"`
	Name        string    `json:"name" required:"true" max:"255" order:"list lite" sort:"name"`
	Description string    `json:"description,omitempty" max:"10240"`
	ZPAID       wire.Int  `json:"zpaId" required:"true" min:"1"`
	Deleted     wire.Bool `json:"deleted"`
}

func zpaSegment() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ZPASegment]{
		Name: ZPASegmentKind, Title: "ZPA application segment", Path: "/zpaResources/applicationSegments",
		Ops:  resource.List,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		Limits:  resource.Limits{Read: fastRead, Page: 50, Max: 50_000},
		Audit:   resource.Audit{Category: "Traffic Forwarding Resource", Sub: "Application Segment"},
		Filters: []resource.Filter[ZPASegment]{{Param: "search", Says: "A part of the name, in any case.", Name: resource.NameContains}},
	})
}

// ZPASegmentGroup is a group of segments. It has no operations of its own and
// is met inside rules only.
type ZPASegmentGroup struct {
	ID       wire.Int  `json:"id" readonly:"true"`
	Name     string    `json:"name" required:"true" max:"255"`
	ZPAID    wire.Int  `json:"zpaId" required:"true" min:"1"`
	Deleted  wire.Bool `json:"deleted"`
	Segments wire.Int  `json:"zpaAppSegmentsCount" min:"0"`
}

func zpaSegmentGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[ZPASegmentGroup]{
		Name: ZPASegmentGroupKind, Title: "ZPA application segment group",
		Limits: resource.Limits{Max: 600},
		Audit:  resource.Audit{Category: "Traffic Forwarding Resource", Sub: "Application Segment Group"},
	})
}
