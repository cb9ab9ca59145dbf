package web

import (
	"cmp"
	"net/http"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

const (
	// shownVisits is how many visits a page has.
	shownVisits = 100
	// shownHolds is how many decisions about the hold itself a page has.
	shownHolds = 10
)

// A clientPage is a client's hold with the visits, as they are and, if that was
// asked, as they would be if the hold were another.
type clientPage struct {
	Client   rules.Ref
	Name     string
	Hold     string // in words
	At       time.Time
	Fresh    bool   // the org was asked now; else it is as the journal has it from At
	Trouble  string // why the org was not asked
	Is       *timeline
	Lines    []visitLine
	Before   string // the address of earlier visits; empty if there are none
	After    string
	Kinds    []visitKind
	History  []store.Decision // about the hold, the latest first
	CanAsk   bool
	Asked    *rules.Hold // the hold that was asked about; nil if none was
	Form     rules.Hold  // what the form shows
	Would    *timeline
	Verdict  *rules.Decision // about the hold, if it were so
	Tally    []string        // what would become of how many visits
	Writes   int             // how many changes that would take
	Approval int             // and how many of them would wait for a person
	CSV      string
	JSON     string
}

func (s *site) client(w http.ResponseWriter, r *http.Request, user User) error {
	ref := rules.Ref{Kind: "client", ID: r.PathValue("client")}
	asked, err := holdAsked(r)
	if err != nil {
		return err
	}
	from, err := s.dayOf(r, "from", 0)
	if err != nil {
		return err
	}
	known, err := s.knownOf(r.Context(), ref, asked)
	if err != nil {
		return err
	}
	if known == nil {
		return refuse(http.StatusNotFound, "Nothing is known of a client %s.", ref.ID)
	}
	lines := known.lines(s)
	if format := r.FormValue("format"); format != "" {
		if err := known.tell(r.Context(), s, lines); err != nil {
			return err
		}
		return visitList(lines).export(w, format)
	}
	p := &clientPage{
		Client: ref, Name: cmp.Or(known.client.Name, ref.ID), Hold: s.holdWords(known.client.Hold), At: known.at, Fresh: known.fresh, Trouble: known.trouble,
		Kinds: visitKinds, CanAsk: s.Plan != nil, Asked: asked, Form: known.client.Hold,
		CSV: with(r, "format", "csv"), JSON: with(r, "format", "json"),
	}
	if asked != nil {
		p.Form = *asked
	}
	if p.History, err = s.Journal.DecidedAbout(r.Context(), []string{ref.String()}, shownHolds); err != nil {
		return err
	}
	begin := s.choose(r, p, known, lines, from)
	if err := known.tell(r.Context(), s, p.Lines); err != nil {
		return err
	}
	s.picture(p, known, begin)
	if known.verdict != nil {
		p.conclude(known, len(lines))
	}
	s.render(w, r, user, http.StatusOK, "client", p.Name, p)
	return nil
}

// holdAsked reads the hold that the form asks about; nil if it was not sent.
func holdAsked(r *http.Request) (*rules.Hold, error) {
	hold := rules.Hold{Start: rules.Date(r.FormValue("start")), Return: rules.Date(r.FormValue("return"))}
	switch r.FormValue("hold") {
	case "":
		return nil, nil
	case "on":
		hold.On = true
	case "off":
	default:
		return nil, refuse(http.StatusBadRequest, "hold=%q is neither on nor off.", r.FormValue("hold"))
	}
	for _, d := range []rules.Date{hold.Start, hold.Return} {
		if _, err := time.Parse(time.DateOnly, string(d)); d != "" && err != nil {
			return nil, refuse(http.StatusBadRequest, "%q is no day such as 2026-03-31.", d)
		}
	}
	return &hold, nil
}

// conclude says what the hold that was asked about would bring about.
func (p *clientPage) conclude(k *knownClient, visits int) {
	by := map[string]int{}
	for i, d := range k.verdict.Decisions {
		switch d.Table {
		case "on_hold.hold":
			p.Verdict = &k.verdict.Decisions[i]
		case "on_hold.visit":
			outcome, _ := k.foreseen(i)
			by[outcome]++
		}
	}
	for _, writes := range k.verdict.Writes {
		for _, w := range writes {
			switch w.State {
			case store.Proposed:
				p.Approval++
				p.Writes++
			case store.Pending:
				p.Writes++
			}
		}
	}
	same := visits
	for _, kind := range visitKinds {
		if n := by[kind.Name]; n > 0 {
			p.Tally = append(p.Tally, count(n, "visit would be ", "visits would be ")+kind.Words)
			same -= n
		}
	}
	if same > 0 {
		p.Tally = append(p.Tally, count(same, "visit would stay as it is", "visits would stay as they are"))
	}
}

// holdWords is a hold in words.
func (s *site) holdWords(h rules.Hold) string {
	words := "Not on hold"
	if h.On || !s.Book.Settings().OnHold.RequireFlag && (h.Start != "" || h.Return != "") {
		words = "On hold"
	}
	if h.Start != "" {
		words += " from " + spelled(h.Start)
	}
	switch {
	case h.Return != "":
		return words + " until the return on " + spelled(h.Return)
	case h.Start != "":
		return words + " without a return date"
	}
	return words
}
