package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/mapping"
)

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
