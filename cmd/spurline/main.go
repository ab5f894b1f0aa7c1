// Command spurline is the server, the client and the sandbox; package cli is
// all of it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spurline/spurline/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process as if nobody listened
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
