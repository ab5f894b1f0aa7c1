package cli

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
)

// catalogue is the operation table as nouns and verbs: each operation has its
// place in it, but for those that a hand-made verb is for.
type catalogue struct {
	kinds *resource.Set
	table []operation.Operation
	nouns []*apiNoun
}

// apiNoun is a thing that operations are about.
type apiNoun struct {
	name      string   // "ip-source-groups"
	aliases   []string // short ones
	one, many string   // "IP source group", "IP source groups"
	kind      *resource.Spec
	verbs     []*apiVerb
}

// apiVerb is an operation as a verb.
type apiVerb struct {
	name string
	noun *apiNoun
	op   *operation.Operation
	all  *catalogue
}

// handMade names the verb that serves an operation instead of a generic one.
func handMade() map[string]string {
	return map[string]string{
		"signIn": "login", "signOut": "logout", "getSession": "whoami", "whoAmI": "whoami",
		"getActivationStatus": "status", "listPending": "status", "activate": "activate", "forceActivate": "activate",
		"listEcGroups": "groups list", "getEcGroup": "groups get", "getEcVm": "vms get", "listVmStates": "vms list",
		"deleteEcVm": "delete", "deleteEcVmByInstance": "delete", "deleteFromEcVms": "delete",
		"listLocations": "locations list", "getLocation": "locations get",
		"getEnrolmentKey": "fleet key show", "rotateEnrolmentKey": "fleet key rotate",
		"listSimulatedConnectors": "connectors list", "startSimulatedConnector": "connectors start", "stopSimulatedConnector": "connectors stop",
		"growFleet": "fleet up", "stopFleet": "fleet down",
		"enrolConnector": "connectors run", "reportConnector": "connectors run", "getBundle": "connectors run",
		"listOrgs": "org list", "createOrg": "org create", "createOrgAdmin": "admin create", "disableAdmin": "admin disable", "setAdminPassword": "admin passwd",
		"listApiClients": "clients list", "getApiClient": "clients get", "createApiClient": "clients create", "deleteApiClient": "clients delete",
		"setApiKeyState": "org key disable", "deleteApiKey": "org key delete",
		"backup": "backup", "restore": "restore", "reset": "reset",
		"listRequests": "requests list", "getRequest": "requests show", "getRun": "requests summary", "beginRun": "requests summary",
		"listAudit": "audit", "getAudit": "audit show", "verifyAudit": "audit verify",
		"listInstallationAudit": "audit", "getInstallationAudit": "audit show", "verifyInstallationAudit": "audit verify",
	}
}

// renamed are the places that do not follow from an operation's id.
func renamed() map[string][2]string {
	return map[string][2]string{
		"changePassword":  {"password", "change"},
		"deleteEcRoutes":  {"routes", "delete-all"}, // delete is of one
		"addClientSecret": {"clients", "add-secret"}, "deleteClientSecret": {"clients", "delete-secret"},
		"addClientKeys": {"clients", "add-keys"}, "deleteClientKey": {"clients", "delete-key"}, "endClientTokens": {"clients", "end-tokens"},
	}
}

// nounAliases are shorter names of nouns, and the one that is another
// altogether: admins are what 'spurline admin' makes in an installation.
func nounAliases(name string) (string, []string) {
	switch name {
	case "admins":
		return "admin-users", nil
	case "api-clients":
		return "clients", nil
	case "forwarding-rules":
		return name, []string{"rules"}
	case "log-and-control-rules":
		return name, []string{"log-rules"}
	}
	return name, nil
}

func newCatalogue(kinds *resource.Set, table []operation.Operation) *catalogue {
	c := &catalogue{kinds: kinds, table: table}
	made := handMade()
	for i := range table {
		o := &table[i]
		if made[o.ID] != "" || o.Root || o.Sign == operation.ByToken || o.Sign == operation.ByOwner {
			continue
		}
		noun, name := c.place(o)
		if slices.ContainsFunc(noun.verbs, func(v *apiVerb) bool { return v.name == name }) {
			name = kebab(o.ID)
		}
		noun.verbs = append(noun.verbs, &apiVerb{name, noun, o, c})
	}
	slices.SortFunc(c.nouns, func(a, b *apiNoun) int { return strings.Compare(a.name, b.name) })
	return c
}

