package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// An office is a theatre whose people answer in the org's cases.
type office struct {
	*testing.T
	*theatre
}

func openOffice(t *testing.T, s setting) *office {
	t.Helper()
	s.daemons, s.lease = 1, 2*time.Second
	rewire := s.rewire
	s.rewire = func(world *stage.Stage, configuration string) string {
		if rewire != nil {
			configuration = rewire(world, configuration)
		}
		configuration = strings.Replace(configuration, "  presets: [milestone, skedulo, interpreting, ops]\n", `  presets: [milestone, skedulo, interpreting, ops]
  objects:
    case:
      fields: {answer: Standdown_Answer__c, answer_reason: Standdown_Reason__c, status: Status}
`, 1)
		return strings.Replace(configuration, "finalize: daemon", "auto_restore: true\n    finalize: daemon", 1)
	}
	return &office{t, openTheatre(t, s)}
}

// rows are those of the org.
func (o *office) rows(soql string, args ...any) []map[string]any {
	o.Helper()
	found, err := o.world.Org.Query(fmt.Sprintf(soql, args...))
	if err != nil {
		o.Fatal(err)
	}
	return found
}

// eventually waits until the query finds n rows, and returns them.
func (o *office) eventually(n int, soql string, args ...any) []map[string]any {
	o.Helper()
	var found []map[string]any
	if err := stage.Until(o.Context(), fmt.Sprintf(soql, args...), func() (bool, error) {
		found = o.rows(soql, args...)
		return len(found) == n, nil
	}); err != nil {
		o.Fatalf("%v: there are %d, want %d", err, len(found), n)
	}
	return found
}

// begin plays an act up to where people are asked, and returns the case.
func (o *office) begin(title, about string) (id string) {
	o.Helper()
	act := scene(o, title)[0]
	if err := act.Do(o.world); err != nil {
		o.Fatal(err)
	}
	return o.asked(about)
}

// asked is the open case about the record in which people are asked.
func (o *office) asked(about string) (id string) {
	o.Helper()
	found := o.eventually(1, "SELECT Id, Description, Owner.Name FROM Case WHERE Request_Type__c = 'Approval' AND Status = 'New' AND Standdown_Answer__c = null AND Subject LIKE 'For approval: %s:%%'", about)
	if text := found[0]["Description"].(string); !strings.Contains(text, `set Standdown Answer to "Approve" to have it done or "Decline" to have it not done; the reason goes into Standdown Reason.`) {
		o.Errorf("the case does not say how to answer:\n%s", text)
	}
	if owner := found[0]["Owner"].(map[string]any)["Name"]; owner != "Back Office" {
		o.Errorf("the case is with %v", owner)
	}
	return found[0]["Id"].(string)
}

func (o *office) answers(who, id, answer, reason string) {
	o.Helper()
	value := any(answer)
	if answer == "" {
		value = nil
	}
	if err := o.world.Org.As(who).Update("Case", id, map[string]any{"Standdown_Answer__c": value, "Standdown_Reason__c": reason}); err != nil {
		o.Fatal(err)
	}
}

// calm waits until the daemon has read everything and has nothing left to do.
func (o *office) calm() {
	o.Helper()
	l := lull{journal: o.journal}
	if err := stage.Until(o.Context(), "calm", func() (bool, error) { return l.lasts(o.Context()) }); err != nil {
		o.Fatal(err)
	}
}

// comments are what the daemon has said in the case.
func (o *office) comments(id string) []string {
	o.Helper()
	var all []string
	for _, r := range o.rows("SELECT Body FROM FeedItem WHERE ParentId = '%s' ORDER BY CreatedDate", id) {
		text, _, _ := strings.Cut(r["Body"].(string), "\n")
		all = append(all, text)
	}
	return all
}

// acts counts what the person did, by the log. Nothing may be done twice to an
// entry.
func (o *office) acts(who, act, reason string) int {
	o.Helper()
	seen := map[int64]bool{}
	found, err := o.journal.ActLog(o.Context(), store.ActFilter{Who: who, Act: act, Limit: 1000})
	if err != nil {
		o.Fatal(err)
	}
	n := 0
	for _, a := range found {
		if strings.Contains(a.Reason, reason) {
			if a.Decision == "" {
				o.Errorf("the act of %s is about no decision", a.Who)
			}
			if seen[a.Entry] {
				o.Errorf("%s did it twice to entry %d", who, a.Entry)
			}
			seen[a.Entry] = true
			n++
		}
	}
	return n
}

