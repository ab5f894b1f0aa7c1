package api_test

import (
	"fmt"
	"testing"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// BenchmarkMoveIn1020 moves a rule from one end of a full family to the other,
// durably and over HTTP.
func BenchmarkMoveIn1020(b *testing.B) {
	s := servertest.Start(b, server.Config{})
	editor := s.SignIn(b, servertest.Editor)
	var id int64
	for n := range 1020 {
		id = servertest.Decode[listedRule](b, editor.Must(b, "POST", "/ecRules/ecRdr", fmt.Sprintf(`{"name":"r%d","order":1,"forwardMethod":"DIRECT"}`, n))).ID
	}
	editor.Must(b, "PUT", "/ecAdminActivateStatus/activate", "")
	n := 0
	b.Run("move", func(b *testing.B) {
		for b.Loop() {
			n++
			editor.Must(b, "PUT", fmt.Sprintf("/ecRules/ecRdr/%d", id), fmt.Sprintf(`{"name":"r1019","order":%d,"forwardMethod":"DIRECT"}`, 1+1019*(n%2)))
		}
	})
	b.Run("list-after-move", func(b *testing.B) {
		for b.Loop() {
			n++
			b.StopTimer()
			editor.Must(b, "PUT", fmt.Sprintf("/ecRules/ecRdr/%d", id), fmt.Sprintf(`{"name":"r1019","order":%d,"forwardMethod":"DIRECT"}`, 1+1019*(n%2)))
			b.StartTimer()
			editor.Must(b, "GET", "/ecRules/ecRdr?pageSize=1000", "")
		}
	})
}

// BenchmarkSegments50000 reads pages of the largest kind. Each request asks for
// something else than the one before, so the cache answers none.
func BenchmarkSegments50000(b *testing.B) {
	s := servertest.Start(b, server.Config{})
	editor := s.SignIn(b, servertest.Editor)
	editor.Must(b, "POST", "/spurline/v1/zpa/segments", segments("app", 0, 50_000))
	n := 0
	for _, c := range []struct{ name, path string }{
		{"first-page", "?pageSize=%d"},
		{"deep-page", "?page=900&pageSize=%d"},
		{"deep-page-desc", "?sortOrder=desc&page=900&pageSize=%d"},
		{"search-one", "?search=app-%05d"},
		{"search-many", "?search=-%03d"},
		{"search-none", "?search=nothing-%d"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				n++
				v := n
				switch c.name {
				case "first-page", "deep-page", "deep-page-desc":
					v = 50 + n%6
					b.StopTimer() // a new revision, so that the page is read anew
					editor.Must(b, "POST", "/spurline/v1/zpa/segmentGroups", fmt.Sprintf(`[{"zpaId":1,"name":"g","zpaAppSegmentsCount":%d}]`, n))
					b.StartTimer()
				case "search-many":
					v = n % 500
				case "search-one":
					v = n * 7919 % 50_000
				}
				editor.Must(b, "GET", "/zpaResources/applicationSegments"+fmt.Sprintf(c.path, v), "")
			}
		})
	}
}

// BenchmarkImport50000 brings all segments in, and then again without a change.
func BenchmarkImport50000(b *testing.B) {
	s := servertest.Start(b, server.Config{})
	editor := s.SignIn(b, servertest.Editor)
	body := segments("app", 0, 50_000)
	for _, name := range []string{"new", "unchanged"} {
		b.Run(name, func(b *testing.B) {
			if b.N > 1 {
				b.Skip("an import of 50,000 takes seconds, so one run is the measurement; further ones would find everything unchanged")
			}
			editor.Must(b, "POST", "/spurline/v1/zpa/segments", body)
		})
	}
}
