package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
)

// cancelledKinds are what can be cancelled, in words.
var cancelledKinds = []struct{ Kind, Words string }{
	{"workflow", "workflows"}, {"job", "visits"}, {"block", "ops blocks"}, {"assignment", "assignments"},
}

// A cancelledPage lists what was cancelled.
type cancelledPage struct {
	Kinds   []struct{ Kind, Words string }
	Kind    string
	From    string
	To      string
	Billing string
	Search  string
	Lines   []cancelledLine
	Next    string // the address of the next page; empty if there is none
	// Searched is how far back has been looked, if there is more than that.
	Searched time.Time
	CSV      string
	JSON     string
}

// A cancelledLine is something cancelled, with what can be asked for about it.
type cancelledLine struct {
	store.Cancellation
	Offers []offer
}

// An offer is what the rules may allow; the page that it leads to tells whether
// they do.
type offer struct{ Words, URL string }

func (s *site) cancelled(w http.ResponseWriter, r *http.Request, user User) error {
	filter, err := s.cancelledFilter(r)
	if err != nil {
		return err
	}
	if format := r.FormValue("format"); format != "" {
		return s.cancelledList(r, filter).export(w, format)
	}
	all, more, err := s.cancelledPage(r, filter)
	if err != nil {
		return err
	}
	p := cancelledPage{
		Kinds: cancelledKinds, Kind: r.FormValue("kind"), From: r.FormValue("from"), To: r.FormValue("to"), Billing: filter.Billing, Search: filter.Search,
		CSV: with(r, "format", "csv", "after", ""), JSON: with(r, "format", "json", "after", ""),
	}
	for _, c := range all {
		p.Lines = append(p.Lines, cancelledLine{c, s.offers(c, user)})
	}
	if !more.At.IsZero() {
		p.Next = with(r, "after", placeText(more))
		if len(all) < perPage {
			p.Searched = more.At
		}
	}
	s.render(w, r, user, http.StatusOK, "cancelled", "Cancelled", p)
	return nil
}

// offers are what may be asked for about something cancelled, as far as the
// journal knows.
func (s *site) offers(c store.Cancellation, user User) (all []offer) {
	if c.State != store.Done {
		return nil
	}
	since := func(verbs ...string) bool {
		return slices.ContainsFunc(c.Since, func(e store.Entry) bool { return slices.Contains(verbs, e.Verb) })
	}
	ask := func(asks string) {
		_, id, _ := strings.Cut(c.Lane, " ")
		if s.Plan != nil {
			all = append(all, offer{wishWords[asks], "/ask?" + url.Values{"asks": {asks}, "id": {id}}.Encode()})
		}
	}
	switch {
	case since("undo-" + c.Verb):
	case c.Kind == "workflow":
		if s.Now().Before(c.RestoreBy) && !since("restore-workflow", "finish-cancellation") {
			ask("restore")
		}
	case c.Kind == "assignment":
		if since("reopen-assignment") {
			break
		}
		ask("uncancel")
		if c.Billing.Value == "billable" && !since("waive-billing") {
			ask("waive")
		}
	case s.PlanUndo != nil && user.Role.May(Approver) && !since("reopen-job", "reopen-block"):
		all = append(all, offer{"Take it back", "/decision/" + c.Decision + "?undo=1"})
	}
	return all
}

// cancelledPage returns what fits, and where the list goes on.
func (s *site) cancelledPage(r *http.Request, f store.CancelledFilter) ([]store.Cancellation, store.Place, error) {
	all, err := s.Journal.Cancelled(r.Context(), f)
	if err != nil {
		return nil, store.Place{}, err
	}
	more, err := s.Journal.CancelledAfter(r.Context(), f, all)
	return all, more, err
}

// cancelledFilter reads the filter of the address.
func (s *site) cancelledFilter(r *http.Request) (f store.CancelledFilter, err error) {
	f = store.CancelledFilter{Billing: r.FormValue("billing"), Search: strings.TrimSpace(r.FormValue("search")), Limit: perPage}
	if kind := r.FormValue("kind"); kind != "" {
		if !slices.ContainsFunc(cancelledKinds, func(k struct{ Kind, Words string }) bool { return k.Kind == kind }) {
			return f, refuse(http.StatusBadRequest, "There is no kind %q.", kind)
		}
		f.Kind = kind
	}
	if !slices.Contains([]string{"", "free", "billable", "waived"}, f.Billing) {
		return f, refuse(http.StatusBadRequest, "There is no billing decision %q; there are free, billable and waived.", f.Billing)
	}
	if f.Since, err = s.dayOf(r, "from", 0); err != nil {
		return f, err
	}
	if f.Till, err = s.dayOf(r, "to", 1); err != nil {
		return f, err
	}
	f.After, err = placeOf(r.FormValue("after"))
	return f, err
}

// placeOf reads a place in the list, as placeText writes it; empty is its
// beginning, and also its end.
func placeOf(text string) (store.Place, error) {
	if text == "" {
		return store.Place{}, nil
	}
	at, id, _ := strings.Cut(text, "-")
	when, err1 := strconv.ParseInt(at, 10, 64)
	number, err2 := strconv.ParseInt(id, 10, 64)
	if err1 != nil || err2 != nil {
		return store.Place{}, refuse(http.StatusBadRequest, "after=%q is no place in this list.", text)
	}
	return store.Place{At: time.UnixMilli(when), Number: number}, nil
}

func placeText(p store.Place) string {
	if p.At.IsZero() {
		return ""
	}
	return strconv.FormatInt(p.At.UnixMilli(), 10) + "-" + strconv.FormatInt(p.Number, 10)
}

// cancelledList is what is written to a file.
func (s *site) cancelledList(r *http.Request, filter store.CancelledFilter) list[store.Cancellation] {
	return list[store.Cancellation]{
		name: "cancelled",
		columns: []string{
			"cancelled_at", "kind", "record", "id", "state", "contact", "contact_name", "changed_by", "approved_by",
			"billing", "billing_reason", "waived_since", "restore_by", "since", "because", "decision", "text",
		},
		line: func(c store.Cancellation) []string {
			_, id, _ := strings.Cut(c.Lane, " ")
			contact, name := "", ""
			if c.Request != nil {
				contact, name = c.Request.From, c.Request.Name
			}
			restore := ""
			if !c.RestoreBy.IsZero() {
				restore = c.RestoreBy.UTC().Format(time.RFC3339)
			}
			var since []string
			waived := "no"
			for _, e := range c.Since {
				since = append(since, e.Verb+" "+string(e.State))
				if e.Verb == "waive-billing" && e.State == store.Done {
					waived = "yes"
				}
			}
			return []string{
				c.Created.UTC().Format(time.RFC3339), c.Kind, nameOf(c.Entry), id, string(c.State), contact, name, c.Author, c.Checker,
				c.Billing.Value, c.Billing.Reason, waived, restore, strings.Join(since, "; "), c.Because, c.Decision, c.Text,
			}
		},
		page: func(after string, limit int) (all []store.Cancellation, next string, err error) {
			f := filter
			f.Limit = limit
			if f.After, err = placeOf(after); err != nil {
				return nil, "", err
			}
			all, more, err := s.cancelledPage(r, f)
			return all, placeText(more), err
		},
	}
}
