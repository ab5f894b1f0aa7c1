//go:build unix

package cli

// hostsFile is where the system keeps names of its own.
func hostsFile() string { return "/etc/hosts" }
