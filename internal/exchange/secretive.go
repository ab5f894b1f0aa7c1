package exchange

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Secretive reports whether values of a type have secret members, by their
// names and at any depth. Of what the type does not tell the names of, only
// maps, which hold what clients label things with, are taken to be free of them.
func Secretive(t reflect.Type) bool {
	return t == nil || secretive(t, map[reflect.Type]bool{})
}

func secretive(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t == reflect.TypeFor[json.RawMessage]() {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Array, reflect.Slice, reflect.Map:
		return secretive(t.Elem(), seen)
	case reflect.Interface:
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.PkgPath != "" && !f.Anonymous || name == "-" {
				continue
			}
			if name == "" {
				name = f.Name
			}
			if secretName(name) && f.Type.Kind() != reflect.Bool || secretive(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
