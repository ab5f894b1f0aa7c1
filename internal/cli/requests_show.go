package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spurline/spurline/internal/wire"
)

func requestNoun() noun[wire.Exchange] {
	type row = wire.Exchange
	return noun[row]{one: "request", many: "requests", columns: []column[row]{
		{head: "SEQ", text: func(e row) string { return fmt.Sprint(e.Seq) }, tone: always[row](faint)},
		{head: "TIME", text: func(e row) string { return clock(e.At) }, tone: always[row](faint)},
		{head: "STATUS", text: func(e row) string { return fmt.Sprint(e.Status) }, tone: requestTone},
		{head: "MS", text: func(e row) string { return milliseconds(e.DurationMS) }},
		{head: "METHOD", text: func(e row) string { return e.Method }, tone: always[row](strong)},
		{head: "PATH", text: requestTarget},
		{head: "LOGIN", text: func(e row) string { return dash(e.Login) }, spare: true},
		{head: "OPERATION", text: func(e row) string { return dash(e.Operation) }, spare: true},
		{head: "CODE", text: func(e row) string { return dash(e.Code) }, tone: requestTone},
		{head: "TOLERATED", text: func(e row) string { return dash(strings.Join(e.Tolerated, ", ")) }, tone: always[row](warn), spare: true},
		{head: "WAIT", text: func(e row) string { return waitText(e.Wait) }, tone: always[row](warn), spare: true},
		{head: "REQUEST ID", text: func(e row) string { return e.ID }, detail: true},
		{head: "AT", text: func(e row) string { return e.At }, detail: true},
		{head: "HOST", text: func(e row) string { return dash(e.Host) }, detail: true},
		{head: "IP", text: func(e row) string { return dash(e.IP) }, detail: true},
		{head: "USER AGENT", text: func(e row) string { return dash(e.UserAgent) }, detail: true},
		{head: "CREDENTIALS", text: func(e row) string { return dash(e.Request.Credentials) }, detail: true},
		{head: "CONTENT TYPE", text: func(e row) string { return dash(e.Request.ContentType) }, detail: true},
		{head: "ACCEPT", text: func(e row) string { return dash(e.Request.Accept) }, detail: true},
		{head: "BYTES IN", text: func(e row) string { return fmt.Sprint(e.Request.Size) }, detail: true},
		{head: "BYTES OUT", text: func(e row) string { return fmt.Sprint(e.Response.Size) }, detail: true},
		{head: "ANSWER TYPE", text: func(e row) string { return dash(e.Response.ContentType) }, detail: true},
		{head: "RETRY AFTER", text: func(e row) string { return dash(e.Response.RetryAfter) }, detail: true},
	}}
}

// clock is the time of day here at an instant that the server tells.
func clock(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return dash(at)
	}
	return t.Local().Format("15:04:05.000")
}

// showRequest prints one exchange, with its bodies as JSON is read best.
func showRequest(p *printer, e wire.Exchange) error {
	if err := showOne(p, requestNoun(), e); err != nil || p.format != "table" {
		return err
	}
	for _, part := range []struct {
		title string
		of    wire.Message
	}{{"sent", e.Request}, {"answered", e.Response}} {
		fmt.Fprintf(p.out, "\n%s\n", p.paint(strong, part.title))
		text := part.of.Body
		var b bytes.Buffer
		if json.Indent(&b, []byte(text), "", "  ") == nil {
			text = b.String()
		}
		for line := range strings.SplitSeq(text, "\n") {
			if line != "" {
				fmt.Fprintln(p.out, "  "+printable(line))
			}
		}
		if note := bodyNote(part.of); note != "" {
			fmt.Fprintln(p.out, "  "+p.paint(faint, note))
		}
	}
	return nil
}

// maxLine is how much of a body is shown in a line, in characters.
const maxLine = 500

// printBodies prints what was sent and answered, a line each.
func printBodies(p *printer, e wire.Exchange) {
	for _, part := range []struct {
		sign string
		of   wire.Message
	}{{">", e.Request}, {"<", e.Response}} {
		if part.of.Size == 0 {
			continue
		}
		text := printable(strings.Join(strings.Fields(part.of.Body), " "))
		note := bodyNote(part.of)
		if runes := []rune(text); len(runes) > maxLine {
			text, note = string(runes[:maxLine]), fmt.Sprintf("… (%d bytes in all; 'spurline requests show %d' has more)", part.of.Size, e.Seq)
		}
		if note != "" {
			text = strings.TrimLeft(text+" "+p.paint(faint, note), " ")
		}
		fmt.Fprintf(p.out, "  %s %s\n", p.paint(faint, part.sign), text)
	}
}

// bodyNote says what is not shown of a body.
func bodyNote(m wire.Message) string {
	switch {
	case m.Size == 0:
		return "(no body)"
	case m.Hidden != "":
		return fmt.Sprintf("(%d bytes that are not shown: %s)", m.Size, m.Hidden)
	case m.Truncated:
		return fmt.Sprintf("… (%d bytes in all)", m.Size)
	default:
		return ""
	}
}
