package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A DecisionFilter chooses decisions of the tables; other empty fields choose
// all.
type DecisionFilter struct {
	Tables      []string
	Row         string
	Since, Till time.Time // when it was decided; Till itself is not included
	After       string    // the place where the list goes on, see [DecisionPlace]
	Limit       int
}

// DecisionPlace is where a list of decisions goes on behind this one.
func DecisionPlace(d Decision) string { return strconv.FormatInt(ms(d.At), 10) + "-" + d.ID }

// DecisionList returns decisions, the latest first. A place that is none is the
// end of the list.
func (s *Store) DecisionList(ctx context.Context, f DecisionFilter) ([]Decision, error) {
	rest, args := ``, []any{}
	if f.Row != "" {
		rest, args = rest+` AND row_id = ?`, append(args, f.Row)
	}
	if !f.Since.IsZero() {
		rest, args = rest+` AND at >= ?`, append(args, ms(f.Since))
	}
	if !f.Till.IsZero() {
		rest, args = rest+` AND at < ?`, append(args, ms(f.Till))
	}
	if f.After != "" {
		text, id, _ := strings.Cut(f.After, "-")
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, nil
		}
		rest, args = rest+` AND at <= ? AND (at < ? OR id < ?)`, append(args, at, at, id)
	}
	var all []Decision
	for _, table := range f.Tables { // each by itself: the index is by table
		found, err := rows(ctx, s.db, scanDecision, `SELECT `+decisionColumns+` FROM decisions WHERE tbl = ?`+rest+` ORDER BY at DESC, id DESC LIMIT CAST(? AS BIGINT)`,
			slices.Concat([]any{table}, args, []any{f.Limit})...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b Decision) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return all[:min(len(all), f.Limit)], nil
}