// place finds where an operation belongs: to its kind, or to the one that its
// id names, or to the one at whose path it is, or to what its path starts with.
func (c *catalogue) place(o *operation.Operation) (*apiNoun, string) {
	if place, ok := renamed()[o.ID]; ok {
		return c.noun(place[0], nil), place[1]
	}
	kind := o.Spec
	if kind == nil {
		kind = c.kindNamedIn(o.ID)
	}
	if kind != nil {
		at := strings.Index(strings.ToLower(o.ID), strings.ToLower(kind.Name))
		name := kebab(o.ID[:max(at, 0)]) + "-" + strings.TrimPrefix(kebab(withoutPlural(o.ID[max(at, 0)+len(kind.Name):])), "-")
		if o.Spec != nil {
			name = genericVerb(o.Verb)
		}
		return c.noun("", kind), shortVerb(strings.Trim(name, "-"))
	}
	for _, s := range c.kinds.All() {
		if s.Ops != 0 && strings.HasPrefix(o.Path, s.Path+"/") && (kind == nil || len(s.Path) > len(kind.Path)) {
			kind = s
		}
	}
	if kind != nil {
		return c.noun("", kind), kebab(o.ID)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(o.Path, "/spurline/v1"), "/"), "/")
	noun := c.noun(kebab(first), nil)
	words := slices.DeleteFunc(strings.Split(kebab(o.ID), "-"), func(word string) bool {
		return slices.Contains(strings.Split(noun.name, "-"), word)
	})
	return noun, strings.Join(words, "-")
}

// noun returns the noun of a kind, or the one of that name.
func (c *catalogue) noun(name string, kind *resource.Spec) *apiNoun {
	n := &apiNoun{name: name, kind: kind, one: strings.ReplaceAll(name, "-", " "), many: strings.ReplaceAll(name, "-", " ")}
	if kind != nil {
		n.one = kindTitle(kind)
		n.many = plural(n.one)
		n.name = strings.ToLower(strings.ReplaceAll(n.many, " ", "-"))
	}
	n.name, n.aliases = nounAliases(n.name)
	for _, known := range c.nouns {
		if known.name == n.name {
			known.kind = cmp.Or(known.kind, kind)
			return known
		}
	}
	c.nouns = append(c.nouns, n)
	return n
}

// kindTitle is a kind as people call it. That it is a connector's goes without
// saying: groups, VMs, interfaces and routes are nothing else here.
func kindTitle(s *resource.Spec) string { return strings.TrimPrefix(s.Title, "connector ") }

func plural(s string) string {
	if strings.HasSuffix(s, "s") {
		return s
	}
	if strings.HasSuffix(s, "y") && !strings.HasSuffix(s, "ay") && !strings.HasSuffix(s, "ey") {
		return s[:len(s)-1] + "ies"
	}
	return s + "s"
}

// kindNamedIn finds the kind with the longest name that is a part of an id.
func (c *catalogue) kindNamedIn(id string) (best *resource.Spec) {
	for _, s := range c.kinds.All() {
		at := strings.Index(strings.ToLower(id), strings.ToLower(s.Name))
		if at < 0 || best != nil && len(s.Name) < len(best.Name) {
			continue
		}
		if rest := withoutPlural(id[at+len(s.Name):]); rest == "" || unicode.IsUpper(rune(rest[0])) {
			best = s
		}
	}
	return best
}

func withoutPlural(s string) string { return strings.TrimPrefix(s, "s") }

func genericVerb(op resource.Op) string {
	switch op {
	case resource.List:
		return "list"
	case resource.Lite:
		return "list-lite"
	case resource.LiteGet:
		return "get-lite"
	case resource.Get:
		return "get"
	case resource.Create:
		return "create"
	case resource.Update:
		return "update"
	default:
		return "delete"
	}
}

// shortVerb leaves out what a noun after the verb had needed: addToEcVms.
func shortVerb(name string) string {
	switch name {
	case "add-to":
		return "add"
	case "replace-in":
		return "replace"
	case "delete-from":
		return "remove"
	default:
		return name
	}
}

var wordStart = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)

// kebab writes camel case in small letters with hyphens.
func kebab(s string) string {
	return strings.ToLower(wordStart.ReplaceAllString(s, "$1$3-$2$4"))
}

// reader is the operation that reads what one at the same path replaces; nil
// where there is none.
func (v *apiVerb) reader() *operation.Operation {
	o := v.all.operation("GET", v.op.Path)
	if o == nil || v.op.Method != "PUT" || o.Out == nil || shapeOf(o.Out).sort != anObject {
		return nil
	}
	return o
}

func (c *catalogue) operation(method, path string) *operation.Operation {
	i := slices.IndexFunc(c.table, func(o operation.Operation) bool { return o.Method == method && o.Path == path })
	if i < 0 {
		return nil
	}
	return &c.table[i]
}

// staged reports whether what an operation writes waits for an activation.
func (v *apiVerb) staged() bool {
	k := v.noun.kind
	return !v.op.Native && v.op.Level == access.ReadWrite && k != nil && !k.Unstaged && (v.op.Spec != nil || v.op.In == k.Type)
}
