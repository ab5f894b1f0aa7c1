package api_test

import (
	"slices"
	"testing"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/openapi"
)

// A declaration alone puts a kind into the OpenAPI document: its operations,
// and what is sent and answered.
func TestDocumentOfAKindThatNobodyKnows(t *testing.T) {
	t.Parallel()
	set := widgets(t)
	doc, err := openapi.Build(openapi.Source{Table: api.Table(set), Kinds: set})
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	list := doc.Paths.Value("/widgets").Get
	if list.OperationID != "listWidgets" || list.Parameters.GetByInAndName("query", "heavier") == nil || list.Extensions["x-rate-limit"] != "2/s 1000/h" {
		t.Errorf("the list: %+v", list)
	}
	if parent := doc.Paths.Value("/widgets/{widgetId}/parts").Post.Parameters.GetByInAndName("path", "widgetId"); parent == nil || !parent.Schema.Value.Type.Is("integer") {
		t.Errorf("the id of the parent: %+v", parent)
	}
	answered, sent, short := doc.Components.Schemas["Widget"].Value, doc.Components.Schemas["WidgetInput"].Value, doc.Components.Schemas["WidgetLite"].Value
	if want := []string{"id", "name", "weight", "parts"}; !slices.Equal(answered.Required, want) {
		t.Errorf("always answered: %v, want %v", answered.Required, want)
	}
	if want := []string{"name"}; !slices.Equal(sent.Required, want) || sent.Properties["id"] != nil || sent.Properties["parts"] != nil {
		t.Errorf("to be sent: %v, want %v", sent.Required, want)
	}
	if weight := sent.Properties["weight"].Value; *weight.Min != 0 || *weight.Max != 100 || *sent.Properties["name"].Value.MaxLength != 20 {
		t.Errorf("bounds: %+v", weight)
	}
	if got := answered.Properties["parts"].Value.Items.Ref; got != "#/components/schemas/Part" {
		t.Errorf("the parts of a widget are %q", got)
	}
	if colour := short.Properties["colour"]; colour == nil || !slices.Equal(colour.Value.Enum, []any{"RED", "BLUE"}) || short.Properties["weight"] != nil {
		t.Errorf("the short form: %+v", short.Properties)
	}
}
