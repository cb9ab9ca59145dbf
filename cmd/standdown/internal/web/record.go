package web

import (
	"net/http"
	"strings"

	"standdown/cmd/standdown/internal/store"
)

// chapters is how many decisions of a record a page tells.
const chapters = 15

// A recordPage is the history of one record.
type recordPage struct {
	Ref      string
	Name     string
	Chapters []chapterPart
	Due      []store.Deadline
	Next     string // the address of what is older; empty if there is nothing
	Open     bool   // nothing is folded, as on paper
	Unfold   string // the address where that is so
}

// A chapterPart is an event with what was decided and done, in the rules' words.
type chapterPart struct {
	store.Chapter
	Explained []explained
}

type explained struct {
	store.Waiting
	Text string
}

func (s *site) record(w http.ResponseWriter, r *http.Request, user User) error {
	ref := strings.TrimSpace(r.FormValue("ref"))
	p := recordPage{Ref: ref, Name: ref, Open: r.FormValue("open") != "", Unfold: with(r, "open", "yes")}
	if strings.HasPrefix(ref, "D") && len(ref) == 11 {
		http.Redirect(w, r, "/decision/"+ref, http.StatusSeeOther)
		return nil
	}
	if ref == "" {
		s.render(w, r, user, http.StatusOK, "record", "Record", p)
		return nil
	}
	all, err := s.Journal.History(r.Context(), ref, r.FormValue("before"), chapters)
	if err != nil {
		return err
	}
	n := 0
	for _, c := range all {
		part := chapterPart{Chapter: c}
		for _, d := range c.Decisions {
			n++
			text, err := s.explain(r.Context(), d.Decision)
			if err != nil {
				return err
			}
			part.Explained = append(part.Explained, explained{d, text})
			p.Name = titleOf(d.Decision, d.Entries)
		}
		p.Chapters = append(p.Chapters, part)
	}
	if n == chapters {
		p.Next = with(r, "before", all[len(all)-1].Decisions[0].ID)
	}
	if len(all) > 0 {
		subject := all[0].Decisions[0].Subject
		p.Ref = subject.String()
		if p.Due, err = s.Journal.DeadlinesOf(r.Context(), p.Ref); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if len(all) == 0 {
		status = http.StatusNotFound
	}
	s.render(w, r, user, status, "record", p.Name, p)
	return nil
}
