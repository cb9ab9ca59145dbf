package salesforce_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

// poll reads until there is no more, as the engine does.
func poll(t *testing.T, s connectors.Source, cursor *connectors.Cursor) []connectors.Record {
	t.Helper()
	var all []connectors.Record
	for {
		batch, err := s.Changes(t.Context(), *cursor)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch.Records...)
		*cursor = batch.Next
		if !batch.More {
			return all
		}
	}
}

func subjects(records []connectors.Record) []any {
	all := []any{}
	for _, r := range records {
		all = append(all, r.Fields["Subject"])
	}
	return all
}

func TestARowThatBecomesVisibleLateIsReported(t *testing.T) {
	o := newOrg(t, nil)
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	commit, err := o.org.Uncommitted(func() error {
		_, err := o.org.Insert("Case", map[string]any{"Subject": "slow"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o.clock.Advance(4 * time.Minute)
	o.insert(t, "Case", map[string]any{"Subject": "quick"})
	if got, want := subjects(poll(t, o, &cursor)), []any{"quick"}; !cmp.Equal(got, want) {
		t.Fatalf("reported %v, want %v", got, want)
	}
	o.clock.Advance(4 * time.Minute)
	commit()
	if got, want := subjects(poll(t, o, &cursor)), []any{"slow"}; !cmp.Equal(got, want) {
		t.Errorf("reported %v, want %v, which bears an older stamp", got, want)
	}
}

func TestManyRecentChangesDoNotCostEachPollTheirPages(t *testing.T) {
	o := newOrg(t, nil)
	var cursor connectors.Cursor
	poll(t, o, &cursor)
	late, err := o.org.Uncommitted(func() error {
		_, err := o.org.Insert("Case", map[string]any{"Subject": "late"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		o.insert(t, "Case", map[string]any{"Subject": "busy"})
		if i%10 == 9 {
			o.clock.Advance(time.Second)
		}
	}
	if got := poll(t, o, &cursor); len(got) != 5000 {
		t.Fatalf("reported %d, want 5000", len(got))
	}
	late()
	before := o.org.Calls()
	found := false
	for range 8 {
		o.clock.Advance(15 * time.Second)
		for _, r := range poll(t, o, &cursor) {
			found = found || r.Fields["Subject"] == "late"
		}
	}
	if n := o.org.Calls() - before; n > 8 {
		t.Errorf("%d calls for 8 polls, want one each", n)
	}
	for range 4 {
		o.clock.Advance(15 * time.Second)
		for _, r := range poll(t, o, &cursor) {
			found = found || r.Fields["Subject"] == "late"
		}
	}
	if !found {
		t.Errorf("the late row is not reported after three minutes")
	}
}

func TestPollsDoNotRepeatWhatWasStored(t *testing.T) {
	o := newOrg(t, nil)
	var cursor connectors.Cursor
	for i := range 30 {
		o.insert(t, "Case", map[string]any{"Subject": fmt.Sprint("case ", i)})
	}
	if got := poll(t, o, &cursor); len(got) != 30 {
		t.Fatalf("reported %d, want 30", len(got))
	}
	resting := cursor
	for range 100 {
		o.clock.Advance(15 * time.Second)
		if got := poll(t, o, &cursor); len(got) != 0 {
			t.Fatalf("reported %v again", subjects(got))
		}
	}
	if cursor == resting {
		t.Error("the cursor does not move, so that each poll reads the same rows again")
	}
	resting = cursor
	o.clock.Advance(15 * time.Second)
	poll(t, o, &cursor)
	if cursor != resting {
		t.Error("an idle poll has a new cursor, which must be stored for nothing")
	}
}

func TestAnotherClientGoesOnFromACursor(t *testing.T) {
	o := newOrg(t, func(theirs *sandbox.Options, _ *salesforce.Options) { theirs.PageSize = 100 })
	for i := range 1250 {
		o.insert(t, "Case", map[string]any{"Subject": fmt.Sprint(i)})
	}
	counted := map[any]int{}
	var cursor connectors.Cursor
	for reads := 0; ; reads++ {
		// A new client for each read: the daemon was restarted.
		c, err := salesforce.New(salesforce.Options{
			URL: o.url, Now: o.clock.Now, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"},
			Watch: []salesforce.Watch{{Object: "Case", Fields: []string{"Subject"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		batch, err := c.Changes(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Records) > 2000 {
			t.Fatalf("a read brought %d records", len(batch.Records))
		}
		for _, r := range batch.Records {
			counted[r.Fields["Subject"]]++
		}
		cursor = batch.Next
		if !batch.More {
			break
		}
		if reads > 30 {
			t.Fatal("no end after 30 reads")
		}
	}
	for subject, n := range counted {
		if n != 1 {
			t.Errorf("%v was reported %d times", subject, n)
		}
	}
	if len(counted) != 1250 {
		t.Errorf("reported %d of 1250 records that have the same stamp", len(counted))
	}
}

func TestFiveObjectsArePolledInOneCall(t *testing.T) {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Watch = []salesforce.Watch{
			{Object: "Contact", Fields: []string{"Name", "On_Hold__c"}},
			{Object: "Case", Fields: []string{"Subject"}},
			{Object: "Workflow__c", Fields: []string{"Status__c", "Homeowner__r.Name", "Homeowner__r.Email"}},
			{Object: "Milestone__c", Fields: []string{"Status__c"}},
			{Object: "Milestone_Review__c", Fields: []string{"Status__c"}},
		}
	})
	o.insert(t, "Case", map[string]any{"Subject": "older"})
	o.clock.Advance(time.Second)
	maria := o.insert(t, "Contact", map[string]any{"LastName": "Alvarez", "Email": "maria.alvarez@example.com"})
	o.clock.Advance(time.Second)
	o.insert(t, "Workflow__c", map[string]any{"Name": "W-1", "Contract_Id__c": "C-1", "Status__c": "Active", "Homeowner__c": maria.ID})
	if err := o.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := o.org.Calls()
	var cursor connectors.Cursor
	records := poll(t, o, &cursor)
	if n := o.org.Calls() - before; n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	var kinds []string
	for _, r := range records {
		kinds = append(kinds, r.Ref.Kind)
	}
	if diff := cmp.Diff([]string{"Case", "Contact", "Workflow__c"}, kinds); diff != "" {
		t.Fatalf("kinds in order of time (-want +got):\n%s", diff)
	}
	want := map[string]any{"Status__c": "Active", "Homeowner__r": map[string]any{"Name": "Alvarez", "Email": "maria.alvarez@example.com"}}
	if diff := cmp.Diff(want, records[2].Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if used, limit := o.Usage(); used == 0 || limit != 15000 {
		t.Errorf("usage %d of %d, want some of 15000", used, limit)
	}
}

func TestOneObjectThatCannotBeReadIsNamed(t *testing.T) {
	o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) {
		ours.Watch = []salesforce.Watch{{Object: "Case", Fields: []string{"Subject"}}, {Object: "Contact", Fields: []string{"No_Such__c"}}}
	})
	o.insert(t, "Case", map[string]any{"Subject": "unread"})
	for name, err := range map[string]error{
		"check":   o.Check(t.Context()),
		"changes": func() error { _, err := o.Changes(t.Context(), ""); return err }(),
	} {
		if connectors.ClassOf(err) != connectors.Rejected || err == nil {
			t.Fatalf("%s: error %v, want rejected", name, err)
		}
		for _, part := range []string{"Contact", "No_Such__c", "check the name"} {
			if !contains(err, part) {
				t.Errorf("%s: error %q does not say %q", name, err, part)
			}
		}
	}
}

func TestReadsGoOnAfterPassingTrouble(t *testing.T) {
	o := newOrg(t, nil)
	o.insert(t, "Case", map[string]any{"Subject": "still there"})
	for _, f := range []sandbox.Fault{
		{Kind: sandbox.Drop, Path: "/queryAll"},
		{Kind: sandbox.Answer, Path: "/queryAll", Status: 503, ContentType: "text/html", Body: "<html>"},
	} {
		o.org.Fault(f)
	}
	o.org.ExpireTokens()
	var cursor connectors.Cursor
	if got := poll(t, o, &cursor); len(got) != 1 {
		t.Errorf("reported %d, want 1", len(got))
	}
}
