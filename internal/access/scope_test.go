package access

import "testing"

func TestScope(t *testing.T) {
	t.Parallel()
	var whole *Scope
	two, one, none := NewScope([]int64{9, 4, 9}, true), NewScope([]int64{4}, false), NewScope(nil, false)
	for _, c := range []struct {
		name      string
		got, want bool
	}{
		{"the whole org holds all", whole.Holds(7), true},
		{"a scope holds its own", two.Holds(9), true},
		{"a scope holds nothing else", two.Holds(5), false},
		{"no location, nothing held", none.Holds(0), false},
		{"the whole org covers itself", whole.Covers(nil), true},
		{"the whole org covers a scope", whole.Covers(two), true},
		{"a scope does not cover the whole org", two.Covers(nil), false},
		{"a scope covers a smaller one", two.Covers(one), true},
		{"a scope does not cover a larger one", one.Covers(two), false},
		{"a scope does not cover one that allows more", one.Covers(NewScope([]int64{4}, true)), false},
		{"what is empty is covered", none.Covers(none), true},
		{"creating goes with the whole org", whole.Creates(), true},
		{"creating is given", two.Creates(), true},
		{"creating is not given", one.Creates(), false},
		{"keys tell scopes apart", two.Key() != one.Key() && one.Key() != none.Key() && none.Key() != whole.Key(), true},
		{"a key is the scope's, however it was made", two.Key() == NewScope([]int64{4, 9}, false).Key(), true},
	} {
		if c.got != c.want {
			t.Errorf("%s: %t", c.name, c.got)
		}
	}
}
