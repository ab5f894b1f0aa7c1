package wire

import "encoding/json"

// AuditPage is a part of a trail.
type AuditPage struct {
	Rows []AuditRow `json:"rows"`
	Next int64      `json:"next,omitempty"` // number to go on from; 0 = the list is at its end
	Head int64      `json:"head"`           // number of the newest row of the trail
}

// AuditRow is a row of a trail: who did what to which object.
type AuditRow struct {
	Seq         int64           `json:"seq"` // 1, 2, 3 …
	Time        Time            `json:"time"`
	Action      string          `json:"action"`
	Category    string          `json:"category"`
	SubCategory string          `json:"subCategory"`
	Resource    string          `json:"resource"`       // name of what was acted on
	Kind        string          `json:"kind,omitempty"` // of the object, where it is one
	ID          int64           `json:"id,omitempty"`   // of the object
	Admin       string          `json:"admin"`          // login name; empty for the server and its owner
	AdminID     int64           `json:"adminId,omitempty"`
	ClientIP    string          `json:"clientIp"`
	Interface   string          `json:"interface"`
	Result      string          `json:"result"`
	Revision    int64           `json:"revision,omitempty"` // that the action made
	Before      json.RawMessage `json:"before,omitempty"`   // the object, with its secrets masked
	After       json.RawMessage `json:"after,omitempty"`
}

// AuditVerdict is what came of verifying a trail.
type AuditVerdict struct {
	OK     bool        `json:"ok"`
	Rows   int64       `json:"rows"`   // that were looked at
	Anchor string      `json:"anchor"` // last row that was pruned, as number:hash; empty = none was
	Head   string      `json:"head"`   // newest row, as number:hash; empty = there is none
	Fault  *AuditFault `json:"firstFault,omitempty"`
}

// AuditFault is the first place at which a trail is not as it was written.
type AuditFault struct {
	Seq    int64  `json:"seq"`
	Reason string `json:"reason"`
}
