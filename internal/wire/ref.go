package wire

// Ref is the API's EntityReference: on a write only ID counts, on a read Name
// is the target's current name. Members that are not set are left out, so the
// short forms {id} and {id,name} met in recordings are this one type.
type Ref struct {
	ID            Int               `json:"id"`
	Name          string            `json:"name,omitempty"`
	IsNameL10nTag bool              `json:"isNameL10nTag,omitempty"`
	Extensions    map[string]string `json:"extensions,omitempty"`
}
