package main

import (
	"sync"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/web"
	"standdown/rules/rulestest"
)

// exampleReader tells the pages the examples of the rules: the site's own, and
// those that come with the rule books. They are run when somebody first looks at
// them.
func exampleReader(cfg *config.Config) func() ([]web.Example, error) {
	return sync.OnceValues(func() ([]web.Example, error) {
		own, err := runExamples(cfg.Rules, cfg.Examples)
		if err != nil {
			return nil, err
		}
		shipped, err := rulestest.RunShipped()
		if err != nil {
			return nil, err
		}
		var all []web.Example
		for _, r := range append(own.Results, shipped.Results...) {
			all = append(all, web.Example{File: r.File, Line: r.Line, Name: r.Name, Settings: r.Settings, Decisions: r.Plan.Decisions})
		}
		return all, nil
	})
}
