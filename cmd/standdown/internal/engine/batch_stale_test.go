package engine_test

import (
	"strings"
	"sync"
	"testing"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// An interrupter does something after the first verdict that it is told of.
type interrupter struct {
	*witness
	first func()
	once  sync.Once
}

func (i *interrupter) Decided(v store.Verdict, took engine.Period) {
	i.witness.Decided(v, took)
	i.once.Do(i.first)
}

func TestWhatIsChangedWhileOthersOfItsBatchAreDecidedIsLookedAtAgain(t *testing.T) {
	w := newWorld(t)
	other := w.settle(0)
	w.start()
	pause := store.Brake{Name: store.AllSystems, At: w.now(), Who: "dana", Reason: "audit"}
	if err := w.journal.Pause(t.Context(), pause); err != nil {
		t.Fatal(err)
	}
	w.write(1)
	w.until("the first decision", func() bool { return w.outcome() != "" })
	w.stop()

	// Another family's request and the same family's again are read together. When
	// the other's is decided, the first change is made at last.
	w.inbox.Put(other)
	w.inbox.Put(w.mailOf(2, "Please cancel my contract C-204417, we are moving."))
	seen := &witness{}
	w.engine.Observer = &interrupter{witness: seen, first: func() {
		if err := w.journal.Resume(t.Context(), store.Brake{Name: store.AllSystems, At: w.now(), Who: "dana"}); err != nil {
			t.Error(err)
		}
		w.until("the first change", func() bool { return strings.HasPrefix(w.outcome(), allDone) })
	}}
	w.start()
	w.until("all to be decided", func() bool {
		decided, err := w.journal.Events(t.Context(), store.Decided)
		return err == nil && len(decided) >= 3
	})
	w.rest()
	if n := w.times("cancel-workflow"); n != 2 {
		t.Errorf("%d changes of a contract, want one of each: %s\n%s", n, w.outcome(), strings.Join(seen.all(), "\n"))
	}
}

func TestAWorkerWhoIsJustGivenBackIsNotGivenBackElsewhere(t *testing.T) {
	w := newWorld(t)
	w.share()
	w.start()
	w.rest()
	w.stop()
	for n := range 2 {
		w.org.Edit(connectors.Ref{Kind: "Contact", ID: person(n)}, map[string]any{"On_Hold__c": false})
	}
	w.start()
	w.until("both to be decided", func() bool {
		decided, err := w.journal.Events(t.Context(), store.Decided)
		return err == nil && len(decided) >= 2
	})
	w.rest()
	if n := w.times("allocate-saved"); n != 1 {
		t.Errorf("the worker was given back %d times, want once: %s", n, w.outcome())
	}
}
