package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"standdown/connectors"
	"standdown/rules"
)

// OwnMail is why a mail that the daemon itself has sent means nothing.
const OwnMail = "it is a mail of our own"

// An Arrival is what a record that came in means.
type Arrival struct {
	// Subject is what the record is about: a client, a workflow, a referral,
	// or, for a mail, the request with the event's id.
	Subject rules.Ref
	// Event is what happened; nil if the record means nothing here.
	Event *rules.Event
	// Watched stands for the values that matter. A record whose Watched is the
	// one last seen for Subject brings nothing new. It is empty for mail.
	Watched string
	// Memory is what to remember about Subject if the record is only taken
	// note of, as on the first start.
	Memory map[string]string
	// Answer is what a person answered in a case, if Event is that. The event
	// has no kind then: the rules do not decide it.
	Answer *Answer
	// Why says why Event is nil, or what was read. It holds no address and
	// nothing of a mail's text.
	Why string
}

// Arrival says what a record means. The same record gives the same arrival.
// A record that cannot be read is an error of class Rejected, except a mail:
// nobody but a person may find out what it asks.
func (m *Mapping) Arrival(r connectors.Record) (Arrival, error) {
	if r.Ref.Kind == "message" {
		return m.mail(r), nil
	}
	for _, w := range m.watched() {
		if m.objects[w.concept].name == r.Ref.Kind {
			return m.changed(w, r)
		}
	}
	return Arrival{Why: "nothing depends on " + r.Ref.Kind}, nil
}

// changed reads a record of the org.
func (m *Mapping) changed(w watch, r connectors.Record) (Arrival, error) {
	var mess faults
	row := row{m: m, concept: w.concept, id: r.Ref.ID, fields: r.Fields, faults: &mess}
	a := Arrival{Subject: rules.Ref{Kind: subjectKind(w.concept), ID: r.Ref.ID}}
	if r.Deleted {
		a.Why = "it was deleted"
		return a, nil
	}
	event := rules.Event{At: r.At, Subject: a.Subject}
	meaningless := ""
	switch w.concept {
	case "contact":
		hold := hold(row)
		event.Kind, a.Watched = rules.HoldChanged, hash(hold.String())
		a.Memory = map[string]string{"hold": hold.String()}
		a.Why = "the hold is " + hold.String()
	case "workflow":
		status := row.word("status")
		event.Kind, a.Watched = rules.WorkflowChanged, hash(status, row.text("milestone"), row.word("photos"), row.word("roof_clear"))
		a.Memory = map[string]string{"status": status}
		a.Why = "the status is " + orUnknown(status)
	case "assignment":
		status := row.word("status")
		event.Kind, a.Watched = assignmentKind(row), hash(status, row.text("requested_by"), row.word("ask"), fmt.Sprint(row.flag("waive")), row.text("waived_by"))
		a.Why = "the status is " + orUnknown(status)
		if status == "cancelled" {
			a.Memory = map[string]string{"cancelled-at": "unknown"} // before anybody watched
		}
	case "block":
		state := row.word("state")
		event.Kind, a.Watched = rules.BlockChanged, blockHash(row)
		a.Memory = map[string]string{"state": state}
		a.Why = "the state is " + orUnknown(state)
	case "case":
		a.Answer, a.Watched = answer(row, r)
		switch {
		case a.Answer == nil:
			meaningless = "nothing is answered in it"
		default:
			a.Why = "the answer is " + orUnknown(a.Answer.Says)
		}
	case "referral":
		decision, workflow := decision(row), row.text("workflow")
		event.Kind, a.Watched = rules.ReferralChanged, hash(decision, row.word("team"), row.word("reason"), workflow)
		event.Subject = rules.Ref{Kind: "workflow", ID: workflow} // what is decided is about the workflow
		a.Why = "the decision is " + orUnknown(decision)
		switch {
		case row.word("team") != "deal-processing" || row.word("reason") != "cancellation":
			meaningless = "it is no cancellation that Deal Processing decides"
		case workflow == "":
			meaningless = "it names no workflow"
		}
	}
	if err := mess.err(); err != nil {
		return Arrival{}, fmt.Errorf("reading %s: %w", r.Ref, err)
	}
	if meaningless != "" {
		a.Why = meaningless
		return a, nil
	}
	event.ID = fmt.Sprintf("sf:%s@%s#%s", r.Ref, r.Version, a.Watched[:8])
	a.Event = &event
	return a, nil
}

// subjectKind is what the rules call a record of a watched concept.
func subjectKind(concept string) string {
	if concept == "contact" {
		return "client"
	}
	return concept
}

func hold(r row) rules.Hold {
	return rules.Hold{On: r.flag("on_hold"), Start: r.date("hold_start"), Return: r.date("hold_return")}
}

// decision is open while the field is empty.
func decision(r row) string {
	if r.text("decision") == "" {
		return "open"
	}
	return r.word("decision")
}

// hash stands for a list of values; equal hashes mean equal lists.
func hash(values ...string) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func orUnknown(word string) string {
	if word == "" {
		return "not one that is mapped"
	}
	return word
}
