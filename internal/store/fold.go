package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold returns what two strings have in common that differ in case only:
// fold(a) == fold(b) exactly when strings.EqualFold(a, b). Folding is done
// here and not in SQL because the databases disagree beyond ASCII.
func fold(s string) string {
	return strings.Map(foldRune, s)
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' { // the Kelvin sign, the long s
		least += 'a' - 'A'
	}
	return least
}

// storable says whether both databases can keep s as text: PostgreSQL refuses
// NUL and what is not UTF-8.
func storable(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}
