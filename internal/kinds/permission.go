package kinds

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spurline/spurline/internal/access"
)

// Permissions are a role's levels by feature; one that is absent is NONE.
type Permissions map[access.Feature]access.Level

// permission is a feature of a role with the levels that there are of it.
type permission struct {
	feature access.Feature
	levels  []access.Level
}

// permissions are the features in the order of the recorded roles, which is
// neither that of names nor that in which a client sends them.
func permissions() []permission {
	var (
		all     = []access.Level{access.None, access.ReadOnly, access.ReadWrite}
		viewed  = []access.Level{access.None, access.ReadOnly}
		changed = []access.Level{access.None, access.ReadWrite}
	)
	return []permission{
		{access.PublicCloud, all},
		{access.NSS, changed},
		{access.Template, all},
		{access.RemoteAssistance, all},
		{access.CloudProvisioning, all},
		{access.Dashboard, viewed},
		{access.APIKeyManagement, all},
		{access.LocationManagement, all},
		{access.AdminManagement, all},
		{access.Forwarding, all},
	}
}

// MarshalJSON writes the levels in the recorded order.
func (p Permissions) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for _, known := range permissions() {
		level, ok := p[known.feature]
		if !ok {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, "%q:%q", known.feature, level)
	}
	return append(out, '}'), nil
}

// UnmarshalJSON reads the levels. Features that are not known are ignored,
// because scripts send back what they read (behaviours.md 5.7).
func (p *Permissions) UnmarshalJSON(data []byte) error {
	var raw map[access.Feature]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	if raw == nil {
		return nil
	}
	*p = Permissions{}
	for _, known := range permissions() {
		value, ok := raw[known.feature]
		if !ok || string(value) == "null" {
			continue
		}
		var level access.Level
		if json.Unmarshal(value, &level) != nil || !slices.Contains(known.levels, level) {
			var names []string
			for _, l := range known.levels {
				names = append(names, l.String())
			}
			return fmt.Errorf("must give %s one of %s", known.feature, strings.Join(names, ", "))
		}
		(*p)[known.feature] = level
	}
	return nil
}
