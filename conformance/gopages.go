package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// What the Go SDK asks for of a list.
const (
	goPageSize = 1000
	goMaxPages = 50 // of ours: where the SDK would go on for ever, a test fails
)

// errEndless is where the SDK would never have come back.
var errEndless = errors.New("the list never ends: every page has 1000 elements")

// goPages reads a list as both clients of the Go SDK do: pages of 1000 from
// the first on, until one is shorter. out points to a slice. A path without a
// query of its own yields the stray ampersand (behaviours.md 11.3).
func goPages(path string, out any, get func(string) (Answer, error)) error {
	all := reflect.ValueOf(out).Elem()
	for page := 1; page <= goMaxPages; page++ {
		join := "?"
		if strings.Contains(path, "?") {
			join = ""
		}
		a, err := get(fmt.Sprintf("%s%s&pageSize=%d&page=%d", path, join, goPageSize, page))
		if err != nil {
			return err
		}
		some := reflect.New(all.Type())
		if err := json.Unmarshal([]byte(a.Body), some.Interface()); err != nil {
			return err
		}
		all.Set(reflect.AppendSlice(all, some.Elem()))
		if some.Elem().Len() < goPageSize {
			return nil
		}
	}
	return errEndless
}
