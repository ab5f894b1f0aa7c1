// Package fleet owns what connectors do to an org: enrolment, heartbeat and
// live state, with the tables behind them, and the names, keys and places that
// an enrolment gives to the inventory it makes.
package fleet
