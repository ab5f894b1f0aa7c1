package reference

import (
	"maps"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/document"
)

// view is a page to be written.
type view struct {
	title string
	query string        // what was searched for
	area  string        // the one that the contents show open
	main  func(*writer) // writes the main part; nil = there is no such page
}

func missing(w *writer) {
	w.put(`<h1>There is no such page</h1>
<p>Search for it above, or begin at <a href="%s">the first page</a>.</p>`, Root)
}

// write writes a whole page.
func (w *writer) write(v view) {
	w.put(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s · Spurline</title>
<link rel="stylesheet" href="/docs/style.css">
<link rel="icon" href="data:,">
<script src="/docs/search.js" defer></script>
</head>
<body>
<header>
  <a class="home" href="/docs">Spurline <span>API reference</span></a>
  <form role="search" action="/docs" method="get">
    <input type="search" name="q" value="%s" placeholder="Search operations and members" aria-label="Search" autocomplete="off">
    <button>Search</button>
  </form>
  <a class="skip" href="#contents">Contents</a>
</header>
<div class="columns">
<main id="main">
`, v.title, v.query)
	v.main(w)
	w.put("\n</main>\n")
	w.contents(v.area)
	w.put(`</div>
<footer>Unofficial: no part of it comes from the vendor whose API this is. The same as <a href="/spurline/openapi.json">an OpenAPI 3.1 document</a>.</footer>
</body>
</html>
`)
}

// contents writes what there is, with one area open.
func (w *writer) contents(open string) {
	w.put("<nav id=\"contents\" aria-label=\"Contents\">\n")
	for _, a := range w.Areas {
		w.put("<details%s>\n<summary>%s</summary>\n<ul>\n<li>%s</li>\n", when(a.Name == open, " open"), heading(a.Name), link("areas", a.Name, "All of it"))
		for _, o := range a.Operations {
			w.put(`<li data-find="%s"><a href="%s">%s %s</a></li>`+"\n",
				strings.ToLower(o.Summary+" "+o.Path+" "+o.ID), address("operations", o.ID), method(o), o.Summary)
		}
		w.put("</ul>\n</details>\n")
	}
	w.put("<details>\n<summary>Schemas</summary>\n<ul>")
	for _, name := range slices.Sorted(maps.Keys(w.Schemas)) {
		w.put(`<li data-find="%s">%s</li>`, strings.ToLower(name), link("schemas", name, name))
	}
	w.put("</ul>\n</details>\n</nav>\n")
}

func (w *writer) start() {
	w.put("<h1>%s</h1>\n%s<h2>Areas</h2>\n<dl class=\"areas\">\n", w.Title, prose(w.Introduction))
	for _, a := range w.Areas {
		w.put("<dt>%s</dt><dd>%s <span class=\"count\">%s operations</span></dd>\n", link("areas", a.Name, heading(a.Name)), a.Says, len(a.Operations))
	}
	w.put("</dl>")
}

func (w *writer) found(query string, r results) {
	w.put("<h1>“%s”</h1>\n", query)
	if len(r.Operations) > 0 {
		w.put("<h2>Operations</h2>")
		w.operations(r.Operations)
	}
	if len(r.Schemas) > 0 {
		w.put("<h2>Schemas</h2>\n<ul class=\"operations\">")
		for _, name := range r.Schemas {
			w.put("<li>%s</li>", link("schemas", name, name))
		}
		w.put("</ul>")
	}
	if len(r.Operations)+len(r.Schemas) == 0 {
		w.put("<p>Nothing has all of these words.</p>")
	}
}

func (w *writer) areaPage(a *document.Area) {
	w.put("<h1>%s</h1>\n<p>%s</p>\n", heading(a.Name), a.Says)
	w.operations(a.Operations)
}

func (w *writer) operations(all []*document.Operation) {
	w.put("<ul class=\"operations\">\n")
	for _, o := range all {
		w.put(`<li><a href="%s">%s <code>%s</code></a> <span>%s</span></li>`+"\n", address("operations", o.ID), method(o), o.Path, o.Summary)
	}
	w.put("</ul>")
}

// method is an operation's method, in the colour that it has.
func method(o *document.Operation) markup {
	return markup(`<b class="` + strings.ToLower(o.Method) + `">` + o.Method + `</b>`)
}

func (w *writer) operationPage(o *document.Operation) {
	w.put("<h1>%s</h1>\n", o.Summary)
	bases := []string{"/api/v1", "/ztw/api/v1"}
	if o.Native {
		bases = []string{""}
	}
	for _, base := range bases {
		w.put("<p class=\"path\">%s <code>%s%s</code></p>\n", method(o), base, o.Path)
	}
	w.put("%s<dl class=\"facts\">\n", prose(o.Says))
	if by := signs(o); by != "" {
		w.put("<dt>Sign-in</dt><dd>%s</dd>\n", by)
	}
	if o.Feature != "" {
		w.put("<dt>Permission</dt><dd><code>%s</code> %s</dd>\n", o.Feature, o.Level)
	}
	if o.Limit != "" {
		w.put("<dt>Rate limit</dt><dd>%s, for each org</dd>\n", o.Limit)
	}
	w.put("<dt>Operation</dt><dd><code>%s</code></dd>\n</dl>\n<pre tabindex=\"0\"><code>%s</code></pre>\n", o.ID, curl(o))
	w.parameters("In the path", within("path", o.Params))
	w.parameters("In the query", within("query", o.Params))
	if o.Body != nil {
		w.put("<h2>Request body</h2>")
		if len(o.Body.Members) > 0 {
			w.members(o.Body.Members)
		}
		w.content(o.Body)
	}
	w.put("<h2>Answers</h2>\n")
	for _, a := range o.Answers {
		w.put(`<section class="answer"><h3><span class="status s%s">%s</span> %s</h3>`, a.Status[:1], a.Status, a.Says)
		if a.Content != nil {
			w.content(a.Content)
		}
		w.put("</section>\n")
	}
}

func (w *writer) parameters(title string, all []document.Param) {
	if len(all) == 0 {
		return
	}
	w.put("<h2>%s</h2><div class=\"wide\"><table>\n<thead><tr><th>Parameter</th><th>Type</th><th>Is</th></tr></thead>\n<tbody>\n", title)
	for _, p := range all {
		w.put("<tr><td><code>%s</code>%s</td><td>%s</td>\n<td>%s %s</td></tr>\n", p.Name, required(p.Required), p.Schema.Form(), p.Says, bounded(p.Schema))
	}
	w.put("</tbody>\n</table></div>\n")
}

func (w *writer) members(all []document.Member) {
	w.put("<div class=\"wide\"><table>\n<thead><tr><th>Member</th><th>Type</th><th>Is</th></tr></thead>\n<tbody>\n")
	for _, m := range all {
		w.put("<tr><td><code>%s</code>%s</td>\n<td>%s</td>\n<td>%s %s</td></tr>\n",
			m.Name, required(m.Required && !m.ReadOnly), formOf(m.Schema), m.Description, bounded(m.Schema))
	}
	w.put("</tbody>\n</table></div>\n")
}

func required(is bool) markup { return when(is, " <em>required</em>") }

// content writes what a body consists of, with examples.
func (w *writer) content(c *document.Content) {
	if c.Schema != nil {
		w.put("<p class=\"form\">%s</p>\n", formOf(c.Schema))
	}
	for _, e := range c.Examples {
		w.put("<figure>")
		if e.Name != "" {
			w.put("<figcaption>%s</figcaption>", e.Name)
		}
		w.put(`<pre tabindex="0"><code>%s</code></pre></figure>`, pretty(e.Value))
	}
	w.put("\n")
}

func (w *writer) schemaPage(name string, s *document.Schema) {
	w.put("<h1>%s</h1>\n%s", name, prose(s.Description))
	if len(s.Properties) > 0 {
		w.members(s.Members())
	} else {
		w.put("<p class=\"form\">%s %s</p>\n", s.Form(), bounded(s))
	}
	if uses := w.uses[name]; len(uses) > 0 {
		w.put("<h2>Taken or answered by</h2>")
		w.operations(uses)
	}
}
