package resource

import (
	"reflect"
	"slices"
	"testing"

	"github.com/spurline/spurline/internal/wire"
)

// A description says what the tags say, of what a struct embeds as well.
func TestDescribe(t *testing.T) {
	t.Parallel()
	type selection struct {
		IDs []wire.Int `json:"ids"`
	}
	type thing struct {
		ID    wire.Int  `json:"id" readonly:"true"`
		Mode  string    `json:"mode" required:"true" enum:"ON OFF" view:"post:hide lite:zero"`
		Size  wire.Int  `json:"size,omitempty" min:"1" max:"9"`
		Place *wire.Ref `json:"place,omitempty" ref:"location,embed"`
		Parts Live      `json:"parts" live:"children part"`
		Used  Live      `json:"used" live:"referrers user"`
		By    *wire.Ref `json:"by,omitempty" stamp:"by"`
		selection
	}
	members, err := Describe(reflect.TypeFor[thing]())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Member{}
	var names []string
	for _, m := range members {
		by[m.Name], names = m, append(names, m.Name)
	}
	if want := []string{"id", "mode", "size", "place", "parts", "used", "by", "ids"}; !slices.Equal(names, want) {
		t.Fatalf("members %v, want %v", names, want)
	}
	for name, ok := range map[string]bool{
		"id is read-only":              by["id"].ReadOnly && by["id"].Always,
		"mode has words":               by["mode"].Required && slices.Equal(by["mode"].Enum, []string{"ON", "OFF"}),
		"mode is hidden in one view":   !by["mode"].Shows(InPost) && by["mode"].Shows(InGet),
		"mode is fixed in another":     by["mode"].Fixed(InLite) == `"NONE"` && by["mode"].Fixed(InGet) == "",
		"size has bounds, and may go":  *by["size"].Min == 1 && *by["size"].Max == 9 && !by["size"].Always,
		"place refers":                 by["place"].Ref == "location" && by["place"].Embeds && !by["place"].ReadOnly,
		"parts are joined":             by["parts"].Joined == Joined{Form: "children", Kind: "part"} && by["parts"].ReadOnly && by["parts"].Always,
		"who uses it may be nobody":    by["used"].Joined.Form == "referrers" && !by["used"].Always,
		"a stamp is the server's":      by["by"].Stamp == "by" && by["by"].ReadOnly,
		"an embedded struct's is sent": !by["ids"].ReadOnly && by["ids"].Always,
	} {
		if !ok {
			t.Errorf("it is not said that %s: %+v", name, by)
		}
	}
	if _, err := Describe(reflect.TypeFor[struct{ Unnamed string }]()); err == nil {
		t.Error("a field without a name on the wire is described")
	}
}
