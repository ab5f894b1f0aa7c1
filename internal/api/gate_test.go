package api_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spurline/spurline/internal/api"
	"github.com/spurline/spurline/internal/wire"
)

// Whoever wants to be alone waits for those inside, and keeps the others out
// until it is done; who does not leave is waited for a while only.
func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g api.Gate
		enter := func() {
			if err := g.Enter(context.Background()); err != nil {
				t.Error(err)
			}
		}
		enter()
		alone, free := make(chan struct{}), make(chan struct{})
		go func() {
			err := g.Alone(context.Background(), func() error {
				close(alone)
				<-free
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		late := make(chan struct{})
		go func() {
			enter()
			close(late)
		}()
		synctest.Wait()
		select {
		case <-alone:
			t.Error("alone with one inside")
		case <-late:
			t.Error("entered a gate that is closing")
		default:
		}
		g.Leave()
		<-alone
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := g.Enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Enter under a context that has ended: %v", err)
		}
		if err := g.Alone(context.Background(), func() error { return nil }); wire.Status(err) != 409 {
			t.Errorf("a second one alone: %v", err)
		}
		close(free)
		<-late

		began := time.Now()
		err := g.Alone(context.Background(), func() error {
			t.Error("alone with one inside")
			return nil
		})
		if wire.Status(err) != 409 || time.Since(began) < time.Second {
			t.Errorf("with one who stays: %v after %v", err, time.Since(began))
		}
		enter() // it is open again
		g.Leave()
		g.Leave()
		if err := g.Alone(context.Background(), func() error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
