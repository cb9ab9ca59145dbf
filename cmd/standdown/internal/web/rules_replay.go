package web

import (
	"context"
	"errors"

	"standdown/cmd/standdown/internal/replay"
)

const (
	// replayed is how many situations are decided again unless it is said, and
	// mostReplayed how many at most.
	replayed, mostReplayed = 200, 2000
	// shownDifferences is how many differences a page has.
	shownDifferences = 100
)

// A replayPart is what became of the last situations when they were decided
// again.
type replayPart struct {
	replay.Report
	Same  int
	More  int  // differences that are not shown
	Short bool // there was no time for all
}

// replay decides the last situations again by the rules as they run. It writes
// nothing.
func (s *site) replay(ctx context.Context, most int) (*replayPart, error) {
	hurry, done := context.WithTimeout(ctx, patience)
	defer done()
	report, err := replay.Run(s.Journal.LatestSituations(hurry, most), s.Book)
	short := errors.Is(hurry.Err(), context.DeadlineExceeded)
	if err != nil && (!short || ctx.Err() != nil) {
		return nil, err
	}
	p := &replayPart{Report: report, Same: report.Situations - report.Changed, Short: short}
	if p.More = len(p.Differences) - shownDifferences; p.More > 0 {
		p.Differences = p.Differences[:shownDifferences]
	}
	for i, d := range p.Differences {
		p.Differences[i].Was, p.Differences[i].Would = beginning(d.Was), beginning(d.Would)
	}
	return p, nil
}

// beginning is the first lines, each of them not too long: a difference can be in a
// comment's every word.
func beginning(lines []string) []string {
	const most, longest = 6, 200
	var all []string
	for i, line := range lines {
		if i == most {
			return append(all, "…")
		}
		if runes := []rune(line); len(runes) > longest {
			line = string(runes[:longest]) + "…"
		}
		all = append(all, line)
	}
	return all
}