func (o *office) proposed() int {
	o.Helper()
	entries, err := o.journal.Entries(o.Context(), store.Filter{States: []store.State{store.Proposed}})
	if err != nil {
		o.Fatal(err)
	}
	return len(entries)
}

// answerElsewhere approves all that is proposed, as is done on the pages.
func (o *office) answerElsewhere(who, reason string) {
	o.Helper()
	entries, err := o.journal.Entries(o.Context(), store.Filter{States: []store.State{store.Proposed}})
	if err != nil || len(entries) == 0 {
		o.Fatalf("%d changes are proposed, %v", len(entries), err)
	}
	for _, e := range entries {
		if err := o.journal.Approve(o.Context(), []int64{e.ID}, store.Checker{Name: who}, reason, o.world.Clock.Now()); err != nil {
			o.Fatal(err)
		}
	}
}

func TestPeopleAnswerInCases(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	o := openOffice(t, setting{})

	t.Run("who approves in the case is the one who approved", func(t *testing.T) {
		o.T = t
		id := o.begin("Maria Alvarez asks", "W-1042")
		if text := o.rows("SELECT Description FROM Case WHERE Id = '%s'", id)[0]["Description"].(string); !strings.Contains(text, "Status: Active -> Cancel Pending") ||
			!strings.Contains(text, "The mail says: ") || !strings.Contains(text, "Decision D") {
			t.Errorf("the evidence is missing:\n%s", text)
		}
		o.answers("Elena Rossi", id, "Approve", "her own words")
		o.eventually(1, "SELECT Id FROM Workflow__c WHERE Name = 'W-1042' AND Status__c = 'Cancel Pending'")
		o.eventually(1, "SELECT Id FROM Case WHERE Id = '%s' AND Status = 'Closed' AND Standdown_Answer__c = 'Approve'", id)
		o.calm()
		if n := o.acts("Elena Rossi", "approve", "her own words"); n == 0 {
			t.Error("there is no act of hers")
		}
		if said := o.comments(id); len(said) > 0 {
			t.Errorf("the case says again what she knows: %q", said)
		}
	})

	t.Run("who edits an answered case has not answered", func(t *testing.T) {
		o.T = t
		id := o.rows("SELECT Id FROM Case WHERE Standdown_Answer__c = 'Approve'")[0]["Id"].(string)
		if err := o.world.Org.As("Marcus Bell").Update("Case", id, map[string]any{"Priority": "Low"}); err != nil {
			t.Fatal(err)
		}
		o.calm()
		if n := o.acts("Marcus Bell", "", ""); n != 0 || len(o.comments(id)) > 0 {
			t.Errorf("%d acts of his, and the case says %q", n, o.comments(id))
		}
	})

	t.Run("who has caused it does not approve it, and is told so", func(t *testing.T) {
		o.T = t
		if err := o.world.Org.As("Dana Whitlock").Update("Ops_Block__c", o.world.People.Blocks["B-1001"], map[string]any{"State__c": "Cancelling", "Cancel_Reason__c": "Roof needs repair first"}); err != nil {
			t.Fatal(err)
		}
		id := o.asked("B-1001")
		before := o.proposed()
		o.answers("Dana Whitlock", id, "Approve", "")
		said := o.eventually(1, "SELECT Body FROM FeedItem WHERE ParentId = '%s'", id)[0]["Body"].(string)
		if !strings.Contains(said, `The answer "Approve" was not taken: `) || !strings.Contains(said, "somebody else must approve it") {
			t.Errorf("it says %q", said)
		}
		o.calm()
		if n := o.proposed(); n != before || o.acts("Dana Whitlock", "approve", "") != 0 {
			t.Errorf("%d changes are proposed, want %d", n, before)
		}
		o.answers("Elena Rossi", id, "", "")
		o.calm()
		o.answers("Elena Rossi", id, "Approve", "")
		o.eventually(1, "SELECT Id FROM Ops_Block__c WHERE Name = 'B-1001' AND State__c = 'Open'")
		if n := len(o.comments(id)); n != 1 {
			t.Errorf("the case says %q", o.comments(id))
		}
	})

	t.Run("what is declined is not done, for the reason given", func(t *testing.T) {
		o.T = t
		id := o.begin("Daniel Okafor asks", "W-1043")
		o.answers("Elena Rossi", id, "Decline", "he called: it was his neighbour")
		o.eventually(1, "SELECT Id FROM Case WHERE Id = '%s' AND Status = 'Closed'", id)
		o.calm()
		if n := o.acts("Elena Rossi", "decline", "he called: it was his neighbour"); n == 0 {
			t.Error("there is no act of hers with the reason")
		}
		o.eventually(1, "SELECT Id FROM Workflow__c WHERE Name = 'W-1043' AND Status__c = 'Active'")
	})

	t.Run("what is answered elsewhere closes the case, which says by whom", func(t *testing.T) {
		o.T = t
		id := o.begin("Carlos Mendez asks", "W-1045")
		o.answerElsewhere("uma", "looks right")
		o.eventually(1, "SELECT Id FROM Case WHERE Id = '%s' AND Status = 'Closed' AND Standdown_Answer__c = null", id)
		o.eventually(1, "SELECT Id FROM FeedItem WHERE ParentId = '%s'", id)
		if said := o.comments(id); !strings.HasPrefix(said[0], "Approved by uma on ") || !strings.HasSuffix(said[0], ": looks right") {
			t.Errorf("the case says %q", said)
		}
		o.eventually(1, "SELECT Id FROM Workflow__c WHERE Name = 'W-1045' AND Status__c = 'Cancel Pending'")
		o.calm()

		o.answers("Elena Rossi", id, "Decline", "")
		o.eventually(2, "SELECT Id FROM FeedItem WHERE ParentId = '%s'", id)
		if said := o.comments(id)[1]; !strings.HasPrefix(said, `The answer "Decline" was not taken: it came too late. Approved by uma on `) {
			t.Errorf("the case says %q", said)
		}
	})

	t.Run("an answer that means nothing is told, not taken for another", func(t *testing.T) {
		o.T = t
		id := o.rows("SELECT Id FROM Case WHERE Standdown_Answer__c = 'Decline' AND Subject LIKE 'For approval: W-1043:%%'")[0]["Id"].(string)
		o.answers("Elena Rossi", id, "Restore", "")
		o.eventually(1, "SELECT Id FROM FeedItem WHERE ParentId = '%s'", id)
		if said := o.comments(id); !strings.HasPrefix(said[0], `The answer "Restore" was not taken: `) {
			t.Errorf("the case says %q", said)
		}
	})

	t.Run("a cancellation is taken back from the case for review", func(t *testing.T) {
		o.T = t
		before := len(o.rows("SELECT Id FROM Case"))
		if err := scene(o, "An installer asks")[0].Do(o.world); err != nil {
			t.Fatal(err)
		}
		review := o.eventually(1, "SELECT Id FROM Case WHERE Workflow__r.Name = 'W-1047' AND Request_Type__c = 'Review'")[0]["Id"].(string)
		if now := len(o.rows("SELECT Id FROM Case")); now != before+1 {
			t.Errorf("%d cases were opened, want one", now-before)
		}
		if err := o.world.Org.As("Marcus Bell").Update("Workflow__c", o.world.People.Workflows["W-1047"], map[string]any{"Status__c": "Cancel Pending"}); err != nil {
			t.Fatal(err)
		}
		o.calm()
		o.answers("Dana Whitlock", review, "Restore", "the homeowner called")
		o.answers("Elena Rossi", o.asked("W-1047"), "Approve", "")
		o.eventually(1, "SELECT Id FROM Workflow__c WHERE Name = 'W-1047' AND Status__c = 'Active'")
		if said := o.comments(review); len(said) != 1 || !strings.HasPrefix(said[0], "Dana Whitlock has asked for it here. Decided: asked in time, by a person of the back office by name (row B12") {
			t.Errorf("the case says %q", said)
		}
		if n := o.acts("Dana Whitlock", "answer", "Restore: the homeowner called"); n != 1 {
			t.Errorf("%d acts of hers, want 1", n)
		}
	})
}

