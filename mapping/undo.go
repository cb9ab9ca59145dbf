package mapping

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"standdown/connectors"
)

// Undo says how to take back a change that has been made, given what came of
// it: an update is one back to what stood there, on condition that the record
// still has what was written; an allocation that was made is deleted, and one
// that was deleted is made anew; a comment is followed by one that names who
// took it back, and why. The new change has no key yet. An error says, for people,
// why there is nothing that this program can do.
func Undo(made Write, result connectors.Result, who, reason string) (Write, error) {
	back := Write{System: made.System, Verb: "undo-" + made.Verb, Text: "take back: " + made.Text}
	c := made.Change
	if made.Verb == AskApproval || made.Verb == CloseCase {
		return Write{}, errors.New("that people were asked stays: the case is theirs")
	}
	switch c.Op {
	case connectors.Update:
		if len(c.Fields) == 0 {
			return Write{}, errErased
		}
		back.Change = connectors.Change{Op: connectors.Update, Ref: c.Ref, Fields: map[string]any{}, If: c.Fields}
		for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
			before, known := result.Before[field]
			if result.Before == nil { // the answer was lost, but it can only have been made while this held
				before, known = c.If[field]
			}
			if _, parent := c.Fields[field].(map[string]any); parent || !known {
				return Write{}, fmt.Errorf("what stood in %s before is not known", field)
			}
			back.Change.Fields[field] = before
		}
		if reflect.DeepEqual(back.Change.Fields, c.Fields) {
			return Write{}, errors.New("it was so already, and nothing was changed")
		}
	case connectors.Create:
		if made.Verb != "allocate-saved" {
			return Write{}, errors.New("a record that was made for people is not deleted: close it in Salesforce")
		}
		if len(c.Fields) == 0 {
			return Write{}, errErased
		}
		back.Change = connectors.Change{Op: connectors.Delete, Ref: result.Ref, If: c.Fields}
	case connectors.Post:
		if strings.HasPrefix(c.Ref.ID, "@") {
			return Write{}, errors.New("a comment on a case stays: close the case in Salesforce")
		}
		if len(c.Fields) == 0 {
			return Write{}, errErased
		}
		body, _ := c.Fields["Body"].(string)
		text := fmt.Sprintf("Taken back by %s: %s\n\nThis was said before: %s", who, reason, firstLine(body))
		back.Text = "say that it was taken back: " + firstLine(body)
		back.Change = connectors.Change{Op: connectors.Post, Ref: c.Ref, Fields: map[string]any{"Body": shortened(text, maxComment)}}
	case connectors.Delete:
		if made.Verb == "free-worker" && !result.Already && len(c.If) > 0 { // If is all that such an allocation says
			back.Change = connectors.Change{Op: connectors.Create, Ref: connectors.Ref{Kind: c.Ref.Kind}, Fields: c.If}
			break
		}
		return Write{}, errors.New("what was deleted is not made again: restore it from the org's recycle bin, or make it anew")
	case connectors.Reject:
		return Write{}, errors.New("what was turned down stays so: it must be submitted for approval again")
	case connectors.Send:
		return Write{}, errors.New("a mail cannot be taken back: tell those who got it")
	}
	return back, nil
}

// errErased is about a change of which only the record is known.
var errErased = errors.New("what was written is not known any longer: it was erased on request")
