package mapping_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
	"standdown/mapping"
	"standdown/rules"
)

// A calendar is the sandbox org with the rules: what happens to its blocks is
// decided and written at once.
type calendar struct {
	*testing.T
	mapping *mapping.Mapping
	client  *salesforce.Client
	org     *sandbox.Org
	seed    sandbox.Seeded
	book    *rules.Book
	memory  recall
	now     time.Time
	asked   []string // titles of what people are asked
}

func newCalendar(t *testing.T, settings func(*rules.OpsBlockSettings)) *calendar {
	t.Helper()
	m := standard(t)
	s := rules.Defaults()
	if settings != nil {
		settings(&s.OpsBlock)
	}
	book, err := rules.Load(s)
	if err != nil {
		t.Fatal(err)
	}
	client, org, seed := seeded(t, m, "")
	return &calendar{T: t, mapping: m, client: client, org: org, seed: seed, book: book, memory: recall{}, now: now}
}

// happens decides an event about a block, or a mail, and returns the rows.
func (c *calendar) happens(e rules.Event) []string {
	c.Helper()
	s, err := c.mapping.Snapshot(c.Context(), c.client, c.memory, e, c.now)
	if err != nil {
		c.Fatal(err)
	}
	var rows []string
	for _, d := range c.book.Decide(s, e, c.now).Decisions {
		rows = append(rows, d.Row)
		writes, err := c.mapping.Changes(e, s, d)
		if err != nil {
			c.Fatal(err)
		}
		for _, w := range writes {
			if w.Verb == "hold-for-review" {
				c.asked = append(c.asked, strings.TrimPrefix(w.Text, "For review: "))
			}
			if r := c.client.Apply(c.Context(), []connectors.Change{w.Change})[0]; r.Err != nil {
				c.Errorf("%s: %s: %v", w.Verb, w.Text, r.Err)
			}
		}
		if c.memory[d.Subject] == nil {
			c.memory[d.Subject] = map[string]string{}
		}
		maps.Copy(c.memory[d.Subject], d.Remember)
		maps.DeleteFunc(c.memory[d.Subject], func(_, value string) bool { return value == "" })
	}
	return rows
}

// changes has a person change a block, if there is anything to change, and the
// change decided.
func (c *calendar) changes(name string, fields map[string]any) []string {
	c.Helper()
	c.now = c.now.Add(time.Second)
	id := c.seed.Blocks[name]
	if fields != nil {
		if err := c.org.Update("Ops_Block__c", id, fields); err != nil {
			c.Fatal(err)
		}
	}
	return c.happens(rules.Event{ID: fmt.Sprint("sf:", name, c.now.UnixNano()), Kind: rules.BlockChanged, At: c.now, Subject: rules.Ref{Kind: "block", ID: id}})
}

func (c *calendar) due(name string) []string {
	c.Helper()
	c.now = c.now.Add(time.Minute)
	return c.happens(rules.Event{ID: "due:" + name, Kind: rules.BlockDue, At: c.now, Subject: rules.Ref{Kind: "block", ID: c.seed.Blocks[name]}})
}

// world is the state of a block, of what it was set for, and how many meetings
// it has.
func (c *calendar) world(name string) []any {
	c.Helper()
	id := c.seed.Blocks[name]
	found, err := c.org.Query("SELECT State__c, Ops_Job__r.State__c, Shipping_Ticket__r.State__c, Contact__r.Service_State__c, Sale__r.State__c FROM Ops_Block__c WHERE Id = '" + id + "'")
	if err != nil || len(found) != 1 {
		c.Fatal(err, found)
	}
	meetings, err := c.org.Query("SELECT Id FROM Event WHERE WhatId = '" + id + "'")
	if err != nil {
		c.Fatal(err)
	}
	all := []any{found[0]["State__c"]}
	for _, parent := range []string{"Ops_Job__r", "Shipping_Ticket__r", "Contact__r", "Sale__r"} {
		fields, _ := found[0][parent].(map[string]any)
		for _, field := range []string{"State__c", "Service_State__c"} {
			if state := fields[field]; state != nil {
				all = append(all, state)
			}
		}
	}
	return append(all, len(meetings))
}

