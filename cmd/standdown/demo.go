package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/mapping"
)

func newDemoCommand() *cobra.Command {
	var keep, verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the daemon at work, in a world of its own, in less than a minute",
		Long: `See the daemon at work, in a world of its own, in less than a minute.

A Salesforce org, an IMAP server and an SMTP server are started on this machine,
filled with people and contracts. The daemon runs against them as it would
against real ones: same configuration, same connectors, same rules. Mails
arrive, a client's hold dates change, fourteen business days pass, and what came
in, what was decided and why, what was written and what waits for a person is
told as it happens. Nothing leaves this machine and nothing needs to be set up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "standdown-demo-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			log := slog.New(slog.DiscardHandler)
			if verbose {
				log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			}
			return demo(cmd.Context(), dir, keep, cmd.OutOrStdout(), log)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "stay up afterwards, with the addresses printed, until stopped")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the daemon's log on standard error")
	return cmd
}

func demo(ctx context.Context, dir string, keep bool, out io.Writer, log *slog.Logger) (err error) {
	world, err := stage.New(dir, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	cfg, err := config.Load(world.Config(), os.LookupEnv)
	if err != nil {
		return err
	}
	if keep {
		if cfg.Web.Listen, err = freeAddress(); err != nil {
			return err
		}
	}

	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- serve(running, cfg, log, world.Clock.Now, 100*time.Millisecond, brisk) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()

	journal, err := beside(ctx, cfg.Journal.Name())
	if err != nil {
		return err
	}
	defer journal.Close()
	show := &story{out: out, world: world, journal: journal, pages: cfg.Web.Listen, told: map[string]bool{}}
	show.opening()
	director := &director{world: world, journal: journal, approves: func(decision string) error {
		if err := show.events(ctx); err != nil {
			return err
		}
		show.line("person", "Dana Whitlock looks at decision "+decision+" and approves it")
		return nil
	}}
	if err := director.baseline(ctx); err != nil {
		return err
	}
	for i, act := range stage.Acts() {
		show.act(i+1, act)
		if err := director.play(ctx, act); err != nil {
			return err
		}
		if err := show.events(ctx); err != nil {
			return err
		}
	}
	if err := show.closing(ctx, keep); err != nil || !keep {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		ended <- nil
		return err
	}
}

// freeAddress is one on this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// brisk has the org read more often than a configuration may ask for: nobody
// wants to wait for a demonstration.
func brisk(e *engine.Engine) {
	for i, f := range e.Feeds {
		if f.Name == "salesforce" {
			e.Feeds[i].Schedule = every(200 * time.Millisecond)
		}
	}
}

type every time.Duration

func (d every) Next(t time.Time) time.Time { return t.Add(time.Duration(d)) }

// A director has acts played and waits for the daemon to have dealt with them.
type director struct {
	world    *stage.Stage
	journal  *store.Store
	approves func(decision string) error // told what a person is about to approve
}

// patience is how long an act may take at most, killed daemons included.
const patience = time.Minute

// baseline waits until the daemon has seen the world as it is at the start.
func (d *director) baseline(ctx context.Context) error {
	return until(ctx, "the first read", func() (bool, error) {
		for _, source := range []string{"salesforce", "mailbox"} {
			r, err := d.journal.Reading(ctx, source)
			if err != nil || r.ReadAt.IsZero() || r.Baseline {
				return false, err
			}
		}
		return true, nil
	})
}

func (d *director) play(ctx context.Context, act stage.Act) error {
	if err := act.Do(d.world); err != nil {
		return fmt.Errorf("playing %q: %w", act.Title, err)
	}
	calm := lull{journal: d.journal}
	return until(ctx, act.Title, func() (bool, error) {
		if act.Approves {
			if err := d.approve(ctx); err != nil {
				return false, err
			}
		}
		if done, err := act.Done(d.world); err != nil || !done {
			return false, err
		}
		return calm.lasts(ctx)
	})
}

// A lull is when the daemon has nothing to do and has looked at the org since:
// what it wrote there may be what it has to do next. The first read to end in
// the quiet may have begun before it, so there must be a second.
type lull struct {
	journal *store.Store
	last    time.Time // end of the last read that was seen; zero while there is something to do
	reads   int
}

func (l *lull) lasts(ctx context.Context) (bool, error) {
	if nothing, err := l.journal.Quiet(ctx); err != nil || !nothing {
		l.last, l.reads = time.Time{}, 0
		return false, err
	}
	r, err := l.journal.Reading(ctx, "salesforce")
	if err != nil {
		return false, err
	}
	if r.ReadAt.After(l.last) {
		if !l.last.IsZero() {
			l.reads++
		}
		l.last = r.ReadAt
	}
	return l.reads == 2, nil
}

// approve is what a person does who has looked at what is proposed.
func (d *director) approve(ctx context.Context) error {
	waiting, err := d.journal.Entries(ctx, store.Filter{States: []store.State{store.Proposed}})
	if err != nil {
		return err
	}
	for len(waiting) > 0 {
		decision := waiting[0].Decision
		var ids []int64
		for _, e := range waiting {
			if e.Decision == decision {
				ids = append(ids, e.ID)
			}
		}
		if err := d.approves(decision); err != nil {
			return err
		}
		if err := d.journal.Act(ctx, ids, store.Approve, "Dana Whitlock", "", d.world.Clock.Now()); err != nil {
			return err
		}
		waiting = slices.DeleteFunc(waiting, func(e store.Entry) bool { return e.Decision == decision })
	}
	return nil
}

// beside opens the journal once the daemon has made it.
func beside(ctx context.Context, path string) (journal *store.Store, err error) {
	failure := until(ctx, "the journal", func() (bool, error) {
		journal, err = store.OpenBeside(ctx, path)
		return err == nil, nil
	})
	return journal, errors.Join(failure, err)
}

func until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q: it did not come about: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// A story tells what happens, for a person to follow.
type story struct {
	out     io.Writer
	world   *stage.Stage
	journal *store.Store
	pages   string          // where they are served; empty if they are not
	told    map[string]bool // events
	open    []string        // decisions that were told while changes of theirs waited
}

func (s *story) opening() {
	fmt.Fprintf(s.out, `Standdown, the demonstration.

A Salesforce org (%s), an IMAP server (%s) and an SMTP
server (%s) run on this machine. The daemon has recorded what is there
and acts on what comes after. Times are New York's.
`, s.world.OrgURL, s.world.Mail.IMAPAddr, s.world.Mail.SMTPAddr)
}

func (s *story) act(n int, a stage.Act) {
	fmt.Fprintf(s.out, "\n── %d ── %s\n%s\n", n, stage.Local(s.world.Clock.Now()), wrap("", a.Title))
}

// events tells what has been decided since the last time, and what has become
// of what was still open then.
func (s *story) events(ctx context.Context) error {
	open := s.open
	s.open = nil
	for _, decision := range open {
		if err := s.entries(ctx, decision, true); err != nil {
			return err
		}
	}
	events, err := s.journal.Events(ctx, store.Decided, store.Ignored, store.Quarantined)
	if err != nil {
		return err
	}
	for _, e := range events {
		if s.told[e.ID] || e.Note == mapping.OwnMail {
			continue
		}
		s.told[e.ID] = true
		in := e.Kind
		switch {
		case e.State != store.Decided:
			s.line("came in", in)
			s.line(string(e.State), e.Note)
			continue
		case e.Request != nil && e.Request.Quote != "":
			in += fmt.Sprintf(": %q", e.Request.Quote)
		}
		s.line("came in", in)
		decisions, err := s.journal.Decisions(ctx, e.ID)
		if err != nil {
			return err
		}
		if err := s.decisions(ctx, decisions); err != nil {
			return err
		}
	}
	return nil
}

// decisions tells decisions; those of one row about many visits as one.
func (s *story) decisions(ctx context.Context, decisions []store.Decision) error {
	var rows []string
	about := map[string][]store.Decision{}
	for _, d := range decisions {
		row := d.Table + " " + d.Row
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
		about[row] = append(about[row], d)
	}
	for _, row := range rows {
		same := about[row]
		if len(same) > 1 {
			row = fmt.Sprintf("%s, %d times", row, len(same))
		}
		s.line("decided", row+", "+same[0].Because)
		for _, d := range same {
			for _, w := range d.Warnings {
				s.line("warning", w)
			}
			if err := s.entries(ctx, d.ID, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries tells what has become of a decision's changes so far; if it was told
// before, only of those that wait no longer.
func (s *story) entries(ctx context.Context, decision string, again bool) error {
	entries, err := s.journal.Entries(ctx, store.Filter{Decision: decision})
	if err != nil {
		return err
	}
	open := false
	for _, e := range entries {
		switch e.State {
		case store.Proposed, store.Pending, store.Sending:
			open = true
			if !again {
				s.line("waits", e.Text)
			}
		default:
			s.line(string(e.State), e.Text)
		}
	}
	if open {
		s.open = append(s.open, decision)
	}
	return nil
}

func (s *story) line(label, text string) {
	fmt.Fprintln(s.out, wrap(fmt.Sprintf("   %-9s ", label), text))
}

// closing tells what waits for people, and what to try next.
func (s *story) closing(ctx context.Context, keep bool) error {
	fmt.Fprintf(s.out, "\n── What waits for people ──\n")
	cases, err := s.world.Org.Query("SELECT Subject FROM Case WHERE Owner.Name = 'Back Office' AND Status != 'Closed' ORDER BY CaseNumber")
	if err != nil {
		return err
	}
	for _, c := range cases {
		s.line("case", fmt.Sprint(c["Subject"]))
	}
	open, err := s.journal.Entries(ctx, store.Filter{States: []store.State{store.Proposed, store.Stuck, store.Unknown}})
	if err != nil {
		return err
	}
	for _, e := range open {
		s.line(string(e.State), e.Text+" ("+e.Why+")")
	}
	deadlines, err := s.journal.Deadlines(ctx)
	if err != nil {
		return err
	}
	for _, d := range deadlines {
		s.line("deadline", fmt.Sprintf("%s for %s at %s", d.Kind, d.Subject, stage.Local(d.At)))
	}
	fmt.Fprint(s.out, `
── What to try next ──
   standdown rules show            the decision tables you have just seen at work
   standdown demo --keep           stay up, and look at the org and the journal
   standdown sandbox               a local org to try a configuration of your own on
   config.example.yaml             every setting, explained; then: standdown serve
`)
	if !keep {
		return nil
	}
	fmt.Fprintf(s.out, `
── Still running ── (Ctrl-C ends it)
   pages     http://%s
   org       %s, client id "sandbox", client secret "secret"
   IMAP      %s, SMTP %s, user %s, password "demo"
   journal   standdown --config %s outbox list --all
`, s.pages, s.world.OrgURL, s.world.Mail.IMAPAddr, s.world.Mail.SMTPAddr, stage.Mailbox, filepath.Clean(s.world.Config()))
	return nil
}

// wrap writes text behind a label, broken at 78 columns, the lines after the
// first indented as far as the label reaches.
func wrap(label, text string) string {
	const width = 78
	indent := len([]rune(label))
	var b strings.Builder
	b.WriteString(label)
	line := indent
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case line+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			line = indent
		default:
			b.WriteByte(' ')
			line++
		}
		b.WriteString(word)
		line += n
	}
	return b.String()
}
