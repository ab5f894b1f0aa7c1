package auth

import (
	"net/http"
	"slices"
)

// SessionCookie is the cookie, and case aside the header, that carries a
// session's id.
const SessionCookie = "JSESSIONID"

// sessionIDLength is the length of a session's id: 16 random bytes in upper-case hex.
const sessionIDLength = 32

// maxSessionIDs is how many of the ids that a request presents are looked at.
const maxSessionIDs = 16

// SessionIDs returns the well-formed session ids that a request presents, each
// once: those of all its cookies, then that of the JSessionID header
// (behaviours.md 1.16). They are in the order in which each was presented
// last, so the newest is at the end; of too many the last are kept.
//
// quirk: behaviours.md 1.17. After signing in again the Go client sends old
// and new ids in one Cookie header.
func SessionIDs(r *http.Request) []string {
	var ids []string
	add := func(id string) {
		if !wellFormedID(id) {
			return
		}
		if i := slices.Index(ids, id); i >= 0 {
			ids = slices.Delete(ids, i, i+1)
		}
		if ids = append(ids, id); len(ids) > maxSessionIDs {
			ids = ids[1:]
		}
	}
	for _, cookie := range r.CookiesNamed(SessionCookie) {
		add(cookie.Value)
	}
	for _, value := range r.Header.Values("JSessionID") {
		add(value)
	}
	return ids
}

// SetCookieHeader returns the value of the Set-Cookie header of a sign-in.
// Clients match it letter by letter, so the order is fixed
// (behaviours.md 1.5); over plain HTTP it must lack Secure, or cookie jars
// would not send it back (behaviours.md 1.6).
func SetCookieHeader(id string, secure bool) string {
	if secure {
		return SessionCookie + "=" + id + "; Path=/; Secure; HttpOnly"
	}
	return SessionCookie + "=" + id + "; Path=/; HttpOnly"
}

func wellFormedID(id string) bool {
	if len(id) != sessionIDLength {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