func TestACancelledBlockOfTheSandbox(t *testing.T) {
	cancel := map[string]any{"State__c": "Cancelling", "Cancel_Reason__c": "Customer asked"}
	for _, test := range []struct {
		name, block string
		settings    func(*rules.OpsBlockSettings)
		rows        []string
		want        []any
		asked       string
	}{
		{"an install sends its job back", "B-1001", nil, []string{"K1", "S1", "E1"}, []any{"Open", "Approved to Proceed", 0}, ""},
		{"a delivery sends its ticket back", "B-1004", nil, []string{"K1", "S2", "E1"}, []any{"Open", "Ready to Schedule", 0}, ""},
		{"a service without reset rests its contact and cancels its sale", "B-1005", nil, []string{"K1", "S6", "L1", "E1"}, []any{"Open", "Rest", "Service Canceled", 0}, ""},
		{"a service with reset asks a person to make the contact ready", "B-1006", nil, []string{"K1", "S4", "L5", "E1"}, []any{"Open", "Service in Progress", 0}, "ready to reset"},
		{"a service with reset makes the contact ready if the settings say how", "B-1006", func(s *rules.OpsBlockSettings) { s.ReadyToResetState = "Sold" },
			[]string{"K1", "S3", "L5", "E1"}, []any{"Open", "Sold", 0}, ""},
		{"the first day of a two-day install leaves the job", "B-1002", nil, []string{"K1", "S9", "E1"}, []any{"Open", "Install Scheduled", 0}, ""},
		{"a running install is left alone", "B-1007", nil, []string{"K6"}, []any{"Cancelling", "Install in Progress", 1}, "not merely scheduled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCalendar(t, test.settings)
			if diff := cmp.Diff(test.rows, c.changes(test.block, cancel)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if len(test.rows) > 1 {
				c.changes(test.block, nil) // the daemon's own change comes back to it
				c.due(test.block)
				c.changes(test.block, nil)
			}
			if diff := cmp.Diff(test.want, c.world(test.block)); diff != "" {
				t.Errorf("block, what it was set for, meetings (-want +got):\n%s", diff)
			}
			if got := strings.Join(c.asked, "; "); (test.asked == "") != (got == "") || !strings.Contains(got, test.asked) || len(c.asked) > 1 {
				t.Errorf("people are asked %q, want once %q", c.asked, test.asked)
			}
		})
	}
}

