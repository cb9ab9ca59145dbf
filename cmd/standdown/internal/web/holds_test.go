package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

const finch = "003000000000007AAA"

// A household is a client with visits, in an org that can be asked what is.
type household struct {
	*office
	client rules.Client // as the org has it
	asked  int          // how often the org was read
	down   bool         // the org does not answer
	unfit  error        // why what is decided cannot be carried out
	off    string       // the verb that is switched off
}

// newHousehold has Harold Finch, who is on hold from 10 March until 7 April,
// with a visit each Tuesday and Friday: the journal has the decision of that,
// and the org what was done.
func newHousehold(t testing.TB, prepare ...func(*Server)) *household {
	t.Helper()
	h := &household{}
	h.office = newOffice(t, append(prepare, func(s *Server) {
		s.Plan = func(_ context.Context, e rules.Event, amend func(*rules.Snapshot)) (store.Verdict, error) {
			h.asked++
			if h.down {
				return store.Verdict{}, errors.New("no answer")
			}
			if e.Subject.ID != finch {
				return store.Verdict{}, nil
			}
			client := h.client
			return h.decide(s.Book, e, rules.Snapshot{Client: &client}, amend), h.unfit
		}
	})...)
	h.client = rules.Client{
		ID: finch, Name: "Harold " + hostile, Hold: rules.Hold{On: true, Start: "2026-03-10", Return: "2026-04-07"}, New: true,
		Resources: []rules.Resource{{ID: "ana", Name: "Ana Ruiz", Active: true}, {ID: "bo", Name: "Bo Chen", Active: false}},
	}
	for i, day := range []string{"2026-03-06", "2026-03-10", "2026-03-13", "2026-03-17", "2026-04-07"} {
		at, err := time.Parse(time.RFC3339, day+"T10:00:00-05:00")
		if err != nil {
			t.Fatal(err)
		}
		worker := "ana"
		if i == 2 {
			worker = "bo"
		}
		h.client.Jobs = append(h.client.Jobs, rules.Job{
			ID: fmt.Sprintf("a0400000000010%dAAA", i), Name: fmt.Sprintf("JOB-010%d", i), Status: "dispatched", Start: at, End: at.Add(time.Hour),
			Allocations: []rules.Allocation{{ID: fmt.Sprint("al", i), Resource: worker, Live: true}},
		})
	}
	h.now = start.Add(time.Minute) // after all else
	h.happens(t, "hold:1")
	return h
}

// decide is what the rules say and what would be written for it: what happens
// to the second visit waits for a person.
func (h *household) decide(book *rules.Book, e rules.Event, world rules.Snapshot, amend func(*rules.Snapshot)) store.Verdict {
	if amend != nil {
		amend(&world)
	}
	v := store.Verdict{Event: store.Event{Event: e}, Snapshot: world, Settings: book.Settings(), Decisions: book.Decide(world, e, h.now).Decisions}
	for _, d := range v.Decisions {
		var writes []store.Write
		for i, a := range d.Actions {
			w := write(a.Verb, store.Pending, a.String(), connectors.Change{Op: connectors.Update, Key: fmt.Sprint(e.ID, a.On, i), Ref: connectors.Ref(a.On)})
			if a.On.ID == "a04000000000102AAA" {
				w.State, w.Why = store.Proposed, a.Verb+" needs approval"
			}
			if a.Verb == h.off {
				w.State, w.Why = store.Dropped, "autonomy: "+a.Verb+" is off"
			}
			writes = append(writes, w)
		}
		v.Writes = append(v.Writes, writes)
	}
	return v
}

// happens has the client's hold decided, and what does not wait for a person
// done in the org.
func (h *household) happens(t testing.TB, id string) {
	t.Helper()
	h.arrive(t, store.Arrival{ID: id, Kind: rules.HoldChanged, Subject: rules.Ref{Kind: "client", ID: finch}, Event: &rules.Event{}})
	events, err := h.journal.Undecided(t.Context(), h.now, 10)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	h.now = h.now.Add(time.Second) // the org is looked at after what was done before
	client := h.client
	v := h.decide(h.server.Book, events[0].Event, rules.Snapshot{Client: &client}, nil)
	v.Event = events[0]
	if err := h.journal.Commit(t.Context(), v, h.now); err != nil {
		t.Fatal(err)
	}
	for {
		due, token, err := h.journal.Claim(t.Context(), "salesforce", 100, h.now, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			break
		}
		var done []store.Settlement
		for _, e := range due {
			done = append(done, store.Settlement{ID: e.ID, Signal: store.Applied})
		}
		if err := h.journal.Settle(t.Context(), token, done, h.now); err != nil {
			t.Fatal(err)
		}
	}
	for n, d := range v.Decisions {
		if d.Table == "on_hold.hold" {
			h.client.Memory = d.Remember
		}
		for i := range h.client.Jobs {
			if j := &h.client.Jobs[i]; d.Subject.ID == j.ID && (len(v.Writes[n]) == 0 || v.Writes[n][0].State == store.Pending) {
				*j = applied(*j, d)
			}
		}
	}
}

