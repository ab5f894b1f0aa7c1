package api

import (
	"context"
	"log/slog"
)

// LogRequests returns a handler that adds, to every line that is logged in the
// course of a request, the id of the request: the one that its answer has.
func LogRequests(next slog.Handler) slog.Handler { return requestLog{next} }

type requestLog struct{ slog.Handler }

// Handle writes a line.
func (l requestLog) Handle(ctx context.Context, line slog.Record) error {
	if v := visitOf(ctx); v != nil {
		line.AddAttrs(slog.String("request", v.ID))
	}
	return l.Handler.Handle(ctx, line)
}

// WithAttrs and WithGroup keep the id in the lines of loggers made from this
// one.
func (l requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{l.Handler.WithAttrs(attrs)}
}

// WithGroup is like WithAttrs.
func (l requestLog) WithGroup(name string) slog.Handler { return requestLog{l.Handler.WithGroup(name)} }