func TestBothDaysOfAnInstallSendTheJobBack(t *testing.T) {
	c := newCalendar(t, nil)
	cancel := map[string]any{"State__c": "Cancelling", "Cancel_Reason__c": "Customer asked"}
	c.changes("B-1002", cancel)
	c.changes("B-1003", cancel)
	if diff := cmp.Diff([]any{"Canceled", "Approved to Proceed", 0}, c.world("B-1003")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFieldsOfABlockAreClearedWhereTheSettingsListThem(t *testing.T) {
	c := newCalendar(t, func(s *rules.OpsBlockSettings) {
		s.ClearFields = []string{"job", "contact", "event_at", "reason", "notes", "reset_service", "sale", "ticket"}
	})
	c.changes("B-1001", map[string]any{"State__c": "Canceled", "Cancel_Reason__c": "Customer asked"})
	id := c.seed.Blocks["B-1001"]
	if got := c.memory[rules.Ref{Kind: "block", ID: id}]["effects"]; got != "-" {
		t.Fatalf("a block that is Canceled at first sight has effects %q", got)
	}
	c.due("B-1001")
	found, err := c.org.Query("SELECT State__c, Ops_Job__c, Contact__c, Event_Time__c, Cancel_Reason__c, Block_Start__c FROM Ops_Block__c WHERE Id = '" + id + "'")
	if err != nil {
		t.Fatal(err)
	}
	row := found[0]
	if row["State__c"] != "Open" || row["Ops_Job__c"] != nil || row["Contact__c"] != nil || row["Event_Time__c"] != nil || row["Cancel_Reason__c"] != nil || row["Block_Start__c"] == nil {
		t.Errorf("the block is %v, want it open and empty", row)
	}
}

func TestAMailAboutABlockFindsIt(t *testing.T) {
	for _, test := range []struct {
		name, from, text string
		kind, row, title string
	}{
		{"by the sender's address", "stella.novak@example.com", "I need to reschedule my appointment.",
			rules.RescheduleRequested, "V3", "Request to reschedule block B-1005"},
		{"by its number", "somebody@example.net", "Please reschedule my appointment to December 19. Its number is B-1005.",
			rules.RescheduleRequested, "V2", "Request to reschedule block B-1005"},
		{"of two blocks neither is taken", "irene.castillo@example.com", "I need to reschedule my appointment.",
			rules.RescheduleRequested, "V5", "Request to reschedule an ops block"},
		{"to cancel it", "stella.novak@example.com", "Please cancel my appointment.",
			rules.BlockCancelRequested, "Q1", "Request to cancel block B-1005"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCalendar(t, nil)
			a, err := c.mapping.Arrival(mail(test.text, map[string]any{"from": test.from, "subject": "My appointment"}))
			if err != nil || a.Event == nil {
				t.Fatal(a.Why, err)
			}
			e, err := c.mapping.Choose(t.Context(), c.client, *a.Event)
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind != test.kind {
				t.Fatalf("the event is %s, want %s", e.Kind, test.kind)
			}
			if diff := cmp.Diff([]string{test.row}, c.happens(e)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if len(c.asked) != 1 || !strings.HasPrefix(c.asked[0], test.title) {
				t.Errorf("people are asked %q, want %q", c.asked, test.title)
			}
		})
	}
}

func TestSettingsThatNeedAFieldTheOrgDoesNotHaveAreReported(t *testing.T) {
	m, err := mapping.New(mapping.Config{Presets: []string{"ops"}, Objects: map[string]mapping.Object{
		"block": {Fields: map[string]string{"notes": "-", "event_at": "-"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := rules.Defaults()
	if err := m.Fits(s); err != nil {
		t.Errorf("the defaults do not fit: %v", err)
	}
	s.OpsBlock.RequiredFields, s.OpsBlock.ClearFields = []string{"reason", "notes"}, []string{"job", "event_at"}
	want := `rules.ops_block.required_fields names notes, but mapping.objects.block.fields.notes is "-", so that nothing could be cancelled
rules.ops_block.clear_fields names event_at, but mapping.objects.block.fields.event_at is "-", so that nothing would be emptied`
	if err := m.Fits(s); err == nil || err.Error() != want {
		t.Errorf("error is\n%v, want\n%s", err, want)
	}
}

func TestArrivalOfABlock(t *testing.T) {
	fields := map[string]any{"State__c": "Confirmed and Issued", "Block_Type__c": "Install", "Reset_Service__c": nil, "Cancel_Reason__c": nil, "Cancel_Notes__c": nil}
	r := record("Ops_Block__c", "a0B000000000001AAA", fields)
	a, err := standard(t).Arrival(r)
	if err != nil {
		t.Fatal(err)
	}
	ref := rules.Ref{Kind: "block", ID: "a0B000000000001AAA"}
	want := mapping.Arrival{
		Subject: ref, Watched: a.Watched, Memory: map[string]string{"state": "issued"}, Why: "the state is issued",
		Event: &rules.Event{ID: "sf:" + r.Ref.String() + "@" + r.Version + "#" + a.Watched[:8], Kind: rules.BlockChanged, At: r.At, Subject: ref},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("the arrival differs (-want +got):\n%s", diff)
	}
	fields["Block_Start__c"] = "2026-12-01T13:00:00.000+0000"
	if again, _ := standard(t).Arrival(r); again.Watched != a.Watched {
		t.Error("another start makes it news, though nothing follows from it")
	}
	fields["Cancel_Reason__c"] = "Customer asked"
	if again, _ := standard(t).Arrival(r); again.Watched == a.Watched {
		t.Error("a reason does not make it news, though a cancellation may have waited for it")
	}
}
