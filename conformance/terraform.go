package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Terraform plays the vendor's Terraform provider on either client of the Go
// SDK: clients.md, "Terraform provider (ztc)".
type Terraform struct {
	SDK SDK
	// State is what the provider keeps, by address, in the order of creation.
	State []*Resource

	cache map[string]map[string]any // of reads; a write clears what it changes
}

// SDK is what the provider uses of either client.
type SDK interface {
	Get(ctx context.Context, path string, out any) error
	List(ctx context.Context, path string, out any) error
	Create(ctx context.Context, path string, in, out any) error
	Update(ctx context.Context, path string, in, out any) error
	Delete(ctx context.Context, path string) error
}

// Resource is one object of a plan.
type Resource struct {
	Address string
	Path    string         // of the collection
	Config  map[string]any // as planned
	ID      int64
	// Read is the object as it was last read back.
	Read map[string]any
	// Rule resources are read from their list and nowhere else.
	Rule bool
}

// ruleRound is how often the provider puts the rules in order.
const ruleRound = 30 * time.Second

// errGone is a resource that was read and is not there: it leaves the state.
var errGone = errors.New("gone from the state")

// Fatal reports whether the provider stops at an error at once.
func Fatal(err error) bool {
	f := FailureOf(err)
	return f != nil && slices.Contains([]string{"INVALID_INPUT_ARGUMENT", "TRIAL_EXPIRED", "EDIT_LOCK_NOT_AVAILABLE", "DUPLICATE_ITEM"}, f.Code)
}

// Apply creates a resource and reads it back by its id. The SDK sends an id of
// 0 with every create.
func (t *Terraform) Apply(ctx context.Context, r *Resource) error {
	in := map[string]any{"id": 0}
	for name, value := range r.Config {
		in[name] = value
	}
	if r.Rule { // first at the end, and put into its place later
		all, err := t.rules(ctx, r.Path)
		if err != nil {
			return err
		}
		in["order"], in["rank"] = max(len(all), 1), 7
	}
	var made struct{ ID int64 } // an id that is no integer fails here (behaviours.md 11.7)
	if err := t.SDK.Create(ctx, r.Path, in, &made); err != nil {
		return fmt.Errorf("create %s: %w", r.Address, err)
	}
	clear(t.cache)
	if made.ID == 0 {
		return fmt.Errorf("create %s: the answer has no id", r.Address)
	}
	r.ID = made.ID
	t.State = append(t.State, r)
	return t.Refresh(ctx, r)
}

// Refresh reads a resource into the state.
func (t *Terraform) Refresh(ctx context.Context, r *Resource) error {
	read, err := t.read(ctx, r)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Address, err)
	}
	r.Read = read
	return nil
}

func (t *Terraform) read(ctx context.Context, r *Resource) (map[string]any, error) {
	path := fmt.Sprintf("%s/%d", r.Path, r.ID)
	if r.Rule {
		all, err := t.rules(ctx, r.Path)
		if err != nil {
			return nil, err
		}
		for _, rule := range all {
			if idOf(rule) == r.ID {
				return rule, nil
			}
		}
		return nil, fmt.Errorf("rule %d is missing in its list", r.ID) // an error, not a removal
	}
	if read, ok := t.cache[path]; ok {
		return read, nil
	}
	var read map[string]any
	if err := t.SDK.Get(ctx, path, &read); err != nil {
		if f := FailureOf(err); f != nil && f.Status == 404 {
			return nil, errGone
		}
		return nil, err
	}
	if t.cache == nil {
		t.cache = map[string]map[string]any{}
	}
	t.cache[path] = read
	return read, nil
}

func (t *Terraform) rules(ctx context.Context, path string) ([]map[string]any, error) {
	var all []map[string]any
	err := t.SDK.List(ctx, path, &all)
	return all, err
}

func idOf(object map[string]any) int64 {
	id, _ := object["id"].(float64)
	return int64(id)
}

