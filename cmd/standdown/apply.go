package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
)

func newApplyCommand(g *globals) *cobra.Command {
	var approve bool
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Do what a saved plan says, and refuse what has changed since",
		Long: `Do what a plan that was saved with "standdown plan --out FILE" says, and nothing
else.

Each record of the plan is read and decided anew. If event, rows, changes, values
and states are still those of the plan, it goes into the journal with what was
decided, as if the daemon had read and decided it: it is shown, explained and
undone like everything else, and no daemon does it again. If anything is
otherwise, nothing of that record is done, and what is otherwise is said; the
others go on. A plan for another org, of other settings, that was edited or cut
off is refused whole.

Changes that the plan has at once are made; those that need approval wait for it
(see "standdown outbox"), unless you give it with --approve, which is refused for
what goes back to you, as always (see approvals in the configuration). Ceilings
and pauses hold as always. What the rules decide later, because of these changes
or because days pass, is not of the plan: the daemon does that.

If a daemon runs on the journal, it makes the changes, and this command waits for
it; if none does, this command makes them, and a daemon must wait for it to end.
A journal is made if there is none. If you stop it, or it is killed, what is in
the journal is made by the daemon, or by the same command again. The same plan
may be applied again: what was taken up is not done twice. A mail that was taken
up is filed when the daemon next runs.

If a record changes between the look and the write, nothing is overwritten: it is
decided again by the daemon, and what is then asked for waits for approval.

Exit codes: 0; 1 if a record was refused, or a system refused a change; 2 if the
plan cannot be applied at all, and nothing was begun; 3 if a system cannot be
reached.`,
		Example: `  standdown plan --since 2026-03-01 --out plan.json
  standdown apply plan.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := cmd.Flags().GetString("as")
			if err != nil {
				return err
			}
			if as == "" {
				return errNobody
			}
			plan, err := readPlan(args[0])
			if err != nil {
				return err
			}
			cfg, err := g.load()
			if err != nil {
				return err
			}
			if err := soundRules(cfg); err != nil {
				return err
			}
			a := applying{
				cfg: cfg, plan: plan, who: as, approve: approve, log: newLogger(cfg.Log, cmd.ErrOrStderr()), now: time.Now,
				progress: applyProgress(cmd.ErrOrStderr()),
			}
			done, err := a.run(cmd.Context())
			if done == nil {
				return err
			}
			if g.json() {
				err = errors.Join(err, printJSON(cmd.OutOrStdout(), done))
			} else {
				err = errors.Join(err, done.print(cmd.OutOrStdout()))
			}
			if err == nil && done.failed() {
				return outcome(exitFailed)
			}
			return err
		},
	}
	cmd.Flags().String("as", os.Getenv("USER"), "who you are")
	cmd.Flags().BoolVar(&approve, "approve", false, "approve what the plan has as needing approval")
	return cmd
}

// An applying is one application of a plan.
type applying struct {
	cfg      *config.Config
	plan     savedPlan
	who      string
	approve  bool
	progress func(stage string, n, of int) // nil if nobody watches
	log      *slog.Logger
	now      func() time.Time
	changes  []func(*engine.Engine) // to the engine, as for serve
}

// run applies the plan. It returns what became of its records, with an error if
// it was stopped before that was known of all; nil if nothing was begun.
func (a applying) run(ctx context.Context) (*applied, error) {
	cfg, log, now := a.cfg, a.log, a.now
	if err := a.plan.suits(cfg); err != nil {
		return nil, err
	}
	journal, alone, err := applyJournal(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer journal.Close()
	if was := journal.Upgraded(); was.From > 0 {
		log.Info("journal brought up to date", "from", was.From, "to", was.To, "copy", was.Copy)
	}
	org, err := connectOrg(cfg, log, now, nil)
	if err != nil {
		return nil, err
	}
	tokens := mailTokens(cfg.Mailbox, log, now)
	inboxes := connectInboxes(cfg, tokens, log, now)
	for _, in := range inboxes {
		defer in.Close()
	}
	sinks := map[string]connectors.Sink{mapping.Salesforce: org}
	notices, err := connectNotices(cfg, org, inboxes, tokens, journal, log, now)
	if err != nil {
		return nil, err
	}
	if notices != nil {
		sinks[mapping.Mail] = notices
	}
	e := planner(cfg, journal, org, sinks, log, now)
	e.Only, e.Tick = store.PlanRun(a.plan.Digest[:16]), 200*time.Millisecond
	for _, change := range a.changes {
		change(e)
	}

	done := newApplied(a.plan)
	if err := done.recall(ctx, journal, e.Only); err != nil {
		return nil, err
	}
	if these := done.open(); len(these) > 0 {
		looked := now()
		look := newPreview(cfg, e, org, inboxes, a.plan.Plan.Since)
		look.Progress = func(records, changes int) { a.tell("records looked at", records, len(these)) }
		if err := look.Again(ctx, these, done.compare); err != nil {
			return nil, err
		}
		if err := a.takeUp(ctx, e, done, looked); err != nil {
			return nil, err
		}
	}
	stopped := a.deliver(ctx, e, alone)
	// What has become of it is told even to who has stopped it.
	return done, errors.Join(stopped, done.settle(context.WithoutCancel(ctx), journal, e.Only))
}

// applyJournal opens the journal for this program alone, or, if a daemon runs on
// it, beside that. It is made if there is none.
func applyJournal(ctx context.Context, cfg *config.Config) (j *store.Store, alone bool, err error) {
	j, err = store.Open(ctx, cfg.Journal.Name())
	alone = err == nil
	if errors.Is(err, store.ErrRuns) {
		j, err = store.OpenBeside(ctx, cfg.Journal.Name())
	}
	if err != nil {
		return nil, false, err
	}
	if j.Key, err = store.ParseKey(string(cfg.Journal.Key)); err != nil {
		return nil, false, errors.Join(fmt.Errorf("journal.key: %w", err), j.Close())
	}
	return j, alone, nil
}

// takeUp journals what is as the plan says, by a look that began at the time.
func (a applying) takeUp(ctx context.Context, e *engine.Engine, done *applied, looked time.Time) error {
	up := store.TakingUp{Run: e.Only, Who: a.who, Plan: "plan of " + a.plan.Plan.At.Format(time.RFC3339), Looked: looked}
	if a.approve {
		checker := checker(a.cfg.Approvals)(a.who)
		up.Approver = &checker
	}
	records, agreed := done.agreed()
	taken, err := e.TakeUp(ctx, up, agreed)
	if err != nil {
		return err
	}
	for i, t := range taken {
		records[i].take(t)
	}
	return nil
}

// deliver returns when nothing that was taken up is on its way any more, or ctx
// ends. What is paused, or waits for the morning, is left to the daemon.
func (a applying) deliver(ctx context.Context, e *engine.Engine, alone bool) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	if alone {
		go func() { ended <- e.Run(running) }()
	} else {
		ended <- nil
	}
	err := a.await(ctx, e)
	stop()
	return errors.Join(err, <-ended)
}

func (a applying) await(ctx context.Context, e *engine.Engine) error {
	tick := time.NewTicker(e.Tick)
	defer tick.Stop()
	most := 0
	for {
		left, err := a.moving(ctx, e)
		if ctx.Err() != nil {
			return errors.New("stopped; what is in the journal and not yet made is made by the daemon, or by the same command again")
		}
		if err != nil || left == 0 {
			return err
		}
		most = max(most, left)
		a.tell("changes made", most-left, most)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// moving counts the changes of the run that need nothing but time.
func (a applying) moving(ctx context.Context, e *engine.Engine) (n int, err error) {
	bySystem, err := e.Store.RunMoving(ctx, e.Only)
	if err != nil {
		return 0, err
	}
	brakes, err := e.Store.Brakes(ctx)
	if err != nil {
		return 0, err
	}
	paused := map[string]bool{}
	for _, b := range brakes {
		paused[b.Name] = true
	}
	for system, moving := range bySystem {
		if !paused[store.AllSystems] && !paused[system] && !e.Delivery.QuietHours[system].Include(a.now()) {
			n += moving
		}
	}
	return n, nil
}

func (a applying) tell(stage string, n, of int) {
	if a.progress != nil {
		a.progress(stage, n, of)
	}
}
