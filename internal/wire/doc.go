// Package wire owns how the API writes things: references, numbers and
// booleans that clients may quote, epoch times, errors, the API-key
// obfuscation, and the messages of Spurline's own fleet protocol.
//
// It imports the standard library only, so that servers, clients and tests
// share one spelling of the protocol.
package wire
