package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/preview"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/mapping"
)

const (
	// exitChanges is how a plan with changes ends under --detailed-exitcode.
	exitChanges = 2
	// planGarbage is how much garbage there may be, in percent of what is in use.
	// Of a plan of 50,000 records 60 in place of 100 spares a tenth of the memory.
	planGarbage = 60
)

func newPlanCommand(g *globals) *cobra.Command {
	var since, file string
	var detailed bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Say what the daemon would do with what is there now; change nothing",
		Long: `Say what the daemon would do with what is there now; change nothing.

The org is read as on a first start with start.adopt, and, with --since, the mail
received since that day. What would follow is decided by the daemon's own rules
and settings, and nothing is written: not to the org, not to the mailbox (no
mail is moved or flagged), not to the journal. If there is a journal, what it
remembers counts, and what it has in hand (decided in this situation, or open in
the outbox) is only counted. None is needed.

For each record: what would be changed, by which row of which table and why, and
whether at once, after approval, or not at all because its verb is off. A field
is shown as it is now and as it would be. Then how often each row and verb would
be used, which ceilings would be passed, and what it costs in API calls. Records
for which nothing would be done are only counted. The daemon decides on what its
own changes have left, and deadlines fall due; neither is foreseen here.

The calls to make the changes are estimated: the changes of one subject go one
after the other, those of different subjects together, 200 to a request and five
requests to a call, and are looked at before. Ceilings of an hour are reckoned as
if all of it came within one.

The plan has values of records in it, and the texts of mails. The file of --out
can be read by its owner only. "standdown apply FILE" does what is in it.

Exit codes: 0; with --detailed-exitcode 2 if there are changes to be made. That
is also the code for wrong usage and configuration, which prints no plan and says
on standard error what is wrong.`,
		Example: `  standdown plan
  standdown plan --since 2026-03-01 --out plan.json
  standdown apply plan.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var day config.Instant
			if since == "" && cmd.Flags().Changed("since") {
				return usagef(`--since: "" is no day; want one such as 2026-03-01`)
			}
			if err := day.UnmarshalText([]byte(since)); err != nil {
				return usagef("--since: %w", err)
			}
			cfg, err := g.load()
			if err != nil {
				return err
			}
			if err := soundRules(cfg); err != nil {
				return err
			}
			p := planning{
				cfg: cfg, since: time.Time(day), file: file, out: newPlanText(cmd.OutOrStdout()), progress: progress(cmd.ErrOrStderr()),
				log: newLogger(cfg.Log, cmd.ErrOrStderr()), now: time.Now,
			}
			if g.json() {
				p.out = newPlanJSON(cmd.OutOrStdout())
			}
			defer debug.SetGCPercent(debug.SetGCPercent(planGarbage))
			changes, err := p.run(cmd.Context())
			if err == nil && detailed && changes > 0 {
				return outcome(exitChanges)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "read the mail received since this `day` as well, such as 2026-03-01")
	cmd.Flags().StringVar(&file, "out", "", "save the plan as JSON in this `file`, for \"standdown apply\"")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 if there are changes to be made")
	return cmd
}

// A planning is one making of a plan.
type planning struct {
	cfg      *config.Config
	since    time.Time // of the mail that is read; zero for none
	file     string    // in which it is saved; empty for none
	out      planPrinter
	progress func(records, changes int) // nil if nobody watches
	log      *slog.Logger
	now      func() time.Time
}

// run prints what would be done and saves it. It returns how many changes that
// is.
func (p planning) run(ctx context.Context) (changes int, err error) {
	cfg, log, now := p.cfg, p.log, p.now
	journal, found, err := planJournal(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer journal.Close()
	var calls atomic.Int64
	org, err := connectOrg(cfg, log, now, func(string) { calls.Add(1) })
	if err != nil {
		return 0, err
	}
	if !p.since.IsZero() && cfg.Mailbox == nil {
		return 0, usagef("--since is about mail, and no mailbox is configured")
	}
	inboxes := connectInboxes(cfg, mailTokens(cfg.Mailbox, log, now), log, now)
	for _, in := range inboxes {
		defer in.Close()
	}
	sinks := map[string]connectors.Sink{mapping.Salesforce: nowhere{}}
	if cfg.Notify.Via == "salesforce" || cfg.Mailbox != nil {
		sinks[mapping.Mail] = nowhere{}
	}
	e := planner(cfg, journal.Store, org, sinks, log, now)
	look := newPreview(cfg, e, org, inboxes, p.since)
	look.Progress = p.progress

	save, err := newPlanFile(p.file)
	if err != nil {
		return 0, err
	}
	defer save.discard()
	outs := planPrinters{p.out, save.planJSON}
	if err := outs.begin(planHead{
		Format: planFormat, At: now().UTC(), Version: version(), Since: p.since, Journal: found, Org: cfg.Salesforce.URL, Settings: planSettings(cfg),
	}); err != nil {
		return 0, err
	}
	totals, err := look.Run(ctx, outs.record)
	if err != nil {
		return 0, err
	}
	used, limit := org.Usage()
	err = outs.end(planTotals{Totals: totals, ReadCalls: int(calls.Load()), CallsOfTheDay: used, CallsAllowed: limit})
	return totals.Changes, errors.Join(err, save.keep())
}

// planner returns an engine that decides as the daemon does, and begins with
// what is there.
func planner(cfg *config.Config, journal *store.Store, org *salesforce.Client, sinks map[string]connectors.Sink, log *slog.Logger, now func() time.Time) *engine.Engine {
	return &engine.Engine{
		Store: journal, Book: cfg.Book, Mapping: cfg.Names, Lookup: org, Sinks: sinks, Autonomy: cfg.Autonomy, Ceilings: ceilings(cfg),
		ExpireAfter: cfg.Approvals.ExpireAfter, AskInCases: cfg.Approvals.Cases, Delivery: delivery(cfg), Now: now, Log: log,
		Shadow: engine.Shadow{All: cfg.Shadow.All, After: cfg.Shadow.After},
	}
}

// newPreview returns what looks at the org, and at mail received since a day
// unless that is zero, and asks the engine what it would do.
func newPreview(cfg *config.Config, e *engine.Engine, org *salesforce.Client, inboxes []mailFolder, since time.Time) *preview.Preview {
	feeds := []preview.Feed{{Name: "salesforce", Source: org}}
	if !since.IsZero() {
		for _, in := range inboxes {
			feeds = append(feeds, preview.Feed{Name: in.name, Source: in})
		}
	}
	return &preview.Preview{
		Feeds: feeds, Mapping: cfg.Names, Lookup: org, Journal: e.Store, Since: since, Ceilings: e.Ceilings,
		Decide: e.PlanAll,
		Cost: func(changes map[preview.Sort]int) int {
			all := map[salesforce.Sort]int{}
			for s, n := range changes {
				if s.Op != connectors.Send || cfg.Notify.Via == "salesforce" {
					all[salesforce.Sort(s)] = n
				}
			}
			return org.Cost(all)
		},
	}
}

// planJournal opens the journal beside the daemon, or an empty one, which is
// removed when it is closed, if no daemon has made one yet.
func planJournal(ctx context.Context, cfg *config.Config) (j scratch, found bool, err error) {
	beside, err := store.OpenBeside(ctx, cfg.Journal.Name())
	if !errors.Is(err, store.ErrNone) {
		return scratch{Store: beside}, true, err
	}
	dir, err := os.MkdirTemp("", "standdown-plan-")
	if err != nil {
		return j, false, err
	}
	empty, err := store.Open(ctx, filepath.Join(dir, "journal.db"))
	if err != nil {
		return j, false, errors.Join(err, os.RemoveAll(dir))
	}
	return scratch{empty, dir}, false, nil
}

// A scratch is a journal and the folder, if any, that is removed with it.
type scratch struct {
	*store.Store
	dir string
}

func (s scratch) Close() error {
	err := s.Store.Close()
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// nowhere stands for a system that changes could go to, and none does.
type nowhere struct{}

func (nowhere) Limit() int { return 1 }

func (nowhere) Apply(_ context.Context, changes []connectors.Change) []connectors.Result {
	refused := make([]connectors.Result, len(changes))
	for i := range refused {
		refused[i].Err = &connectors.Error{Class: connectors.Rejected, Err: errors.New("a plan writes nothing")}
	}
	return refused
}

// progress tells how far it is on a terminal, and nobody elsewhere.
func progress(w io.Writer) func(records, changes int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func(records, changes int) {
		fmt.Fprintf(f, "\r%d records read, %d changes planned \r", records, changes)
	}
}
