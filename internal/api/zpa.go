package api

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"reflect"
	"strconv"

	"github.com/spurline/spurline/internal/access"
	"github.com/spurline/spurline/internal/config"
	"github.com/spurline/spurline/internal/kinds"
	"github.com/spurline/spurline/internal/operation"
	"github.com/spurline/spurline/internal/resource"
	"github.com/spurline/spurline/internal/wire"
)

// maxImport bounds the body of an import: 50,000 segments with descriptions.
const maxImport = 32 << 20

// importOperations bring in what the vendor's API shows and other products
// make: segments of private access, and workload groups.
func (a *API) importOperations() []operation.Operation {
	var table []operation.Operation
	for _, source := range []struct {
		id, path, kind string
		key            func(any) string
		gone           func(any) bool
	}{
		{"importZpaSegments", "zpa/segments", kinds.ZPASegmentKind, segmentKey, goneSegment},
		{"importZpaSegmentGroups", "zpa/segmentGroups", kinds.ZPASegmentGroupKind, segmentGroupKey, goneSegmentGroup},
		{"importWorkloadGroups", "workloadGroups", kinds.WorkloadGroupKind, func(v any) string { return v.(*kinds.WorkloadGroup).Name }, nil},
	} {
		s := a.kinds.Kind(source.kind)
		table = append(table, operation.Operation{
			ID: source.id, Method: "POST", Path: "/spurline/v1/" + source.path, Summary: "Import " + s.Title + "s, as the product that they come from has them",
			Native: true, Feature: access.Forwarding, Level: access.ReadWrite, Stream: true,
			Query: []operation.Param{{Name: "replace", Type: resource.Boolean, Says: "Whether what is missing from the body is gone."}}, In: reflect.SliceOf(s.Type), Out: reflect.TypeFor[config.Imported](), Status: http.StatusOK,
			Handle: a.importer(config.Import{Kind: s, Key: source.key, Gone: source.gone}),
		})
	}
	return table
}

func segmentKey(v any) string { return strconv.FormatInt(int64(v.(*kinds.ZPASegment).ZPAID), 10) }

func segmentGroupKey(v any) string {
	return strconv.FormatInt(int64(v.(*kinds.ZPASegmentGroup).ZPAID), 10)
}

// A segment that is gone upstream stays for the rules that name it
// (zpa-application-segment.md).
func goneSegment(v any) bool { return mark(&v.(*kinds.ZPASegment).Deleted) }

func goneSegmentGroup(v any) bool { return mark(&v.(*kinds.ZPASegmentGroup).Deleted) }

func mark(deleted *wire.Bool) (changed bool) {
	changed = !bool(*deleted)
	*deleted = true
	return changed
}

func (a *API) importer(in config.Import) func(*operation.Call) error {
	return func(c *operation.Call) error {
		in := in
		if text := c.Query().Get("replace"); text != "" {
			var err error
			if in.Replace, err = strconv.ParseBool(text); err != nil {
				return wire.Invalid("replace", "must be true or false")
			}
		}
		var err error
		if in.Objects, err = readArray(c, in.Kind); err != nil {
			return err
		}
		done, err := a.Engine.Import(c.Request.Context(), config.Caller(c.Who, c.IP), in)
		return answered(c, done, err)
	}
}

// readArray reads a JSON array of objects, element by element.
func readArray(c *operation.Call, s *resource.Spec) (out []resource.Object, err error) {
	if kind, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &wire.Error{Status: http.StatusUnsupportedMediaType, Message: "The content type of an import must be application/json."}
	}
	d := json.NewDecoder(http.MaxBytesReader(c.Writer, c.Request.Body, maxImport))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return nil, notArray(err)
	}
	for d.More() {
		var element json.RawMessage
		if err := d.Decode(&element); err != nil {
			return nil, notArray(err)
		}
		o, err := s.Decode(element)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	_, err = d.Token()
	if err != nil {
		return nil, notArray(err)
	}
	return out, nil
}

func notArray(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return tooLarge("32 MiB")
	}
	return &wire.Error{Status: http.StatusBadRequest, Code: wire.CodeInvalidInput, Message: "Request body is invalid: it is not an array of objects."}
}