// Plan compares a resource as it is read now with the state, member by member,
// and with what was planned: what it tells would be a change in a second plan.
func (t *Terraform) Plan(ctx context.Context, r *Resource) (changes []string, err error) {
	clear(t.cache)
	now, err := t.read(ctx, r)
	if err != nil {
		return nil, err
	}
	for name, value := range now {
		if !reflect.DeepEqual(value, r.Read[name]) {
			changes = append(changes, fmt.Sprintf("%s.%s: %v was %v", r.Address, name, value, r.Read[name]))
		}
	}
	for name := range r.Read {
		if _, ok := now[name]; !ok {
			changes = append(changes, fmt.Sprintf("%s.%s is gone", r.Address, name))
		}
	}
	for name, planned := range r.Config {
		if !holds(now[name], planned) {
			changes = append(changes, fmt.Sprintf("%s.%s: %v, planned %v", r.Address, name, now[name], planned))
		}
	}
	for name, value := range now {
		if _, planned := r.Config[name]; !planned && !computed(name) && !zero(value) {
			changes = append(changes, fmt.Sprintf("%s.%s: %v, planned nothing", r.Address, name, value))
		}
	}
	slices.Sort(changes)
	return changes, nil
}

// computed are the members that a plan never sets and the provider takes as
// they come.
func computed(name string) bool {
	return slices.Contains([]string{
		"id", "accessControl", "order", "rank", "creatorContext", "editable", "provUrl", "status", "type", "isNonEditable", "ipAddresses",
		"lastModifiedBy", "lastModifiedTime", "lastModUid", "lastModTime", "lastModUser", "srcTcpPorts", "provUrlData", "failClosed",
	}, name)
}

// zero reports whether a member that nobody set looks unset to the provider.
func zero(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return reflect.ValueOf(value).IsZero()
	}
}

// holds reports whether what was read has what was planned: objects by the
// planned members, references by id, lists as sets.
func holds(read, planned any) bool {
	text, err := json.Marshal(planned)
	if err != nil {
		return false
	}
	var want any
	if json.Unmarshal(text, &want) != nil {
		return false
	}
	return Covers(read, want)
}

// Covers reports whether what was read has what was wanted: objects by the
// wanted members, lists in any order.
func Covers(read, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := read.(map[string]any)
		for name, value := range want {
			ok = ok && Covers(object[name], value)
		}
		return ok
	case []any:
		list, ok := read.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for _, value := range want {
			ok = ok && slices.ContainsFunc(list, func(element any) bool { return Covers(element, value) })
		}
		return ok
	default:
		return reflect.DeepEqual(read, want)
	}
}

// Change updates a resource with a changed configuration and reads it back.
func (t *Terraform) Change(ctx context.Context, r *Resource, config map[string]any) error {
	r.Config = config
	in := map[string]any{"id": r.ID}
	for name, value := range config {
		in[name] = value
	}
	if r.Rule {
		in["rank"] = 7
		if in["order"] == nil {
			in["order"] = r.Read["order"]
		}
	}
	var out map[string]any
	if err := t.SDK.Update(ctx, fmt.Sprintf("%s/%d", r.Path, r.ID), in, &out); err != nil {
		return fmt.Errorf("update %s: %w", r.Address, err)
	}
	clear(t.cache)
	return t.Refresh(ctx, r)
}

// Reorder is one of the provider's rounds: the list, and a PUT of every rule
// that is not where it should be. wait is what passes before it.
func (t *Terraform) Reorder(ctx context.Context, path string, order []int64, clock *Clock) error {
	if err := clock.wait(ctx, ruleRound); err != nil {
		return err
	}
	for place, id := range order {
		all, err := t.rules(ctx, path)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(rule map[string]any) bool { return idOf(rule) == id })
		if at < 0 {
			return fmt.Errorf("rule %d is missing in its list", id)
		}
		if all[at]["order"] == float64(place+1) {
			continue
		}
		in := map[string]any{}
		for name, value := range all[at] {
			if !strings.HasPrefix(name, "lastModified") {
				in[name] = value
			}
		}
		in["order"] = place + 1
		var out map[string]any
		if err := t.SDK.Update(ctx, fmt.Sprintf("%s/%d", path, id), in, &out); err != nil {
			return fmt.Errorf("order rule %d: %w", id, err)
		}
	}
	clear(t.cache)
	return nil
}

// Destroy deletes everything of the state in the reverse order, without an
// activation in between, and reads each once more, which has to be a 404.
func (t *Terraform) Destroy(ctx context.Context) error {
	clear(t.cache)
	for _, r := range slices.Backward(t.State) {
		path := fmt.Sprintf("%s/%d", r.Path, r.ID)
		if err := t.SDK.Delete(ctx, path); err != nil {
			return fmt.Errorf("destroy %s: %w", r.Address, err)
		}
		var object map[string]any
		err := t.SDK.Get(ctx, path, &object)
		if f := FailureOf(err); f == nil || f.Status != 404 {
			return fmt.Errorf("%s was destroyed and answers %w", r.Address, err)
		}
	}
	t.State = nil
	return nil
}
