package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"standdown/rules"
	"standdown/rules/rulestest"
)

// A requirementReport is what "rules show --requirements" prints of one number.
type requirementReport struct {
	rules.Requirement
	Covered bool `json:"covered"`
	// Examples reach one of the rows, or change one of the settings.
	Examples []exampleName `json:"examples,omitempty"`
}

type exampleName struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Name string `json:"name"`
}

func showRequirements(w io.Writer, g *globals, book *rules.Book) error {
	outcome, err := rulestest.RunShipped()
	if err != nil {
		return err
	}
	var reports []requirementReport
	var open []string
	for _, r := range book.Requirements() {
		report := requirementReport{Requirement: r, Covered: r.Covered(), Examples: examplesOf(r, outcome.Results)}
		if !report.Covered {
			open = append(open, r.Number)
		}
		reports = append(reports, report)
	}
	if g.json() {
		err = printJSON(w, reports)
	} else {
		err = printRequirements(w, reports)
	}
	if err == nil && len(open) > 0 {
		err = fmt.Errorf("nothing carries out %s", strings.Join(open, ", "))
	}
	return err
}

// examplesOf returns the examples that hold and show the requirement at work.
func examplesOf(r rules.Requirement, results []rulestest.Result) []exampleName {
	var all []exampleName
	for _, result := range results {
		shows := slices.ContainsFunc(result.Settings, func(key string) bool { return slices.Contains(r.Settings, key) }) ||
			slices.ContainsFunc(result.Plan.Decisions, func(d rules.Decision) bool { return slices.Contains(r.Rows, d.Table+" "+d.Row) })
		if shows && result.Pass() {
			all = append(all, exampleName{result.File, result.Line, result.Name})
		}
	}
	return all
}

func printRequirements(out io.Writer, reports []requirementReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	carried, reasoned := 0, 0
	for _, r := range reports {
		fmt.Fprintf(w, "%s  %s\n", r.Number, r.Says)
		for _, one := range []struct {
			name  string
			lines []string
		}{{"rows", r.Rows}, {"verbs", r.Verbs}, {"settings", r.Settings}} {
			if len(one.lines) > 0 {
				fmt.Fprintf(w, "\t%s\t%s\n", one.name, strings.Join(one.lines, ", "))
			}
		}
		if r.How != "" {
			fmt.Fprintf(w, "\thow\t%s\n", r.How)
		}
		switch n := len(r.Examples); n {
		case 0:
		case 1:
			fmt.Fprintf(w, "\texample\t%s:%d %s\n", r.Examples[0].File, r.Examples[0].Line, r.Examples[0].Name)
		default:
			fmt.Fprintf(w, "\texamples\t%d, such as %s:%d %s\n", n, r.Examples[0].File, r.Examples[0].Line, r.Examples[0].Name)
		}
		switch {
		case !r.Covered:
			fmt.Fprint(w, "\tNOTHING carries it out\n")
		case strings.HasPrefix(r.How, "not carried out"):
			reasoned++
		default:
			carried++
		}
		w.Flush()
	}
	_, err := fmt.Fprintf(out, "%d requirements: %d carried out, %d not carried out for a reason, %d open\n",
		len(reports), carried, reasoned, len(reports)-carried-reasoned)
	return err
}
