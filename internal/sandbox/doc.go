// Package sandbox owns what makes a server a place to try things: the demo
// org, simulated connectors, and the proxy that lets unmodified clients reach
// the server.
package sandbox