// visits are how they stand, by name, as the page's JSON has it.
func visits(t testing.TB, b browser, query string) map[string]visitLine {
	t.Helper()
	status, body := b.get(t, "/holds/"+finch+"?format=json"+query)
	var all []visitLine
	if err := json.Unmarshal([]byte(body), &all); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v\n%s", status, err, body)
	}
	by := map[string]visitLine{}
	for _, v := range all {
		by[v.Name] = v
	}
	return by
}

func standing(all map[string]visitLine) map[string]string {
	by := map[string]string{}
	for name, v := range all {
		by[name] = strings.TrimSpace(v.Is + " " + v.Would)
	}
	return by
}

func TestAClientOnHold(t *testing.T) {
	h := newHousehold(t)
	vera := h.as(t, "Vera")
	before := h.written(t)
	is := map[string]string{"JOB-0100": "planned", "JOB-0101": "cancelled", "JOB-0102": "planned", "JOB-0103": "cancelled", "JOB-0104": "planned"}

	t.Run("each visit stands as the org has it", func(t *testing.T) {
		all := visits(t, vera, "")
		if diff := cmp.Diff(is, standing(all)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if v := all["JOB-0101"]; v.Row != "H1" || v.Decision == "" || !slices.Equal(v.Kept, []string{"Ana Ruiz"}) {
			t.Errorf("the cancelled visit is told as %+v", v)
		}
		if v := all["JOB-0102"]; v.Decided != "cancelled" || v.State != store.Proposed || !slices.Equal(v.Workers, []string{"Bo Chen"}) {
			t.Errorf("the visit that waits for a person is told as %+v", v)
		}
	})
	t.Run("the picture has its words and is no script", func(t *testing.T) {
		status, body := vera.get(t, "/holds/"+finch)
		for _, want := range []string{
			`<svg class="timeline" role="img"`, "On hold from Tue 10 Mar 2026 until the return on Tue 7 Apr 2026. 5 visits: 3 as planned, 2 cancelled for the hold.",
			"JOB-0101, Tue 10 Mar 2026, 11:00 EDT", "As the org has it now.", "The same in words", "kept for Ana Ruiz", "decided: cancelled for the hold", "waits for approval", "What was decided about the hold",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if status != http.StatusOK || strings.Contains(body, hostile) || strings.Contains(body, "ZgotmplZ") {
			t.Errorf("%d\n%s", status, body)
		}
	})
	t.Run("another hold is told before it is made: what would be held, given back, and why not", func(t *testing.T) {
		all := visits(t, vera, "&hold=off")
		want := map[string]string{"JOB-0100": "planned planned", "JOB-0101": "cancelled restored", "JOB-0102": "planned planned", "JOB-0103": "cancelled restored", "JOB-0104": "planned planned"}
		if diff := cmp.Diff(want, standing(all)); diff != "" {
			t.Errorf("without a hold (-want +got):\n%s", diff)
		}
		all = visits(t, vera, "&hold=on&start=2026-03-17")
		want = map[string]string{"JOB-0100": "planned planned", "JOB-0101": "cancelled restored", "JOB-0102": "planned planned", "JOB-0103": "cancelled cancelled", "JOB-0104": "planned released"}
		if diff := cmp.Diff(want, standing(all)); diff != "" {
			t.Errorf("a week later and open (-want +got):\n%s", diff)
		}
		_, body := vera.get(t, "/holds/"+finch+"?hold=on&start=2026-03-17&return=")
		for _, want := range []string{"1 visit would be given back to its worker", "1 visit would be taken from its worker until its day", "3 visits would stay as they are", "W6 of on_hold.hold:", "Nothing was written.", "How it would be: picture"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	})
	t.Run("what keeps a worker from coming is told, all of it", func(t *testing.T) {
		h.client.Resources[0].Active = false
		h.client.Resources[0].Unavailable = []rules.Span{{ID: "x", Start: start, End: start.AddDate(0, 1, 0)}}
		v := visits(t, vera, "&hold=off")["JOB-0101"]
		if v.Would != "conflict" || !strings.Contains(v.WouldReason, "no longer active") || !strings.Contains(v.WouldReason, "; ") {
			t.Errorf("%+v", v)
		}
		h.client.Resources[0].Active, h.client.Resources[0].Unavailable = true, nil
	})
	t.Run("what a person would have to approve is told", func(t *testing.T) {
		const shorter = "hold=on&start=2026-03-10&return=2026-03-14"
		if v := visits(t, vera, "&"+shorter)["JOB-0102"]; v.Would != "cancelled" || !strings.Contains(v.Approve, "needs approval") {
			t.Errorf("%+v", v)
		}
		if _, body := vera.get(t, "/holds/"+finch+"?"+shorter); !strings.Contains(body, "of them only once a person has approved") {
			t.Error("the page does not say it")
		}
	})
	t.Run("what is switched off would not happen", func(t *testing.T) {
		h.off = "reopen-job"
		defer func() { h.off = "" }()
		if v := visits(t, vera, "&hold=off")["JOB-0101"]; v.Would != "cancelled" || v.WouldReason != "autonomy: reopen-job is off" {
			t.Errorf("%+v", v)
		}
		if _, body := vera.get(t, "/holds/"+finch+"?hold=off"); !strings.Contains(body, "5 visits would stay as they are") {
			t.Error("the page counts it among what would be")
		}
	})
	t.Run("what cannot be carried out is not told as what would be", func(t *testing.T) {
		h.unfit = errors.New("no such system")
		defer func() { h.unfit = nil }()
		if diff := cmp.Diff(is, standing(visits(t, vera, "&hold=off"))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, body := vera.get(t, "/holds/"+finch+"?hold=off"); !strings.Contains(body, "Nobody can tell what that would do. What would follow cannot be carried out") {
			t.Error("the page does not say so")
		}
	})
	t.Run("the org is not asked with the last of its calls", func(t *testing.T) {
		asked := h.asked
		h.used = 900
		defer func() { h.used = 0 }()
		if _, body := vera.get(t, "/holds/"+finch+"?hold=off"); !strings.Contains(body, "too few of its API calls are left") || h.asked != asked {
			t.Error("it is, or the page does not say so")
		}
	})
	t.Run("nothing of all that has been written", func(t *testing.T) {
		if diff := cmp.Diff(before, h.written(t)); diff != "" {
			t.Errorf("the journal before and after (-before +after):\n%s", diff)
		}
	})
	t.Run("while the org does not answer, it is told as the journal has it, and what would be is not", func(t *testing.T) {
		h.down = true
		defer func() { h.down = false }()
		if diff := cmp.Diff(is, standing(visits(t, vera, "&hold=off"))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_, body := vera.get(t, "/holds/"+finch+"?hold=off")
		for _, want := range []string{"The org could not be asked just now", "As the journal has it of", "Nobody can tell what that would do."} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	})
	t.Run("without a daemon that can ask the org that is said, and nothing is asked", func(t *testing.T) {
		plan := h.server.Plan
		h.server.Plan = nil
		defer func() { h.server.Plan = plan }()
		status, body := vera.get(t, "/holds/"+finch+"?hold=off")
		if status != http.StatusOK || !strings.Contains(body, "That cannot be told here") || strings.Contains(body, "Tell me") {
			t.Errorf("%d\n%s", status, body)
		}
	})
	t.Run("the decision about the hold leads to the page", func(t *testing.T) {
		decisions, err := h.journal.DecidedAbout(t.Context(), []string{"client " + finch}, 1)
		if err != nil || len(decisions) != 1 {
			t.Fatal(decisions, err)
		}
		if _, body := vera.get(t, "/decision/"+decisions[0].ID); !strings.Contains(body, `<a href="/holds/`+finch+`">`) {
			t.Error("it does not")
		}
	})
	t.Run("a client of whom nothing is known is not found", func(t *testing.T) {
		if status, _ := vera.get(t, "/holds/003000000000999AAA"); status != http.StatusNotFound {
			t.Error(status)
		}
	})
	t.Run("what cannot be understood in an address is refused with the reason", func(t *testing.T) {
		for query, why := range map[string]string{"?hold=maybe": "neither on nor off", "?hold=on&start=soon": "no day", "?from=x": "no day", "?format=xls": "no format"} {
			if status, body := vera.get(t, "/holds/"+finch+query); status != http.StatusBadRequest || !strings.Contains(body, why) {
				t.Errorf("%s: %d, and not %q", query, status, why)
			}
		}
	})
}

func TestVisitsThatAreOver(t *testing.T) {
	h := newHousehold(t)
	h.now = start.AddDate(0, 0, 9)
	h.client.Jobs = h.client.Jobs[2:] // the org is read back to yesterday
	want := map[string]string{"JOB-0100": "planned", "JOB-0101": "cancelled", "JOB-0102": "planned", "JOB-0103": "cancelled", "JOB-0104": "planned"}
	if diff := cmp.Diff(want, standing(visits(t, h.as(t, "Vera"), ""))); diff != "" {
		t.Errorf("not as the journal saw them last (-want +got):\n%s", diff)
	}
}

func TestVisitsLeftToAPerson(t *testing.T) {
	h := newHousehold(t)
	vera := h.as(t, "Vera")
	h.client.Jobs[4].Group = true
	h.client.Hold.Return = "2026-04-30"
	h.happens(t, "hold:2")
	if v := visits(t, vera, "")["JOB-0104"]; v.Is != "review" || v.Row != "Q3" || !strings.Contains(v.Reason, "others take part in it") {
		t.Errorf("while it is on hold: %+v", v)
	}
	h.client.Hold = rules.Hold{}
	h.happens(t, "hold:3")
	if v := visits(t, vera, "")["JOB-0104"]; v.Is != "planned" || v.Row != "" {
		t.Errorf("when the hold is over: %+v", v)
	}
	if v := visits(t, vera, "")["JOB-0101"]; v.Is != "restored" || v.Row != "R2" || !slices.Equal(v.Workers, []string{"Ana Ruiz"}) {
		t.Errorf("what was cancelled: %+v", v)
	}
}

// written is what the journal has of decisions and changes.
func (h *household) written(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, e := range h.entries(t) {
		all = append(all, fmt.Sprint(e.ID, e.Change.Key, e.State))
	}
	for one, err := range h.journal.Situations(t.Context(), time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(one.Event.ID, one.Generation, len(one.Decisions)))
	}
	return all
}

func TestClientsOnHold(t *testing.T) {
	h := newHousehold(t)
	for id, hold := range map[string]rules.Hold{"c-ahead": {On: true, Start: "2026-05-01"}, "c-over": {On: true, Start: "2026-01-01", Return: "2026-02-01"}, "c-unclear": {On: true}, "c-off": {}, "c-now": {On: true, Start: "2026-03-01"}} {
		r, err := h.journal.Reading(t.Context(), "salesforce")
		if err != nil {
			t.Fatal(err)
		}
		r.ReadAt = start
		if _, err := h.journal.Intake(t.Context(), "salesforce", &r, []store.Arrival{{
			Ref: connectors.Ref{Kind: "Contact", ID: id}, Subject: rules.Ref{Kind: "client", ID: id}, Watched: id, Memory: map[string]string{"hold": hold.String()},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	vera := h.as(t, "Vera")
	for query, want := range map[string]string{
		"":                         finch + ",c-ahead,c-now,c-over,c-unclear",
		"standing=now":             "c-now",
		"standing=ahead":           finch + ",c-ahead",
		"standing=over":            "c-over",
		"standing=unclear":         "c-unclear",
		"search=HAROLD":            finch,
		"search=c-":                "c-ahead,c-now,c-over,c-unclear",
		"search=nobody":            "",
		"search=c-&standing=ahead": "c-ahead",
	} {
		t.Run("?"+query+" finds who fits and nobody else", func(t *testing.T) {
			_, body := vera.get(t, "/holds?format=csv&"+query)
			lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range lines[1:] {
				got = append(got, line[0])
			}
			if strings.Join(got, ",") != want {
				t.Errorf("found %v, want %s", got, want)
			}
			if status, _ := vera.get(t, "/holds?"+query); status != http.StatusOK {
				t.Errorf("the page: %d", status)
			}
		})
	}
	t.Run("the list is gone through page by page without loss or repetition", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/holds", nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for after, pages := "", 0; pages == 0 || after != ""; pages++ {
			lines, next, err := newSite(h.server).holdLines(r, "", "", after, 2)
			if err != nil || pages > 9 {
				t.Fatal(pages, err)
			}
			for _, l := range lines {
				got = append(got, l.Client)
			}
			after = next
		}
		if want := finch + ",c-ahead,c-now,c-over,c-unclear"; strings.Join(got, ",") != want {
			t.Errorf("%v", got)
		}
	})
	t.Run("the page names the client and what was decided", func(t *testing.T) {
		_, body := vera.get(t, "/holds")
		for _, want := range []string{"Harold &lt;script&gt;", "hold to come", "Tue 10 Mar 2026", "held from the new start until the return", `href="/holds/` + finch + `"`, "only recorded, at the first look"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
	})
	t.Run("what cannot be understood in an address is refused with the reason", func(t *testing.T) {
		for query, why := range map[string]string{"?standing=odd": "does not stand", "?after=x": "no place", "?format=xls": "no format"} {
			if status, body := vera.get(t, "/holds"+query); status != http.StatusBadRequest || !strings.Contains(body, why) {
				t.Errorf("%s: %d, and not %q", query, status, why)
			}
		}
	})
}
