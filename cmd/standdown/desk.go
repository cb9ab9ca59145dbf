package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/store"
)

// A desk is where people on the command line look at the outbox and act on it:
// at the journal beside them, or at a daemon (--server). All of an act is done,
// or none of it.
type desk interface {
	// Entries returns what the filter chooses by id, states, decision or hold.
	Entries(ctx context.Context, f store.Filter) ([]store.Entry, error)
	// Decisions returns those with that id, of that event or about that record,
	// oldest first.
	Decisions(ctx context.Context, name string) ([]store.Decision, error)
	Decision(ctx context.Context, id string) (dossier, error)
	Brakes(ctx context.Context) ([]store.Brake, error)
	Holds(ctx context.Context) ([]store.Hold, error)
	Answer(ctx context.Context, entries []int64, signal store.Signal, reason string) error
	// PlanUndo says what Undo would come to.
	PlanUndo(ctx context.Context, decision string) (undoPlan, error)
	Undo(ctx context.Context, decision, reason string) (undoPlan, error)
	Pause(ctx context.Context, system, reason string) error
	Resume(ctx context.Context, system, reason string) error
}

// A dossier is a decision with what became of it.
type dossier struct {
	store.Decision
	Acts      []store.Act `json:"acts"`
	Explained string      `json:"explained"`
}

// atDesk calls do with the desk that is meant. Who acts there is told by the
// flag --as of the command, if it has one, or to a daemon by the token.
func (g *globals) atDesk(cmd *cobra.Command, do func(context.Context, desk) error) error {
	as := cmd.Flags().Lookup("as")
	if server := g.serverURL(); server != "" {
		if as != nil && as.Changed {
			return usagef("--as is for the journal: the daemon knows who you are by the token")
		}
		r, err := g.newRemote(server)
		if err != nil {
			return err
		}
		return do(cmd.Context(), r)
	}
	who := ""
	if as != nil {
		if who = as.Value.String(); who == "" {
			return errNobody
		}
	}
	cfg, err := g.load()
	if err != nil {
		return err
	}
	return g.withJournal(cmd.Context(), func(ctx context.Context, j *store.Store) error {
		return do(ctx, journalDesk{j, g, cfg, who})
	})
}

// A journalDesk works on the journal itself.
type journalDesk struct {
	*store.Store
	globals *globals
	config  *config.Config
	who     string
}

func (d journalDesk) Decision(ctx context.Context, id string) (one dossier, err error) {
	decisions, err := d.Decisions(ctx, id)
	if err != nil {
		return one, err
	}
	if len(decisions) != 1 {
		return one, fmt.Errorf("there is no decision %s", id)
	}
	one.Decision = decisions[0]
	if one.Acts, err = d.Acts(ctx, id); err != nil {
		return one, err
	}
	if one.Erased() {
		one.Explained = fmt.Sprintf("row %s of %s\nwhat it rested on was erased on request\n", one.Row, one.Table)
		return one, nil
	}
	if one.Table == store.People {
		return one, nil
	}
	book, note, err := bookOf(ctx, d.globals, d.Store, one.Decision)
	if err != nil {
		return one, err
	}
	one.Explained = note + book.Explain(one.Decision.Decision)
	return one, nil
}

func (d journalDesk) Answer(ctx context.Context, entries []int64, signal store.Signal, reason string) error {
	if signal == store.Approve {
		return d.Approve(ctx, entries, checker(d.config.Approvals)(d.who), reason, time.Now())
	}
	return d.Act(ctx, entries, signal, d.who, reason, time.Now())
}

func (d journalDesk) PlanUndo(ctx context.Context, decision string) (undoPlan, error) {
	return d.planUndo(ctx, decision, "")
}

func (d journalDesk) planUndo(ctx context.Context, decision, reason string) (undoPlan, error) {
	entries, err := d.Entries(ctx, store.Filter{Decision: decision})
	if err != nil {
		return undoPlan{}, err
	}
	if len(entries) == 0 {
		return undoPlan{}, fmt.Errorf("there is no decision %q with changes: see 'standdown outbox list --all'", decision)
	}
	return planUndo(d.config, entries, d.who, reason), nil
}

func (d journalDesk) Undo(ctx context.Context, decision, reason string) (undoPlan, error) {
	p, err := d.planUndo(ctx, decision, reason)
	if err != nil {
		return p, err
	}
	if len(p.Writes) == 0 {
		return p, fmt.Errorf("nothing of %s can be taken back by this program: see what --dry-run says", decision)
	}
	p.Decision, err = d.Store.Undo(ctx, store.Undoing{Decision: decision, Who: d.who, Reason: reason, Writes: p.Writes}, time.Now())
	return p, err
}

func (d journalDesk) Pause(ctx context.Context, system, reason string) error {
	return d.Store.Pause(ctx, store.Brake{Name: system, At: time.Now(), Who: d.who, Reason: reason})
}

func (d journalDesk) Resume(ctx context.Context, system, reason string) error {
	return d.Store.Resume(ctx, store.Brake{Name: system, At: time.Now(), Who: d.who, Reason: reason})
}