func TestPeopleAreAskedAndAnsweredOnceThoughTheDaemonIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	deadly := map[step]int{}
	for _, method := range []string{"Commit", "Answer", "Conclude"} {
		for _, phase := range []string{"begin", "commit", "committed"} {
			deadly[step(method+" "+phase)] = 1
		}
	}
	o := openOffice(t, setting{rewire: func(world *stage.Stage, configuration string) string {
		f := &failpoints{Passed: map[step]int{}, Deadly: deadly, path: filepath.Join(world.Dir, failpointsFile)}
		if err := f.write(); err != nil {
			t.Fatal(err)
		}
		return configuration
	}})
	maria := o.begin("Maria Alvarez asks", "W-1042")
	o.answers("Elena Rossi", maria, "Approve", "")
	o.eventually(1, "SELECT Id FROM Case WHERE Id = '%s' AND Status = 'Closed'", maria)
	o.eventually(1, "SELECT Id FROM Workflow__c WHERE Name = 'W-1042' AND Status__c = 'Cancel Pending'")
	carlos := o.begin("Carlos Mendez asks", "W-1045")
	o.answerElsewhere("uma", "looks right")
	o.eventually(1, "SELECT Id FROM Case WHERE Id = '%s' AND Status = 'Closed'", carlos)
	o.eventually(1, "SELECT Id FROM FeedItem WHERE ParentId = '%s'", carlos)
	o.calm()

	f, err := readFailpoints(o.world.Dir)
	if err != nil || len(f.Died) != len(deadly) {
		t.Errorf("killed at %s only, %v", list(f.Died), err)
	}
	if n := o.acts("Elena Rossi", "approve", ""); n == 0 { // each counted once
		t.Error("there is no act of hers")
	}
	if said := o.comments(maria); len(said) > 0 {
		t.Errorf("Maria's case says %q", said)
	}
	if said := o.comments(carlos); len(said) != 1 {
		t.Errorf("Carlos's case says %q", said)
	}
	o.eventually(2, "SELECT Id FROM Case")
}

func TestPeopleAnswerInACaseToAllThatIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	o := openOffice(t, setting{rewire: func(_ *stage.Stage, configuration string) string {
		return configuration + "ceilings: {run: {records: 1, percent: 0}}\n"
	}})
	if err := scene(o, "Harold Finch goes away")[0].Do(o.world); err != nil {
		t.Fatal(err)
	}
	found := o.eventually(1, "SELECT Id, Description FROM Case WHERE Subject LIKE 'For approval: much at once%%'")
	o.calm()
	holds, err := o.journal.Holds(t.Context())
	if err != nil || len(holds) != 1 {
		t.Fatalf("%+v, %v", holds, err)
	}
	if text, want := found[0]["Description"].(string), fmt.Sprintf("This waits for approval, %d in all:", holds[0].Entries); !strings.Contains(text, want) {
		t.Errorf("it does not say %q:\n%s", want, text)
	}
	id := found[0]["Id"].(string)
	o.answers("Elena Rossi", id, "Approve", "he is away")
	o.eventually(1, "SELECT Id FROM Case WHERE Id = '%s' AND Status = 'Closed'", id)
	o.calm()
	if n := o.acts("Elena Rossi", "approve", "he is away"); n != holds[0].Entries || o.proposed() != 0 {
		t.Errorf("%d are approved of %d, %d wait", n, holds[0].Entries, o.proposed())
	}
	o.eventually(1, "SELECT Id FROM Case WHERE Subject LIKE 'For approval: much at once%%'")
}

func TestWhoAnswersInACase(t *testing.T) {
	const dana, elena = "005000000000001AAA", "005000000000002AAA"
	as := person(config.Approvals{People: map[string]string{"dana": dana}})
	for _, test := range []struct {
		name, user, called string
		want               store.Checker
	}{
		{"is called by the name in the configuration", dana, "Dana Whitlock", store.Checker{Name: "dana", Users: []string{dana}}},
		{"or else by that in Salesforce", elena, "Elena Rossi", store.Checker{Name: "Elena Rossi", Users: []string{elena}}},
		{"or by the id if Salesforce tells no name", elena, "", store.Checker{Name: elena, Users: []string{elena}}},
		{"does not pass for somebody else", elena, "Dana", store.Checker{Name: "Dana (" + elena + ")", Users: []string{elena}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, as(test.user, test.called)); diff != "" {
				t.Errorf("checker (-want +got):\n%s", diff)
			}
		})
	}
}
