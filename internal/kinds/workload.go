package kinds

import (
	"net/http"
	"strings"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// WorkloadGroup is a set of cloud workloads, chosen by their tags. It is
// written in the sibling product, which here is an import. Source:
// resources/workload-group.md.
type WorkloadGroup struct {
	ID               wire.Int            `json:"id" readonly:"true"`
	Name             string              `json:"name" required:"true" max:"255"`
	Description      string              `json:"description,omitempty" max:"10240"`
	ExpressionJSON   *WorkloadExpression `json:"expressionJson"`
	Expression       string              `json:"expression" readonly:"true"`
	LastModifiedTime wire.Time           `json:"lastModifiedTime" stamp:"time"`
	LastModifiedBy   *wire.Ref           `json:"lastModifiedBy,omitempty" stamp:"by"`
}

// WorkloadExpression is a chain of containers, each joined to the one before
// by its operator.
type WorkloadExpression struct {
	Containers []ExpressionContainer `json:"expressionContainers"`
}

// ExpressionContainer holds tags of one level of the inheritance from VPC to
// interface.
type ExpressionContainer struct {
	TagType      string       `json:"tagType" required:"true" enum:"ANY VPC SUBNET VM ENI ATTR"`
	Operator     string       `json:"operator" enum:"AND OR OPEN_PARENTHESES CLOSE_PARENTHESES"`
	TagContainer TagContainer `json:"tagContainer"`
}

// TagContainer is tags and how they are joined.
type TagContainer struct {
	Tags     []Tag  `json:"tags" required:"true"`
	Operator string `json:"operator" enum:"AND OR OPEN_PARENTHESES CLOSE_PARENTHESES"`
}

// Tag is what a workload must carry.
type Tag struct {
	Key   string `json:"key" required:"true" max:"255"`
	Value string `json:"value" max:"255"`
}

// maxTags is how many pairs a group may have in all its containers.
const maxTags = 8

// attributes are the keys of the tag type ATTR: what the provider says of a
// workload.
const attributes = " GroupId GroupName IamInstanceProfile-Arn ImageId PlatformDetails Vpc-id "

func workloadGroup() (*resource.Spec, error) {
	return resource.Define(resource.Kind[WorkloadGroup]{
		Name: WorkloadGroupKind, Title: "workload group", Path: "/workloadGroups",
		Ops:  resource.List | resource.Lite | resource.Get,
		Area: resource.PolicyResources, Feature: access.Forwarding,
		Limits:   resource.Limits{Read: lightRead, LiteRead: fastRead, Page: 250, LitePage: 20},
		Audit:    resource.Audit{Category: "Traffic Forwarding Resource", Sub: "Workload Group"},
		Unique:   resource.UniqueName,
		Defaults: fillWorkloadGroup,
		Validate: checkWorkloadGroup,
	})
}

// fillWorkloadGroup writes the expression for people to read.
func fillWorkloadGroup(_ resource.Facts, g *WorkloadGroup) {
	if g.ExpressionJSON == nil {
		return
	}
	var text strings.Builder
	for i := range g.ExpressionJSON.Containers {
		c := &g.ExpressionJSON.Containers[i]
		c.Operator, c.TagContainer.Operator = or(c.Operator, "AND"), or(c.TagContainer.Operator, "AND")
		if i > 0 {
			text.WriteString(" " + c.Operator + " ")
		}
		var tags []string
		for _, t := range c.TagContainer.Tags {
			tags = append(tags, "("+t.Key+" = "+t.Value+")")
		}
		text.WriteString(c.TagType + "[" + strings.Join(tags, " "+c.TagContainer.Operator+" ") + "]")
	}
	g.Expression = text.String()
}

func checkWorkloadGroup(_ resource.Facts, g *WorkloadGroup) error {
	if g.ExpressionJSON == nil || len(g.ExpressionJSON.Containers) == 0 {
		return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Workload group expression info is missing!"}
	}
	n := 0
	for _, c := range g.ExpressionJSON.Containers {
		n += len(c.TagContainer.Tags)
		for _, t := range c.TagContainer.Tags {
			if c.TagType == "ATTR" && !strings.Contains(attributes, " "+t.Key+" ") {
				return wire.Invalid("expressionJson.expressionContainers", "%q is not one of%s", shorten(t.Key), strings.TrimSuffix(attributes, " "))
			}
		}
	}
	return atMost(maxTags, "expressionJson.expressionContainers", n)
}
