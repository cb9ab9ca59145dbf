package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store/storetest"
	"standdown/connectors"
	"standdown/rules"
)

// Tables that grow with the history. No query of everyday work may read one of
// them whole. (Of raw, no more is kept than journal.retain says.)
var growing = []string{"seen", "events", "situations", "decisions", "memory", "entries", "shadows", "acts", "chain"}

func TestNoQueryReadsAWholeHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, fresh storetest.Fresh) {
		s, heard := overheard(t, fresh(t))
		everyday(t, s)
		all := heard()
		if len(all) < 40 {
			t.Fatalf("only %d queries were heard", len(all))
		}
		reads := readsOfSQLite
		if s.pg != nil {
			reads = readsOfPostgres
		}
		// PostgreSQL goes by how much there is: what it reads whole only where that is
		// next to nothing does no harm.
		old, err := Open(t.Context(), fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		if err := generate(t.Context(), old, 1000); err != nil {
			t.Fatal(err)
		}
		whole, always := reads(t, s), reads(t, old)
		for _, query := range all {
			later := always(query)
			for _, step := range whole(query) {
				if slices.Contains(later, step) {
					t.Errorf("%s, in\n%s", step, query)
				}
			}
		}
	})
}

// readsOfSQLite returns what tells which steps of a query read a whole table.
func readsOfSQLite(t *testing.T, s *Store) func(query string) []string {
	partial, err := rows(t.Context(), s.db, scanString, `SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'`)
	if err != nil {
		t.Fatal(err)
	}
	return func(query string) (whole []string) {
		steps, err := rows(t.Context(), s.db, func(r *sql.Rows) (step string, err error) {
			var a, b, c int
			return step, r.Scan(&a, &b, &c, &step)
		}, `EXPLAIN QUERY PLAN `+query, make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		names := aliases(query)
		for _, step := range steps {
			if readsWhole(step, names, partial) {
				whole = append(whole, step)
			}
		}
		return whole
	}
}

// readsOfPostgres is the same for PostgreSQL.
func readsOfPostgres(t *testing.T, s *Store) func(query string) []string {
	partial, err := rows(t.Context(), s.db, scanString, `SELECT indexname FROM pg_indexes WHERE indexdef LIKE '% WHERE %'`)
	if err != nil {
		t.Fatal(err)
	}
	// Tables that are as small as here would be read whole without these.
	for _, set := range []string{`SET enable_seqscan = off`, `SET enable_mergejoin = off`, `SET enable_hashjoin = off`, `SET plan_cache_mode = force_generic_plan`} {
		if _, err := s.pool.ExecContext(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	prepared := 0
	return func(query string) (whole []string) {
		verb, _, _ := strings.Cut(strings.TrimSpace(query), " ")
		if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, verb) {
			return nil
		}
		prepared++
		nothing := strings.TrimSuffix(strings.Repeat("NULL, ", strings.Count(query, "$")), ", ")
		if nothing != "" {
			nothing = "(" + nothing + ")"
		}
		var plan string
		_, err := s.pool.ExecContext(t.Context(), fmt.Sprintf(`PREPARE heard%d AS %s`, prepared, query))
		if err == nil {
			err = s.pool.QueryRowContext(t.Context(), fmt.Sprintf(`EXPLAIN (FORMAT JSON) EXECUTE heard%d%s`, prepared, nothing)).Scan(&plan)
		}
		var tops []struct{ Plan planNode }
		if err == nil {
			err = json.Unmarshal([]byte(plan), &tops)
		}
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, top := range tops {
			top.Plan.walk(func(n planNode) {
				table := n.Table
				if n.Type == "Bitmap Index Scan" { // names its index only
					table, _, _ = strings.Cut(n.Index, "_")
				}
				if slices.Contains(growing, table) && strings.HasSuffix(n.Type, "Scan") && n.Type != "Bitmap Heap Scan" && n.Cond == "" && !slices.Contains(partial, n.Index) {
					whole = append(whole, strings.TrimSpace(n.Type+" of "+table+" "+n.Index))
				}
			})
		}
		return whole
	}
}

// A planNode is a step of a plan of PostgreSQL.
type planNode struct {
	Type  string     `json:"Node Type"`
	Table string     `json:"Relation Name"`
	Index string     `json:"Index Name"`
	Cond  string     `json:"Index Cond"`
	Parts []planNode `json:"Plans"`
}

func (n planNode) walk(see func(planNode)) {
	see(n)
	for _, p := range n.Parts {
		p.walk(see)
	}
}

var scanStep = regexp.MustCompile(`^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?`)

func readsWhole(step string, names map[string]string, partial []string) bool {
	m := scanStep.FindStringSubmatch(step)
	if m == nil || slices.Contains(partial, m[2]) {
		return false
	}
	table := names[m[1]]
	if table == "" {
		table = m[1]
	}
	return slices.Contains(growing, table)
}

var named = regexp.MustCompile(`(?:FROM|JOIN|UPDATE|,) (\w+)(?: AS)? (\w+)`)

// aliases are the tables of a query by the names that it gives them.
func aliases(query string) map[string]string {
	all := map[string]string{}
	for _, m := range named.FindAllStringSubmatch(query, -1) {
		if slices.Contains(growing, m[1]) {
			all[m[2]] = m[1]
		}
	}
	return all
}

func TestAReadingOfAWholeTableIsSeen(t *testing.T) {
	names := aliases(`SELECT 1 FROM entries x JOIN events AS e ON 1 = 1`)
	for step, want := range map[string]bool{
		"SCAN x": true,
		"SCAN e USING COVERING INDEX events_subject": true,
		"SCAN events":                                  true,
		"SCAN x USING INDEX entries_turn":              false,
		"SEARCH x USING INDEX entries_event (event=?)": false,
		"SCAN brakes":                                  false,
	} {
		if got := readsWhole(step, names, []string{"entries_turn"}); got != want {
			t.Errorf("%q: %v, want %v", step, got, want)
		}
	}
}

// everyday is a daemon's day: every method that it calls again and again, and
// those with which people look at one thing.
func everyday(t *testing.T, s *Store) {
	ctx, now := t.Context(), time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	try := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	try1 := func(_ any, err error) { t.Helper(); try(err) }

	for i, id := range []string{"e1", "e2", "e3"} {
		reading, err := s.Reading(ctx, "mailbox")
		try(err)
		reading.ReadAt = now
		e := rules.Event{ID: id, Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: fmt.Sprint("C", i)}}
		try1(s.Intake(ctx, "mailbox", &reading, []Arrival{{
			Ref: connectors.Ref{Kind: "message", ID: id}, Subject: e.Subject, ID: id, Kind: e.Kind, At: now, Event: &e, State: New, New: true,
			Watched: id, Raw: []byte(id), SHA256: id, Housekeep: true, Memory: map[string]string{"a": "b"},
		}}))
	}
	events, err := s.Undecided(ctx, now, 100)
	try(err)
	for i, e := range events {
		try1(s.Superseded(ctx, e))
		try1(Memory{Store: s, Event: e.ID}.Recall(ctx, []rules.Ref{e.Subject}))
		state := []State{Pending, Proposed, Pending}[i]
		try(s.Commit(ctx, Verdict{
			Event: e, Customer: "C", Clerk: terse{}, AskInCases: true,
			Ceilings: Ceilings{Run: 9, Percent: 100, Rule: 9, RulePercent: 100, Customer: 9},
			Decisions: []rules.Decision{{
				Table: "t", Row: "r", Subject: e.Subject, Withdraws: true, Remember: map[string]string{"x": "y"},
				Deadlines: []rules.Deadline{{Kind: "due", Subject: e.Subject, At: now.Add(time.Duration(i) * time.Hour)}},
			}},
			Writes: [][]Write{{
				{System: "salesforce", State: state, Change: connectors.Change{Op: connectors.Update, Key: "a" + e.ID, Ref: connectors.Ref{Kind: "K", ID: e.ID}}, Expires: now.Add(time.Hour)},
				{System: "mail", State: state, Change: connectors.Change{Op: connectors.Send, Key: "b" + e.ID}, Expires: now.Add(time.Hour)},
				{System: "salesforce", State: Shadow, Change: connectors.Change{Op: connectors.Update, Key: "c" + e.ID, Ref: connectors.Ref{Kind: "K", ID: e.ID}}},
			}},
		}, now))
	}
	try1(s.Unsettled(ctx, []rules.Ref{{Kind: "workflow", ID: "W9"}}))
	try1(s.Busy(ctx, Verdict{Writes: [][]Write{{{Gives: rules.Span{ID: "R9"}}}}}))
	try1(givenElse(ctx, s.db, "e1", rules.Span{ID: "R9"}, then))
	try1(s.InHand(ctx, "mailbox", []Arrival{{Event: &events[0].Event}}))
	planned := Taking{Source: "mailbox", Verdict: Verdict{Event: Event{Event: rules.Event{ID: "p1", Kind: rules.HoldChanged, At: now, Subject: rules.Ref{Kind: "client", ID: "P"}}}}}
	planned.Arrival = Arrival{Ref: connectors.Ref{Kind: "message", ID: "p1"}, Subject: planned.Verdict.Event.Subject, ID: "p1", Kind: rules.HoldChanged, At: now, Event: &planned.Verdict.Event.Event, State: New, Watched: "p"}
	planned.Verdict.Decisions = []rules.Decision{{Table: "t", Row: "r", Subject: planned.Arrival.Subject}}
	planned.Verdict.Writes = [][]Write{{{System: "salesforce", State: Proposed, Change: connectors.Change{Op: connectors.Update, Key: "p1", Ref: connectors.Ref{Kind: "K", ID: "p1"}}}}}
	try1(s.TakeUp(ctx, TakingUp{Run: PlanRun("p"), Who: "dana", Approver: &Checker{Name: "dana"}}, []Taking{planned}, now))
	try1(s.RunMoving(ctx, PlanRun("p")))
	try1(s.StuckNotices(ctx, 10))
	_, _, err = s.ClaimRun(PlanRun("p"))(ctx, "salesforce", 1, now, time.Minute)
	try(err)
	try(s.Ask(ctx, rules.Event{ID: "ask:1", Kind: rules.RestoreRequested, At: now, Subject: rules.Ref{Kind: "workflow", ID: "W9"}, By: "dana"}, now))
	try1(s.Disband(ctx, now))
	try(s.Postpone(ctx, []Event{{Event: rules.Event{ID: "e1"}}}, "", now), s.Wait(ctx, Event{Event: rules.Event{ID: "e1"}}, now), s.Quarantine(ctx, Event{Event: rules.Event{ID: "e9"}}, ""), s.Ignore(ctx, Event{Event: rules.Event{ID: "e9"}}, ""))
	for _, signal := range []Signal{Lost, Applied, Changed, Failed, Applied} {
		entries, token, err := s.Claim(ctx, "salesforce", 1, now, time.Minute)
		try(err)
		if len(entries) > 0 {
			try(s.Settle(ctx, token, []Settlement{{ID: entries[0].ID, Signal: signal}}, now))
		}
	}
	try(s.Conclude(ctx, terse{}, now), s.AskHeld(ctx, terse{}, now))
	try(s.Shut(ctx, ReadingBrake, "mailbox", "", now), s.Shut(ctx, CeilingBrake, "run", "", now), s.Reopen(ctx, "mailbox", now, ReadingBrake), s.Pause(ctx, Brake{Name: "mail", At: now}))
	try1(s.TellClosings(ctx, func(Closing) []Write { return []Write{{System: "mail", Verb: TellVerb}} }, now))
	_, _, err = s.ClaimNotices(ctx, "mail", 10, now, time.Minute)
	try(err)
	try1(s.Closings(ctx))
	asked := DecisionID("e2", 0, 0)
	question := digest("ask:"+asked+"/1", asked, "ask", "0")[:40]
	for _, says := range []string{"approve", "restore", "decline"} {
		answer := Event{Event: rules.Event{ID: "answer " + says, Kind: KindAnswer, At: now, Subject: rules.Ref{Kind: "case", ID: says}}, Answer: &Answer{Key: question, Says: says, User: "u"}}
		reading, err := s.Reading(ctx, "salesforce")
		try(err)
		try1(s.Intake(ctx, "salesforce", &reading, []Arrival{{Subject: answer.Subject, ID: answer.ID, Kind: answer.Kind, At: now, Event: &answer.Event, Answer: answer.Answer, State: New}}))
		try1(s.Answer(ctx, answer, Checker{Name: "dana"}, terse{}, now))
	}
	try1(s.Fire(ctx, now))
	try1(s.Lapse(ctx, now.Add(2*time.Hour)))
	try1(s.Retain(ctx, Retention{Raw: time.Hour, Situations: time.Hour}, now.AddDate(0, 0, 9)))
	try(s.Writable(ctx, now))
	try1(s.Quiet(ctx))
	try1(s.Counts(ctx))
	try1(s.Happened(ctx, []string{"e1", "e2"}))
	try1(s.Through(ctx, "mailbox", 1))
	names, err := s.Secure(ctx, "mailbox", 10)
	try(err, s.Housekept(ctx, "mailbox", names))
	try1(s.Mails(ctx, now))
	try1(s.Cancelled(ctx, CancelledFilter{Since: now, Limit: 50}))
	due, err := s.ShadowsDue(ctx, now.AddDate(0, 0, 1), 10)
	try(err)
	if len(due) == 0 {
		t.Fatal("nothing is in shadow")
	}
	try(s.ShadowsCompared(ctx, map[int64]Found{due[0].ID: {As: NotDone}}, now), s.SetShadowReported(ctx, now))
	try1(s.ShadowReported(ctx))
	for _, f := range []ShadowFilter{{Since: now}, {Since: now, Till: now, Compared: true}, {Since: now, Limit: 10}} {
		try1(s.ShadowTotals(ctx, f))
		try1(s.ShadowDifferences(ctx, f))
		try1(s.Unforeseen(ctx, f))
	}
	holds, err := s.ClientHolds(ctx, now)
	try(err, s.NameHolds(ctx, holds), s.DescribeHolds(ctx, holds))
	_, _, err = s.HoldOf(ctx, rules.Ref{Kind: "client", ID: "C1"})
	try(err)
	try1(s.HoldSituations(ctx, rules.Ref{Kind: "client", ID: "C1"}, 3))
	try1(s.DecidedAbout(ctx, []string{"client C1"}, 10))
	try1(s.EntriesOf(ctx, []string{"D1"}))
	for _, err := range s.LatestSituations(ctx, 10) {
		try(err)
	}
	try1(s.Decisions(ctx, "C1"))
	try1(s.DecisionList(ctx, DecisionFilter{Tables: []string{"t"}, Row: "r", Since: now, Till: now, After: "1-D", Limit: 50}))
	try1(s.Acts(ctx, "D1"))
	try1(s.ActLog(ctx, ActFilter{Before: 9, Since: now, Limit: 10}))
	try1(s.Tallies(ctx, []string{"t"}, now))
	try1(s.Applied(ctx, []string{"t"}, now))
	try1(s.History(ctx, "C1", "", 10))
	try1(s.Waiting(ctx, 0, 10))
	try1(s.Aside(ctx, 10))
	try1(s.NextDeadlines(ctx, 10))
	try1(s.Holds(ctx))
	try1(s.Held(ctx, "r"))
	try1(s.LeftUndone(ctx, 1, 10))
	try1(s.Doubtful(ctx))
	for _, f := range []Filter{{States: []State{Proposed, Stuck}}, {ID: 1}, {Decision: "D"}, {Event: "e1"}, {After: 1, Limit: 50}, {States: []State{Done}, Limit: 50}} {
		try1(s.Entries(ctx, f))
	}
	_, _ = s.MadeBy(ctx, "ae1")
	_, _ = s.Mail(ctx, "e1")
	for _, err := range s.Situations(ctx, now) {
		try(err)
	}
	open, err := s.Entries(ctx, Filter{States: []State{Proposed, Pending}})
	try(err)
	for _, e := range open {
		_ = s.Act(ctx, []int64{e.ID}, Drop, "dana", "", now)
	}
}

// terse says nothing in cases.
type terse struct{}

func (terse) Ask(Verdict, string, []Entry) Write {
	return Write{System: "salesforce", Verb: "ask"}
}
func (terse) AskAll(Hold, []Entry) Write                  { return Write{System: "salesforce", Verb: "ask"} }
func (terse) End(key, word, how string) []Write           { return nil }
func (terse) Found(connectors.Ref, Verdict) Write         { return Write{System: "salesforce"} }
func (terse) Refuse(connectors.Ref, string, string) Write { return Write{System: "salesforce"} }
