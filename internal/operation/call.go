package operation

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spurline/spurline/internal/wire"
)

// PathID reads a path parameter that is an object's id.
func (c *Call) PathID(name string) (int64, error) { return ID(name, c.Request.PathValue(name)) }

// ID reads a parameter that is an object's id.
func ID(name, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 {
		return 0, wire.Invalid(name, "must be an id, a positive integer")
	}
	return id, nil
}

// Query returns the parameters of the query, which are read once: most requests
// are asked for them several times. They are not to be changed.
func (c *Call) Query() url.Values {
	if c.query == nil {
		c.query = c.Request.URL.Query()
	}
	return c.query
}

// MaxPageSize caps pages; a larger request is answered with this many.
const MaxPageSize = 1000

// Page reads page and pageSize. limit 0 means everything. Page 0 and no page
// are the first (behaviours.md 11.2).
func (c *Call) Page(defaultSize int) (offset, limit int, err error) {
	page, size := 1, defaultSize
	query := c.Query()
	if text := query.Get("page"); text != "" {
		if page, err = strconv.Atoi(text); err != nil || page < 0 {
			return 0, 0, wire.Invalid("page", "must be an integer, 1 for the first page")
		}
		page = max(page, 1)
	}
	if text := query.Get("pageSize"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 {
			return 0, 0, wire.Invalid("pageSize", "must be an integer from 1 to %d", MaxPageSize)
		}
	}
	size = min(size, MaxPageSize)
	if size == 0 && query.Get("page") != "" { // pages of a list that is answered whole
		size = MaxPageSize
	}
	if page-1 > (1<<31)/max(size, 1) {
		return 1 << 31, size, nil // past any end, without overflow
	}
	return (page - 1) * size, size, nil
}

// JSON answers a value.
func (c *Call) JSON(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Bytes(status, body)
	return nil
}

// Bytes answers JSON that is already encoded. The content type has no
// parameters: a client refuses a create whose type has (behaviours.md 11.9).
func (c *Call) Bytes(status int, body []byte) {
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body) // the client is gone; nobody to tell
}

// Empty answers 204, without a content type (behaviours.md 11.11).
func (c *Call) Empty() { c.Writer.WriteHeader(http.StatusNoContent) }
