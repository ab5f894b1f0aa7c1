// Package docs holds the documents that a server hands out about itself.
package docs

import _ "embed" // of the documents

// OpenAPI is the OpenAPI document; "make docs" makes it.
//
//go:embed openapi.json
var OpenAPI string
