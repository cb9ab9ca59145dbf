package rules

import (
	"embed"
	"io/fs"
)

//go:embed testdata/*.yaml
var examples embed.FS

// Examples holds the examples that come with the rule books, in testdata;
// package rulestest runs them.
func Examples() fs.FS { return examples }
