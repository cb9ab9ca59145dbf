// Package connectors is the contract between Standdown and the systems it
// works with: how records are read, how changes are written, how errors are
// told apart.
//
// It carries no meaning: a connector neither filters by business rules nor
// translates names. Field names and values are the foreign system's own; only
// package mapping knows what they stand for. What every connector must keep is
// tested by package connectortest.
package connectors

import (
	"context"
	"strings"
	"time"
)

// A Ref names one record of one connected system.
type Ref struct {
	// Kind is the type of record in the system's own words: an sObject name
	// such as "Contact", or "message" for mail.
	Kind string `json:"kind"`
	// ID is the system's own identifier. It is empty in a change that creates
	// the record.
	ID string `json:"id,omitempty"`
}

func (r Ref) String() string { return r.Kind + "/" + r.ID }

// ParseRef is the inverse of Ref.String.
func ParseRef(s string) Ref {
	kind, id, _ := strings.Cut(s, "/")
	return Ref{Kind: kind, ID: id}
}

// A Record is one version of one record, as read.
type Record struct {
	Ref Ref `json:"ref"`
	// Version changes whenever the record changes. It is opaque. A source tells
	// it; where a record is looked up, it may be empty.
	Version string `json:"version,omitempty"`
	// At is when the system changed or received this version, by the system's
	// own clock (Salesforce SystemModstamp, IMAP INTERNALDATE), in UTC.
	At time.Time `json:"at,omitzero"`
	// Created is when the record came into being, if the system tells.
	Created time.Time `json:"created,omitzero"`
	// Deleted tells that the record is gone; Fields may then be incomplete.
	Deleted bool `json:"deleted,omitempty"`
	// Into names the record that a deleted one was merged into, if it was.
	Into Ref `json:"into,omitzero"`
	// By is who made this version, by the system's own id, if it tells. Own
	// tells that this is who the connector writes as. That alone does not make
	// a version an echo: it may hold an edit that a person made just before.
	By  string `json:"by,omitempty"`
	Own bool   `json:"own,omitempty"`
	// Fields holds string, bool, float64, nil, []any or map[string]any (a
	// parent record, read by a dotted path). A field that was asked for and is
	// empty is present as nil.
	Fields map[string]any `json:"fields,omitempty"`
	// Raw is the record as it came, if the system has such a form (a mail's
	// bytes). It is evidence and never logged.
	Raw []byte `json:"-"`
}

// A Cursor says how far a source has been read. It is opaque to all but the
// source that made it; the empty cursor means "not read yet".
type Cursor string

// A Batch is what one read of a source brought.
type Batch struct {
	Records []Record
	// Next is the cursor to pass next time. It must be stored together with
	// what became of Records, in one transaction.
	Next Cursor
	// More tells that another read right away will bring more.
	More bool
}

// A Source reports what changed.
type Source interface {
	// Changes returns records that changed after the cursor, oldest first.
	//
	// A record may be reported more than once, and intermediate versions may
	// be skipped, but the latest version is always reported eventually. With
	// an empty cursor a source reports everything that is there now. On error
	// it returns no records: stale data is better than partial data.
	Changes(ctx context.Context, after Cursor) (Batch, error)
}

// A Waiter is a source that knows when there is something to read.
type Waiter interface {
	// Wait returns nil when there may be something new. It returns an error
	// when ctx ends or the link is lost. A caller reads on a timer as well.
	Wait(ctx context.Context) error
}

// A Housekeeper is a source that can be told that a record has been dealt
// with: a mail is flagged or moved. Truth is in the journal; losing such a
// call, or repeating it, does no harm.
type Housekeeper interface {
	Settled(ctx context.Context, refs []Ref) error
}

// Operations of a Change.
const (
	Create = "create" // make a record, once for ever by Key
	Update = "update" // set Fields of the record Ref, if If still holds
	Delete = "delete" // remove the record Ref
	Reject = "reject" // turn down what waits for approval of the record Ref
	Post   = "post"   // say something on the record Ref (a feed post), once by Key
	Send   = "send"   // send a mail, once by Key
)

// A Change is one write, ready to be sent.
type Change struct {
	// Key is unique to this change for ever. A create or a post carries it to
	// the foreign system, so that a repetition is recognised there.
	Key string `json:"key"`
	Op  string `json:"op"`
	// Ref is the record to change. For Create its ID is empty, for Post it is
	// the record posted on, for Send it is {"message", ""}.
	Ref Ref `json:"ref"`
	// Fields are the values to set, in the system's own names. A map value
	// names a parent by its external id: {"Standdown_Key__c": "k"}. A Post has
	// its text in Body, a Reject may have a reason in Comments.
	Fields map[string]any `json:"fields,omitempty"`
	// If holds what the decision relied on: the change is applied only while
	// the record still has these values. Only for Update and Delete.
	If map[string]any `json:"if,omitempty"`
	// Doubt tells that an earlier attempt may have got through although
	// nobody heard of it. A sink then looks before it creates, posts or sends.
	Doubt bool `json:"-"`
}

// A Result is what became of one Change.
type Result struct {
	// Ref names the record that was made or changed. For Send its ID is the
	// Message-ID.
	Ref Ref
	// Already tells that the change had been applied before.
	Already bool
	// Before holds the values that Fields replaced, where they were read.
	Before map[string]any
	// Err is nil if the change is in force; otherwise its class (see [ClassOf])
	// says what to do.
	Err error
}

// A Sink applies changes.
type Sink interface {
	// Apply makes the changes, as few remote calls as it can, and returns one
	// result for each, in order. The changes of one call touch different
	// records and may be applied in any order.
	//
	// The same change may be applied again after a crash or a lost reply; with
	// the same Key it then has no further effect:
	//   - an Update with Doubt whose Fields all hold is Already, whatever If
	//     says; without Doubt somebody else made it so, and if If does not hold
	//     it is a Conflict;
	//   - a Create is an upsert on a unique external id that holds Key;
	//   - a Delete of a record that is gone is Already;
	//   - a Reject where nothing waits is Already if the last that waited was
	//     turned down, and otherwise a Conflict;
	//   - a Post or a Send with Doubt is looked for first; if that cannot be
	//     done, the error is of class Unknown.
	//
	// When ctx ends, changes whose outcome is not known are of class Unknown.
	Apply(ctx context.Context, changes []Change) []Result
	// Limit is how many changes one Apply may carry.
	Limit() int
}

// A Lookup reads what a decision needs.
type Lookup interface {
	// Find returns the records that match, all of them, ordered by ID. No
	// match is not an error.
	Find(ctx context.Context, q Query) ([]Record, error)
}

// A Query asks for records of one kind.
type Query struct {
	Kind string
	// Fields are the fields to read; dots lead to parents
	// ("Homeowner__r.Email"), which come back as nested maps.
	Fields []string
	// Where holds conditions that must all be true. Empty means all records.
	Where []Cond
}

// A Cond compares one field. Text compares without regard to case, as
// Salesforce does.
type Cond struct {
	Field string
	Op    string // "=", "!=", "<", "<=", ">", ">=", "in"
	// Value is a string, bool, float64, time.Time, nil, a Date, or []string
	// for "in".
	Value any
}

// A Date is a calendar day, 2006-01-02, where a system tells dates from times.
type Date string
