package fleet

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/store"
)

// families are the rules of a bundle, by the member that holds them.
var families = [...]struct{ member, kind string }{
	{"forwardingRules", kinds.ForwardingRuleKind}, {"dnsRules", kinds.DNSRuleKind}, {"logRules", kinds.LogRuleKind},
}

// resources are what rules name and a bundle has with them. A kind comes after
// those whose objects name objects of it.
var resources = [...]struct{ member, kind string }{
	{"gateways", kinds.GatewayKind},
	{"dnsGateways", kinds.DNSGatewayKind},
	{"ipSourceGroups", kinds.IPSourceGroupKind},
	{"ipDestinationGroups", kinds.IPDestinationGroupKind},
	{"ipGroups", kinds.IPGroupKind},
	{"networkServiceGroups", kinds.NetworkServiceGroupKind},
	{"networkServices", kinds.NetworkServiceKind},
	{"workloadGroups", kinds.WorkloadGroupKind},
}

// target is an object that is named.
type target struct {
	kind string
	id   int64
}

// rule is a rule as a connector runs it.
type rule struct {
	kinds.Rule
	body []byte
	uses []target
}

// policy is what all rules of an org say, at a version of its active view. A
// connector's bundle is cut from it, so that rules are read once and not once
// for each connector.
type policy struct {
	at    version
	rules [len(families)][]rule
	used  map[target]resourceBody
	bytes int
}

type resourceBody struct {
	body []byte
	uses []target
}

// policies keeps the policy of each org that is asked for.
type policies struct {
	mu    sync.Mutex
	byOrg map[int64]*orgPolicy
}

// orgPolicy makes those wait that need a policy which is being made.
type orgPolicy struct {
	mu  sync.Mutex
	now *policy
}

// policiesLimit bounds the bytes of rules that are kept for later, of all orgs.
const policiesLimit = 32 << 20

func newPolicies() *policies { return &policies{byOrg: map[int64]*orgPolicy{}} }

func (p *policies) of(org int64) *orgPolicy {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byOrg[org] == nil {
		p.byOrg[org] = &orgPolicy{}
	}
	return p.byOrg[org]
}

// clear forgets all: what a version says is not what it said before.
func (p *policies) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byOrg = map[int64]*orgPolicy{}
}

// trim forgets the others when there is too much.
func (p *policies) trim(org int64, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for other, o := range p.byOrg {
		if other != org && o.mu.TryLock() {
			if o.now != nil {
				bytes += o.now.bytes
			}
			o.mu.Unlock()
		}
	}
	if bytes > policiesLimit {
		own := p.byOrg[org]
		p.byOrg = map[int64]*orgPolicy{org: own}
	}
}

// policy returns the org's policy at a version of the active view, which is
// that of the transaction.
func (f *Fleet) policy(ctx context.Context, tx *store.Tx, at version) (*policy, error) {
	o := f.policies.of(tx.Org())
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now != nil && o.now.at == at {
		return o.now, nil
	}
	p, err := f.readPolicy(ctx, tx)
	if err != nil {
		return nil, err
	}
	p.at, o.now = at, p
	f.policies.trim(tx.Org(), p.bytes)
	return p, nil
}

func (f *Fleet) readPolicy(ctx context.Context, tx *store.Tx) (*policy, error) {
	view, p := f.engine.Active(tx), &policy{used: map[target]resourceBody{}}
	wanted := map[string][]int64{}
	want := func(o config.ActiveObject) (uses []target) {
		for ref := range o.Refs() {
			if slices.ContainsFunc(resources[:], func(r struct{ member, kind string }) bool { return r.kind == ref.Kind }) {
				uses = append(uses, target{ref.Kind, int64(ref.ID)})
				wanted[ref.Kind] = append(wanted[ref.Kind], int64(ref.ID))
			}
		}
		p.bytes += len(o.Body)
		return uses
	}
	for i, family := range families {
		if f.engine.Kinds().Kind(family.kind) == nil { // a set of kinds of somebody's own
			continue
		}
		objects, err := view.InOrder(ctx, family.kind)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			p.rules[i] = append(p.rules[i], rule{o.Value().(kinds.Rule), o.Body, want(o)})
		}
	}
	for _, r := range resources {
		ids := wanted[r.kind]
		slices.Sort(ids)
		objects, err := view.Many(ctx, r.kind, slices.Compact(ids))
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			p.used[target{r.kind, o.ID()}] = resourceBody{o.Body, want(o)}
		}
	}
	return p, nil
}

// write writes what concerns a connector at a site: the rules that it runs, in
// their order, and what they name.
func (p *policy) write(b *bytes.Buffer, site kinds.Site) {
	named := map[string][]int64{}
	seen := map[target]bool{}
	var name func(uses []target)
	name = func(uses []target) {
		for _, t := range uses {
			if _, there := p.used[t]; there && !seen[t] {
				seen[t] = true
				named[t.kind] = append(named[t.kind], t.id)
				name(p.used[t].uses)
			}
		}
	}
	for i, family := range families {
		var bodies [][]byte
		for _, r := range p.rules[i] {
			if r.Concerns(site) {
				bodies = append(bodies, r.body)
				name(r.uses)
			}
		}
		writeList(b, family.member, bodies)
	}
	for _, r := range resources {
		var bodies [][]byte
		slices.SortFunc(named[r.kind], cmp.Compare)
		for _, id := range named[r.kind] {
			bodies = append(bodies, p.used[target{r.kind, id}].body)
		}
		writeList(b, r.member, bodies)
	}
}

// writeList writes a member that is a list, after another member.
func writeList(b *bytes.Buffer, member string, bodies [][]byte) {
	b.WriteString(`,"` + member + `":[`)
	b.Write(bytes.Join(bodies, []byte{','}))
	b.WriteByte(']')
}
