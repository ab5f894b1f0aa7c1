// Package limit owns the two-window rate limits of operations: how a rate is
// written, and the sliding counters that say when a call is one too many.
//
// It imports the standard library only.
package limit
