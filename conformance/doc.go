// Package conformance plays the API's real clients: what each sends, to the
// byte, what it demands of an answer, and what it does with a refusal. Its
// tests play them against the built binary and hold the server to the
// published facts, one test per fact.
//
// It imports nothing of the server's own packages. What it knows comes from
// ../shared/api/clients.md and behaviours.md, so that the server cannot agree
// with itself by mistake. docs/conformance.md says how the facts and the tests
// belong together.
package conformance
