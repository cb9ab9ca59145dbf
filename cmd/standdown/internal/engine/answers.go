package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/mapping"
)

// answer has what a person answered in a case take effect, under their name.
func (e *Engine) answer(ctx context.Context, ev store.Event) error {
	refusal, err := e.Store.Answer(ctx, ev, e.checker(ev.Answer), e.clerk(), e.Now())
	if err != nil {
		return err
	}
	log := e.Log.With("event", ev.ID, "ref", ev.Answer.Case.String())
	if refusal != "" {
		log.Warn("answer not taken", "err", refusal)
		return nil
	}
	log.Info("answered in a case", "verb", ev.Answer.Says)
	for _, c := range e.deliver {
		wake(c)
	}
	return nil
}

func (e *Engine) checker(a *store.Answer) store.Checker {
	if e.Person != nil {
		return e.Person(a.User, a.Name)
	}
	return store.Checker{Name: cmp.Or(a.Name, a.User), Users: []string{a.User}}
}

func (e *Engine) clerk() store.Clerk { return clerk{e.Mapping} }

// A clerk has the mapping word what people are asked.
type clerk struct{ mapping *mapping.Mapping }

func (c clerk) Ask(v store.Verdict, id string, proposed []store.Entry) store.Write {
	q := mapping.Question{ID: id, Event: v.Event.Event, Snapshot: v.Snapshot, Proposed: texts(proposed)}
	for n, d := range v.Decisions {
		of := store.DecisionID(v.Event.ID, v.Event.Generation, n)
		if slices.ContainsFunc(proposed, func(en store.Entry) bool { return en.Decision == of }) {
			q.Decisions = append(q.Decisions, d)
		}
	}
	for _, en := range proposed {
		if !en.Expires.IsZero() && (q.Until.IsZero() || en.Expires.Before(q.Until)) {
			q.Until = en.Expires
		}
	}
	return written(c.mapping.Ask(q))
}

func (c clerk) AskAll(h store.Hold, some []store.Entry) store.Write {
	return written(c.mapping.AskAll(h.ID, h.Why, texts(some), h.Entries))
}

func (c clerk) End(key, word, how string) []store.Write {
	var all []store.Write
	for _, w := range c.mapping.EndQuestion(key, word, how) {
		all = append(all, written(w))
	}
	return all
}

func (c clerk) Found(about connectors.Ref, v store.Verdict) store.Write {
	var lines []string
	for n, d := range v.Decisions {
		_, why, _ := strings.Cut(d.Because, ": ")
		lines = append(lines, fmt.Sprintf("%s (row %s, decision %s)", why, d.Row, store.DecisionID(v.Event.ID, v.Event.Generation, n)))
		for _, w := range v.Writes[n] {
			line := "- " + w.Text
			if w.Why != "" {
				line += " (" + w.Why + ")"
			}
			lines = append(lines, line)
		}
	}
	return written(c.mapping.Tell(about, v.Event.By+" has asked for it here. Decided: "+strings.Join(lines, "\n")))
}

func (c clerk) Refuse(about connectors.Ref, word, why string) store.Write {
	return written(c.mapping.Refuse(about, word, why))
}

func written(w mapping.Write) store.Write {
	return store.Write{System: w.System, Verb: w.Verb, Change: w.Change, Text: w.Text}
}

// texts are the entries for people, each in a line.
func texts(entries []store.Entry) []string {
	lines := make([]string, len(entries))
	for i, en := range entries {
		lines[i] = en.Text
	}
	return lines
}
