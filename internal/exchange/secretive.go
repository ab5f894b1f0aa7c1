package exchange

import (
	"reflect"
	"strings"
)

// Secretive reports whether values of a type have secret members by their
// names, at any depth, or members whose names the type does not tell.
func Secretive(t reflect.Type) bool {
	return t == nil || secretive(t, map[reflect.Type]bool{})
}

func secretive(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Array, reflect.Slice:
		return secretive(t.Elem(), seen)
	case reflect.Map, reflect.Interface:
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
			if secretName(name) || secretive(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
