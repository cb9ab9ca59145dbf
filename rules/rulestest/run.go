package rulestest

import (
	"errors"
	"fmt"
	"strings"

	"standdown/rules"
)

// RunFiles runs the examples on the given settings, to which an example may
// add its own. The error is for files that cannot be understood.
func RunFiles(settings rules.Settings, files ...File) (Report, error) {
	var report Report
	var errs []error
	policies := map[string]bool{}
	reached := map[Row]bool{}
	given, err := rules.Load(settings)
	if err != nil {
		return Report{}, err
	}
	for _, file := range files {
		policy, examples, err := read(file.Data, settings)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file.Name, err))
			continue
		}
		policies[policy] = true
		for _, ex := range examples {
			result := Result{File: file.Name, Line: ex.line, Name: ex.Name, Settings: ex.sets}
			book := given
			if len(ex.sets) > 0 {
				if book, err = rules.Load(ex.Settings); err != nil {
					errs = append(errs, fmt.Errorf("%s:%d: %s: %w", file.Name, ex.line, ex.Name, err))
					continue
				}
			}
			snapshot, event, err := ex.situation()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %s: %w", file.Name, ex.line, ex.Name, err))
				continue
			}
			plan := book.Decide(snapshot, event, ex.Now)
			result.Snapshot, result.Event, result.Now = snapshot, event, ex.Now
			result.Plan, result.book = plan, book
			result.Problems = ex.check(plan)
			if result.Pass() {
				// A failing example proves nothing about the row it reached.
				for _, d := range plan.Decisions {
					reached[Row{d.Table, d.Row}] = true
				}
			}
			report.Results = append(report.Results, result)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Report{}, err
	}
	for _, t := range given.Tables() {
		policy, _, _ := strings.Cut(t.Name, ".")
		for _, r := range t.Rows {
			if row := (Row{t.Name, r.ID}); policies[policy] && !reached[row] {
				report.Uncovered = append(report.Uncovered, row)
			}
		}
	}
	return report, nil
}
