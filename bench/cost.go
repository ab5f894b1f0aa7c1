package main

import (
	"context"
	"time"
)

// cost is what operations took together.
type cost struct {
	ops  int
	wall time.Duration
	cpu  time.Duration // of this process: load generator and server
}

// measure adds what f takes, which answers how many operations it has done.
func (c *cost) measure(f func() (ops int, err error)) error {
	cpu, began := processTime(), time.Now()
	ops, err := f()
	c.wall += time.Since(began)
	c.cpu += processTime() - cpu
	c.ops += ops
	return err
}

// each is the wall-clock time of one operation in seconds, eachCPU the time of
// processors.
func (c cost) each() float64    { return c.wall.Seconds() / float64(c.ops) }
func (c cost) eachCPU() float64 { return c.cpu.Seconds() / float64(c.ops) }

// side is one side of a contest: it does its thing for about the time that it
// is given and answers what that has cost.
type side func(ctx context.Context, d time.Duration) (cost, error)

// repeat is a side that does one thing again and again, alone.
func repeat(f func(ctx context.Context, i int) error) side {
	return func(ctx context.Context, d time.Duration) (c cost, err error) {
		began := time.Now()
		return c, c.measure(func() (int, error) {
			for n := 1; ; n++ {
				if err := f(ctx, n); err != nil || time.Since(began) >= d {
					return n, err
				}
			}
		})
	}
}
