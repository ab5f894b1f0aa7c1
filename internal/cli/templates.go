package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurline/spurline/internal/wire"
)

// The two sorts of template, as people call them.
const (
	provisioning     = "provisioning"
	locationTemplate = "location"
)

// template is what is shown of a provisioning or a location template.
type template struct {
	ID      wire.Int  `json:"id"`
	Name    string    `json:"name"`
	Desc    string    `json:"desc"`
	URL     string    `json:"provUrl"`
	Status  string    `json:"status"`
	LastMod wire.Time `json:"lastModTime"`
	By      *wire.Ref `json:"lastModUid"`
	Used    []struct {
		Name string `json:"name"`
	} `json:"usedInEcGroups"`
	Data struct {
		Provider         string    `json:"cloudProviderType"`
		FormFactor       string    `json:"formFactor"`
		LocationTemplate *wire.Ref `json:"locationTemplate"`
	} `json:"provUrlData"`
	Template struct {
		Prefix string `json:"templatePrefix"`
	} `json:"template"`

	sort string
}

func newTemplates() *cobra.Command {
	return shown{
		name: "templates", short: "List the provisioning and location templates", getShort: "Show a template, by name or id",
		example: "  spurline templates\n  spurline templates get my-template -o yaml",
		list: func(ctx context.Context, s *session, _ []string) error {
			all, err := s.templates(ctx)
			if err != nil {
				return err
			}
			return show(s.printer, templateNoun(), all)
		},
		get: getTemplate,
		names: func(ctx context.Context, s *session) ([]string, error) {
			all, err := s.templates(ctx)
			var names []string
			for _, t := range all {
				names = append(names, t.object.Name+"\t"+t.object.sort+" template")
			}
			return names, err
		},
	}.command()
}

// templates reads both sorts.
func (s *session) templates(ctx context.Context) ([]entry[template], error) {
	all, err := list[template](ctx, s, "list the provisioning templates", "/provUrl")
	if err != nil {
		return nil, err
	}
	split := len(all)
	locations, err := list[template](ctx, s, "list the location templates", "/locationTemplate")
	if err != nil {
		return nil, err
	}
	all = append(all, locations...)
	for i := range all {
		sort := provisioning
		if i >= split {
			sort = locationTemplate
		}
		all[i] = sorted(all[i], sort)
	}
	return all, nil
}

// sorted marks a template with its sort, which the vendor's object lacks.
func sorted(t entry[template], sort string) entry[template] {
	t.object.sort = sort
	t.extra = []member{{"kind", sort}}
	return t
}

func templateNoun() noun[entry[template]] {
	type row = entry[template]
	return noun[row]{one: "template", many: "templates", columns: []column[row]{
		{head: "ID", text: func(t row) string { return fmt.Sprint(t.object.ID) }, tone: always[row](faint)},
		{head: "KIND", text: func(t row) string { return t.object.sort }},
		{head: "NAME", text: func(t row) string { return t.object.Name }, tone: always[row](strong)},
		{head: "PLATFORM", text: func(t row) string { return dash(t.object.Data.Provider) }},
		{head: "SIZE", text: func(t row) string { return dash(t.object.Data.FormFactor) }, spare: true},
		{head: "STATUS", text: func(t row) string { return dash(t.object.Status) }},
		{head: "GROUPS", text: groupsUsing, spare: true},
		{head: "LOCATION TEMPLATE", text: func(t row) string { return nameOf(t.object.Data.LocationTemplate) }, spare: true},
		{head: "PREFIX", text: func(t row) string { return dash(t.object.Template.Prefix) }, detail: true},
		{head: "URL", text: func(t row) string { return dash(t.object.URL) }, detail: true},
		{head: "CHANGED", when: func(t row) wire.Time { return t.object.LastMod }, detail: true},
		{head: "CHANGED BY", text: func(t row) string { return nameOf(t.object.By) }, detail: true},
		{head: "DESCRIPTION", text: func(t row) string { return dash(t.object.Desc) }, detail: true},
	}}
}

func groupsUsing(t entry[template]) string {
	if t.object.sort != provisioning {
		return "-"
	}
	return fmt.Sprint(len(t.object.Used))
}

func getTemplate(ctx context.Context, s *session, args []string) error {
	all, err := s.templates(ctx)
	if err != nil {
		return err
	}
	found, err := choices[entry[template]]{
		"template", "spurline templates", all,
		func(t entry[template]) int64 { return int64(t.object.ID) },
		func(t entry[template]) []string { return []string{t.object.Name} },
	}.find(args[0])
	if err != nil {
		return err
	}
	path := "/provUrl"
	if found.object.sort == locationTemplate {
		path = "/locationTemplate"
	}
	t, err := get[template](ctx, s, "get the template "+found.object.Name, fmt.Sprintf("%s/%d", path, found.object.ID))
	if err != nil {
		return err
	}
	return showOne(s.printer, templateNoun(), sorted(t, found.object.sort))
}
