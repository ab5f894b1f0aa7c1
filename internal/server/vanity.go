package server

import (
	"context"
	"strconv"
	"strings"

	"github.com/spurline/spurline/internal/store"
	"github.com/spurline/spurline/internal/wire"
)

// settleVanity refuses a vanity domain that another org has, and makes one of
// the org's name where none was asked for.
func (s *Server) settleVanity(ctx context.Context, org *store.Org) error {
	asked := org.Vanity != ""
	if !asked {
		org.Vanity = vanityOf(org.Name)
	}
	_, taken, err := s.engine.OrgOfVanity(ctx, org.Vanity)
	switch {
	case err != nil:
		return err
	case taken && asked:
		return wire.Conflict(wire.CodeDuplicate, "vanityDomain %s is another org's.", org.Vanity)
	case taken || !vanity.MatchString(org.Vanity) || numbered.MatchString(org.Vanity):
		org.Vanity = strings.TrimPrefix(strings.TrimSuffix(org.Vanity, "-")+"-"+strconv.FormatInt(org.ID, 10), "-")
	}
	return nil
}

// vanityOf makes a label for host names of an org's name: its letters and
// digits, with hyphens where other characters stand between them. It is empty
// where the name has none.
func vanityOf(name string) string {
	const most = 40 // leaves room for an id within the 63 characters of a label
	var b strings.Builder
	gap := false
	for _, c := range strings.ToLower(name) {
		if c < '0' || c > '9' && c < 'a' || c > 'z' {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(c)
		if b.Len() >= most {
			break
		}
	}
	return b.String()
}
