package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
)

// Operators are those who run the program. They are told when a brake closes and
// when it opens again; nobody is if this is zero.
type Operators struct {
	Mail  []string // addresses; sent by the system mail
	Cases bool     // in the back-office queue of the org, unless all is in shadow
}

// A Notice is something that operators should know. It holds no customers'
// words, and no addresses.
type Notice struct {
	// ID is what is told once, such as "shadow 2026-03-02T07:00:00Z".
	ID    string
	Title string // one line
	Text  string
}

// TellOperators has a notice delivered by mail and in a case, as is configured;
// if neither is, nothing happens. What was told under the same ID is not told
// again, also after a restart and by other engines.
func (e *Engine) TellOperators(ctx context.Context, n Notice) error {
	return e.Store.Tell(ctx, n.ID, e.notices(n.Title, n.Text, e.Operators), e.Now())
}

// telling has operators told of brakes for as long as this engine leads.
func (e *Engine) telling(ctx context.Context) {
	for ctx.Err() == nil {
		told, err := e.Store.TellClosings(ctx, e.wordsOf, e.Now())
		if err != nil && !connectors.Ended(ctx, err) {
			e.Log.Error("operators cannot be told of brakes", "err", err)
		}
		for _, c := range told {
			e.Log.Info("brake told", "system", c.Of, "verb", c.Kind, "open", c.Open)
		}
		if len(told) > 0 {
			for _, woken := range e.deliver {
				wake(woken)
			}
		}
		if !e.pause(ctx, nil, nil) {
			return
		}
	}
}

// notices are the changes that tell it.
func (e *Engine) notices(title, text string, by Operators) []store.Write {
	var all []store.Write
	if len(by.Mail) > 0 && e.Sinks[mapping.Mail] != nil {
		all = append(all, written(mapping.OperatorMail(by.Mail, "Standdown: "+title, text)))
	}
	if by.Cases && !e.Shadow.All && e.Mapping.Cases() {
		all = append(all, written(e.Mapping.OperatorCase("Standdown: "+title, text)))
	}
	return all
}

// wordsOf are the changes that tell of a brake.
func (e *Engine) wordsOf(c store.Closing) []store.Write {
	title, text := e.describe(c)
	return e.notices(title, text, e.ways(c))
}

// ways are how operators are told of a brake: not by what it stops, and not in a
// case if people are asked about it in one.
func (e *Engine) ways(c store.Closing) Operators {
	by := e.Operators
	if c.Open {
		return by
	}
	switch {
	case c.Kind == store.CeilingBrake:
		by.Cases = by.Cases && !(e.AskInCases && e.Mapping.Answers())
	case c.Of == mapping.Salesforce || c.Of == store.AllSystems:
		by.Cases = false
	case c.Of == mapping.Mail && c.Kind != store.PerHourBrake:
		by.Mail = nil
	}
	return by
}

// brakeWords are, for each kind of brake, what is so while it is closed, once it
// is open again, and what to do. A %s is what it is about.
var brakeWords = map[string]struct{ closed, open, do string }{
	store.PauseBrake: {
		"writing to %s is paused", "writing to %s goes on after a pause",
		`Nothing is lost: reading and deciding go on. To have it go on: "standdown resume".`},
	store.CeilingBrake: {
		"changes are held: too much at once (%s)", "nothing is held any more (%s)",
		`Look at them on the page Review or with "standdown outbox list", and approve or decline each hold there or with "standdown outbox approve HOLD" or "decline".`},
	store.DownBrake: {
		"%s cannot be written to", "%s can be written to again",
		`It is tried now and then, and goes on by itself once the system takes changes. If it refuses the login or a permission: "standdown org check" tells what is missing; credentials stand in the configuration, which is read anew at SIGHUP.`},
	store.ReserveBrake: {
		"the API calls left of %s are kept back for others", "%s has API calls left again",
		`It goes on by itself. Find out which program uses the calls of the last 24 hours, or lower salesforce.reserve in the configuration.`},
	store.PerHourBrake: {
		"%s to an address is stopped: it had its share of this hour", "%s to every address can be sent again",
		`Look for a program that answers our mails. What was refused is stuck until you decide: "standdown outbox list", then "standdown outbox retry ENTRY" or "drop".`},
	store.ReadingBrake: {
		"%s cannot be read", "%s can be read again",
		`Nothing is lost: it is tried again, and goes on where it was. Look at its address, login and permissions in the configuration, and at the page Today.`},
}

// describe words a notice of a brake: what is held, why, how many changes, since
// when, and what to do.
func (e *Engine) describe(c store.Closing) (title, text string) {
	words := brakeWords[c.Kind]
	of := c.Of
	if of == store.AllSystems {
		of = "all systems"
	}
	moment := func(t time.Time) string { return t.UTC().Format("2 January 2006 at 15:04:05 MST") }
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if c.Open {
		title = fmt.Sprintf(words.open, of)
		say("%s, since %s. It closed on %s.", capital(title), moment(c.Changed), moment(c.Since))
	} else {
		title = fmt.Sprintf(words.closed, of)
		say("%s, since %s.", capital(title), moment(c.Since))
	}
	say("Why: %s.", strings.TrimRight(c.Why, ". "))
	if c.Times > 1 || c.Times == 1 && !c.Told.IsZero() {
		since := "so far"
		if !c.Told.IsZero() {
			since = "since you were last told of that, on " + moment(c.Told)
		}
		say("It closed %d times %s.", c.Times, since)
	}
	switch {
	case len(c.Holds) > 0:
		for i, h := range c.Holds {
			if i == mostHolds {
				say("- and %d more", len(c.Holds)-i)
				break
			}
			say("- %s holds %d changes since %s", h.ID, h.Entries, moment(h.At))
		}
	case c.Waiting > 0:
		say("Changes that wait: %d.", c.Waiting)
	}
	if !c.Open || c.Kind == store.PerHourBrake {
		say("\nWhat to do: %s", words.do)
	}
	return title, strings.Join(lines, "\n")
}

// mostHolds is how many holds a notice lists.
const mostHolds = 20

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// A reader notes whether a source can be read, for operators.
type reader struct {
	failing time.Time // since when it fails; zero if it does not
	open    bool      // its brakes are known to be open
}

// patience is how long a source may fail before operators are told.
const patience = 10 * time.Minute

// note takes in how a read of the source ended. If the journal cannot take it
// now, it does at the next read.
func (r *reader) note(ctx context.Context, e *Engine, f Feed, err error) {
	now := e.Now()
	if err == nil {
		r.failing = time.Time{}
		if !r.open {
			r.open = e.Store.Reopen(ctx, f.Name, now, store.ReadingBrake, store.ReserveBrake) == nil
		}
		return
	}
	if r.failing.IsZero() {
		r.failing = now
	}
	kind := connectors.LimitOf(err)
	if kind == "" && now.Sub(r.failing) >= patience {
		kind = store.ReadingBrake
	}
	if kind != "" && e.Store.Shut(ctx, kind, f.Name, err.Error(), now) == nil {
		r.open = false
	}
}
