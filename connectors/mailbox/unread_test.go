package mailbox_test

import (
	"fmt"
	"testing"

	"standdown/connectors"
)

const (
	bothThere = "* SEARCH 1 2\r\nTAG OK done\r\n"
	arrivedAt = `INTERNALDATE "02-Nov-2026 15:04:05 +0000"`
)

func TestMessagesWithoutBytesAreNotTakenForTheSame(t *testing.T) {
	source := open(t, startScripted(t, "IDLE",
		reply{`^UID SEARCH UID 1:`, bothThere},
		reply{`^UID FETCH.*RFC822.SIZE`, "* 1 FETCH (UID 1 RFC822.SIZE 0 " + arrivedAt + ")\r\n* 2 FETCH (UID 2 RFC822.SIZE 0 " + arrivedAt + ")\r\nTAG OK done\r\n"},
		reply{`^UID FETCH 1 `, "* 1 FETCH (UID 1 BODY[] NIL)\r\nTAG OK done\r\n"},
		reply{`^UID FETCH 2 `, "* 2 FETCH (UID 2 BODY[] NIL)\r\nTAG OK done\r\n"},
	).server, nil)
	records, _ := readOnce(t, source)
	if len(records) != 2 {
		t.Fatalf("got %v, want both", records)
	}
	for _, r := range records {
		if sum := r.Fields["sha256"]; sum != "" {
			t.Errorf("%s: the digest of no bytes is %q, which is that of every other such message", r.Ref, sum)
		}
	}
}

// Somebody opens a mail in another program just when it is fetched, and the
// server tells of that first. The client library takes this for the answer.
func TestAMessageWhoseFlagsChangeWhileItIsFetchedIsReported(t *testing.T) {
	const text = "From: rita@sunny.test\r\nSubject: x\r\n\r\nPlease cancel.\r\n"
	sizes := fmt.Sprintf("* 1 FETCH (UID 1 RFC822.SIZE %d %s)\r\n", len(text), arrivedAt)
	body := fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n", len(text), text)
	const seen, done = "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n", "TAG OK done\r\n"
	for name, script := range map[string][]reply{
		"while its size is asked for": {{`^UID FETCH.*RFC822.SIZE`, seen + sizes + done + "LATER" + sizes + done}, {`^UID FETCH`, body + done}},
		"while it is read":            {{`^UID FETCH.*RFC822.SIZE`, sizes + done}, {`^UID FETCH`, seen + body + done + "LATER" + body + done}},
	} {
		t.Run(name, func(t *testing.T) {
			source := open(t, startScripted(t, "IDLE", append(script, reply{`^UID SEARCH UID 1:`, "* SEARCH 1\r\n" + done})...).server, nil)
			var got []connectors.Record
			eventually(t, "it is reported", func() bool {
				batch, err := source.Changes(t.Context(), "")
				got = batch.Records
				if err == nil && (len(got) == 0 || got[0].At.IsZero()) {
					t.Fatalf("the cursor has passed it: %+v", batch)
				}
				return err == nil
			})
			if got[0].Fields["error"] != nil {
				t.Errorf("it was not read: %v", got[0].Fields["error"])
			}
		})
	}
}
