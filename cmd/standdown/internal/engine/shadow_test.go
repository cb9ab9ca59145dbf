package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
	"standdown/rules"

	"github.com/robfig/cron/v3"
)

// inShadow is a world in which every verb is in shadow.
func inShadow(t *testing.T) *world {
	w := newWorld(t)
	for verb := range w.engine.Autonomy {
		w.engine.Autonomy[verb] = "shadow"
	}
	w.engine.Shadow = engine.Shadow{All: true, After: 2}
	return w
}

const allShadow = "cancel-workflow shadow, post-comment shadow, notify-parties shadow"

func TestShadow(t *testing.T) {
	t.Run("it is decided, and nothing is done", func(t *testing.T) {
		w := inShadow(t)
		w.start()
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		w.rest()
		w.want(allShadow, "Active", 0, 0)
		if refs := w.inbox.SettledRefs(); len(refs) > 0 {
			t.Errorf("mails %v were flagged", refs)
		}
	})
	t.Run("nothing is done later, when it is switched off", func(t *testing.T) {
		w := inShadow(t)
		w.start()
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		w.stop()
		for verb := range w.engine.Autonomy {
			w.engine.Autonomy[verb] = "auto"
		}
		w.engine.Shadow.All = false
		w.start()
		w.mail(2, "Please let me know what my contract C-204417 costs.") // is handled after all that was there
		w.until("the second mail to be filed", func() bool { return len(w.inbox.SettledRefs()) > 0 })
		w.rest()
		if got := w.outcome(); !strings.HasPrefix(got, allShadow) {
			t.Errorf("outbox: %s", got)
		}
		if got := w.status(); got != "Active" {
			t.Errorf("the workflow is %s", got)
		}
		if refs := w.inbox.SettledRefs(); len(refs) != 1 {
			t.Errorf("mails %v were flagged, want the second only", refs)
		}
	})
	t.Run("a verb can be switched on by itself", func(t *testing.T) {
		w := inShadow(t)
		w.engine.Autonomy["cancel-workflow"] = "auto"
		w.start()
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		w.rest()
		w.want("cancel-workflow done, post-comment shadow, notify-parties shadow", "Cancel Pending", 0, 0)
	})
	t.Run("nobody is told of what is in shadow", func(t *testing.T) {
		w := newWorld(t)
		w.engine.Autonomy["cancel-workflow"] = "shadow"
		w.start()
		w.write(1)
		w.until("the mail to be filed", func() bool { return len(w.inbox.SettledRefs()) == 1 })
		w.rest()
		w.want(allShadow, "Active", 0, 0)
	})
	t.Run("it cannot be approved nor taken back, and that is said", func(t *testing.T) {
		w := inShadow(t)
		w.start()
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		for _, signal := range []store.Signal{store.Approve, store.Retry, store.Drop} {
			if err := w.journal.Act(t.Context(), []int64{1}, signal, "dana", "", w.now()); err == nil || !strings.Contains(err.Error(), "decided in shadow") {
				t.Errorf("%s: %v", signal, err)
			}
		}
		entries, err := w.journal.Entries(t.Context(), store.Filter{ID: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.journal.Undo(t.Context(), store.Undoing{Decision: entries[0].Decision, Who: "dana", Reason: "why not"}, w.now())
		if err == nil || !strings.Contains(err.Error(), "decided in shadow") {
			t.Errorf("undo: %v", err)
		}
	})
	t.Run("the clock runs by what people do", func(t *testing.T) {
		w := inShadow(t)
		w.start()
		w.write(1)
		w.until("the decision", func() bool { return w.outcome() != "" })
		deadlines := func() int {
			all, err := w.journal.Deadlines(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		if n := deadlines(); n != 0 {
			t.Errorf("%d deadlines run although the workflow is active", n)
		}
		w.org.Edit(connectors.Ref{Kind: "Workflow__c", ID: workflow}, map[string]any{"Status__c": "Cancel Pending"})
		w.until("the clock", func() bool { return deadlines() == 1 })
	})
}

func TestShadowIsComparedWithWhatPeopleDo(t *testing.T) {
	ref := connectors.Ref{Kind: "Workflow__c", ID: workflow}
	for _, test := range []struct {
		sentence string
		people   func(w *world)
		want     store.ShadowTotal
		now      any
	}{
		{"they did the same", func(w *world) { w.org.Edit(ref, map[string]any{"Status__c": "Cancel Pending"}) }, store.ShadowTotal{Same: 1}, nil},
		{"they did nothing", func(*world) {}, store.ShadowTotal{NotDone: 1}, "Active"},
		{"they did something else", func(w *world) { w.org.Edit(ref, map[string]any{"Status__c": "Cancelled"}) }, store.ShadowTotal{Otherwise: 1}, "Cancelled"},
		{"it was taken back before they came to it", func(w *world) {
			w.mail(2, "Please restore my contract C-204417, we want to keep it.")
			w.until("the second decision", func() bool { return strings.Contains(w.outcome(), "hold-for-review") })
		}, store.ShadowTotal{Untold: 1}, nil},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			w := inShadow(t)
			w.start()
			w.write(1)
			w.until("the decision", func() bool { return w.outcome() != "" })
			test.people(w)
			if due, err := w.journal.ShadowsDue(t.Context(), w.now().Add(24*time.Hour), 10); err != nil || len(due) > 0 {
				t.Errorf("it would be compared before people had their time: %v, %v", due, err)
			}
			w.ahead.Add(int64(7 * 24 * time.Hour))
			w.until("the comparison", func() bool { return shadowTotals(w)["cancel-workflow"].Waiting == 0 })
			totals := shadowTotals(w)
			test.want.Verb = "cancel-workflow"
			if totals["cancel-workflow"] != test.want {
				t.Errorf("got %+v, want %+v", totals["cancel-workflow"], test.want)
			}
			if totals["notify-parties"].Untold != 1 || totals["post-comment"].Untold != 1 {
				t.Errorf("mails and comments cannot be compared: %v", totals)
			}
			differences, err := w.journal.ShadowDifferences(t.Context(), store.ShadowFilter{})
			if err != nil {
				t.Fatal(err)
			}
			if test.now == nil {
				if len(differences) > 0 {
					t.Errorf("differences: %+v", differences)
				}
				return
			}
			if len(differences) != 1 || differences[0].Found.Now["Status__c"] != test.now || differences[0].Row != "C5" {
				t.Errorf("differences: %+v", differences)
			}
		})
	}
}

// What people do to the very record that an event is about is an event, too.
func TestWhatPeopleDoToTheRecordItselfOvertakesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		about rules.Ref
		did   string
		want  store.ShadowTotal
	}{
		"they did something else":                {rules.Ref{Kind: "workflow", ID: workflow}, "Cancelled", store.ShadowTotal{Otherwise: 1}},
		"they changed something else of it":      {rules.Ref{Kind: "workflow", ID: workflow}, "Active", store.ShadowTotal{Untold: 1}},
		"they changed what it all followed from": {rules.Ref{Kind: "client", ID: "C"}, "Cancelled", store.ShadowTotal{Untold: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := inShadow(t)
			record := connectors.Ref{Kind: "Workflow__c", ID: workflow}
			subject := rules.Ref{Kind: "workflow", ID: workflow}
			w.decided("first", test.about, w.now().Add(time.Hour), subject, store.Write{System: "salesforce", Verb: "cancel-workflow", State: store.Shadow, Change: connectors.Change{
				Key: "first", Op: connectors.Update, Ref: record, Fields: map[string]any{"Status__c": "Cancel Pending"}, If: map[string]any{"Status__c": "Active"}}})
			w.org.Edit(record, map[string]any{"Status__c": test.did})
			w.decided("second", test.about, w.now().Add(time.Hour), subject)
			w.pass(2 * time.Hour)
			w.start()
			w.until("the comparison", func() bool { return shadowTotals(w)["cancel-workflow"].Waiting == 0 })
			test.want.Verb = "cancel-workflow"
			if got := shadowTotals(w)["cancel-workflow"]; got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func shadowTotals(w *world) map[string]store.ShadowTotal {
	all, err := w.journal.ShadowTotals(w.t.Context(), store.ShadowFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	by := map[string]store.ShadowTotal{}
	for _, t := range all {
		by[t.Verb] = t
	}
	return by
}

func TestShadowIsReported(t *testing.T) {
	w := inShadow(t)
	log := w.diary()
	daily, err := cron.ParseStandard("0 7 * * *")
	if err != nil {
		t.Fatal(err)
	}
	w.engine.Shadow.Report = daily
	w.engine.Operators = engine.Operators{Mail: []string{operator}}
	w.start()
	w.write(1)
	w.until("the decision", func() bool { return w.outcome() != "" })
	w.ahead.Add(int64(7 * 24 * time.Hour))
	w.until("the comparison", func() bool { return shadowTotals(w)["cancel-workflow"].Waiting == 0 })
	w.ahead.Add(int64(24 * time.Hour))
	w.until("the report", func() bool { return log.count("compared with the rules") > 0 })
	const title = "mail: Standdown: In shadow: 0 of 1 as people did, 1 not done, 2 not comparable"
	w.until("operators to be told", func() bool { titles, _ := w.told(); return slices.Contains(titles, title) })
	if _, texts := w.told(); !strings.Contains(texts, "- cancel-workflow: 0 of 1 as people did, 1 not done\n") {
		t.Errorf("operators were told:\n%s", texts)
	}
	w.ahead.Add(int64(24 * time.Hour))
	w.until("a second day", func() bool {
		at, err := w.journal.ShadowReported(t.Context())
		return err == nil && w.now().Sub(at) < time.Hour
	})
	if n := log.count("compared with the rules"); n != 1 {
		t.Errorf("%d reports, want one: nothing was compared on the second day", n)
	}
}

// What is compared on one day may be told in several reports.
func TestShadowIsReportedSeveralTimesADay(t *testing.T) {
	w := inShadow(t)
	hourly, err := cron.ParseStandard("0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	w.engine.Shadow.Report = hourly
	w.engine.Operators = engine.Operators{Mail: []string{operator}}
	tomorrow := w.now().In(w.engine.Book.Zone()).AddDate(0, 0, 1)
	at := func(hour, minute int) time.Time {
		return time.Date(tomorrow.Year(), tomorrow.Month(), tomorrow.Day(), hour, minute, 0, 0, tomorrow.Location())
	}
	to := func(t time.Time) { w.pass(t.Sub(w.now())) }
	to(at(8, 0))
	w.inShadow("first", at(8, 30))
	w.inShadow("second", at(9, 30))
	w.start()
	w.until("the first day to begin", func() bool {
		reported, err := w.journal.ShadowReported(t.Context())
		return err == nil && !reported.IsZero()
	})
	for i := range 2 {
		to(at(8+i, 40))
		w.until("the comparison", func() bool { return shadowTotals(w)["cancel-job"].Waiting == 1-i })
		to(at(9+i, 10))
		w.until("the report", func() bool { titles, _ := w.told(); return len(titles) == 1+i })
	}
}

// inShadow journals that a visit is cancelled in shadow; it is to be compared
// then. The daemon must not run.
func (w *world) inShadow(visit string, then time.Time) {
	w.t.Helper()
	w.decided(visit, rules.Ref{Kind: "client", ID: "of " + visit}, then, rules.Ref{Kind: "job", ID: visit}, store.Write{
		System: "salesforce", Verb: "cancel-job", State: store.Shadow, Change: connectors.Change{
			Key: visit, Op: connectors.Update, Ref: connectors.Ref{Kind: "Job", ID: visit}, Fields: map[string]any{"Status": "Cancelled"}}})
}

// decided journals an event and what was decided on it. The daemon must not run.
func (w *world) decided(id string, about rules.Ref, compare time.Time, subject rules.Ref, writes ...store.Write) {
	w.t.Helper()
	journal, err := store.Open(w.t.Context(), w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	event := rules.Event{ID: id, Kind: rules.HoldChanged, At: w.now(), Subject: about}
	_, err = journal.Intake(w.t.Context(), "by hand of "+id, &store.Reading{ReadAt: w.now()}, []store.Arrival{{
		Subject: event.Subject, ID: event.ID, Kind: event.Kind, At: event.At, Event: &event, State: store.New}})
	if err == nil {
		err = journal.Commit(w.t.Context(), store.Verdict{
			Event: store.Event{Event: event}, CompareAt: compare,
			Decisions: []rules.Decision{{Table: "on_hold.visit", Row: "H1", Subject: subject}}, Writes: [][]store.Write{writes},
		}, w.now())
	}
	if err := errors.Join(err, journal.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// What the journal stores is what the mapping says.
func TestTheWordsOfComparisons(t *testing.T) {
	for mapped, stored := range map[string]string{
		mapping.Same: store.Same, mapping.Otherwise: store.Otherwise, mapping.NotDone: store.NotDone, mapping.Untold: store.Untold,
	} {
		if mapped != stored {
			t.Errorf("%q is stored as %q", mapped, stored)
		}
	}
}
