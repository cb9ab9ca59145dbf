// Package connectortest tests what package connectors promises. Every
// connector runs it against a system it can make and look at; what a connector
// does beyond the contract it tests itself.
//
// It asserts the state of the system afterwards, not the calls that led to it.
package connectortest

import (
	"context"
	"testing"

	"standdown/connectors"
)

// A Subject is a connector with an empty system behind it. The functions act
// on that system directly, as a person would; they fail the test if they
// cannot do so.
type Subject struct {
	Source connectors.Source
	Sink   connectors.Sink
	Lookup connectors.Lookup

	// Kind is a type of record that the source watches. It has two text
	// fields that can be read, written and searched, and takes posts.
	Kind, Text, Other string

	Make   func(fields map[string]any) connectors.Ref
	Edit   func(ref connectors.Ref, fields map[string]any)
	Remove func(ref connectors.Ref)
	// Said returns the bodies of the posts on a record.
	Said func(ref connectors.Ref) []string
	// Sent returns how many mails were sent; nil if the sink sends none.
	Sent func() int
	// Submit has a record wait for approval by whom the sink acts as, and Waits
	// tells whether it does; nil if there are no approvals.
	Submit func(ref connectors.Ref)
	Waits  func(ref connectors.Ref) bool
	// LoseAnswer makes the system apply the next write and not answer it.
	LoseAnswer func()
}

// Run tests the subjects that fresh makes, one for each test.
func Run(t *testing.T, fresh func(*testing.T) Subject) {
	groups := map[string]map[string]func(*testing.T, Subject){
		"source": sourceTests,
		"sink":   sinkTests,
		"lookup": lookupTests,
	}
	for group, tests := range groups {
		t.Run(group, func(t *testing.T) {
			for name, test := range tests {
				t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
			}
		})
	}
}

// readAll reads from a cursor until there is no more.
func readAll(t *testing.T, s Subject, after connectors.Cursor) ([]connectors.Record, connectors.Cursor) {
	t.Helper()
	var all []connectors.Record
	for range 1000 {
		batch, err := s.Source.Changes(t.Context(), after)
		if err != nil {
			t.Fatalf("reading changes: %v", err)
		}
		all = append(all, batch.Records...)
		after = batch.Next
		if !batch.More {
			return all, after
		}
	}
	t.Fatal("a source at rest still says More after 1000 reads")
	return nil, ""
}

func versions(records []connectors.Record, ref connectors.Ref) []connectors.Record {
	var found []connectors.Record
	for _, r := range records {
		if r.Ref == ref {
			found = append(found, r)
		}
	}
	return found
}

// one applies a single change.
func one(t *testing.T, s Subject, c connectors.Change) connectors.Result {
	t.Helper()
	results := s.Sink.Apply(t.Context(), []connectors.Change{c})
	if len(results) != 1 {
		t.Fatalf("1 change gave %d results", len(results))
	}
	return results[0]
}

func mustApply(t *testing.T, s Subject, c connectors.Change) connectors.Result {
	t.Helper()
	r := one(t, s, c)
	if r.Err != nil {
		t.Fatalf("%s of %s: %v", c.Op, c.Ref, r.Err)
	}
	return r
}

func wantClass(t *testing.T, err error, want connectors.Class) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of class %s", want)
	}
	if got := connectors.ClassOf(err); got != want {
		t.Errorf("class %s of %q, want %s", got, err, want)
	}
}

// text returns the two text fields of the record, and whether it is there.
func text(t *testing.T, s Subject, ref connectors.Ref) (text, other any, there bool) {
	t.Helper()
	for _, r := range find(t, s, connectors.Cond{Field: "Id", Op: "=", Value: ref.ID}) {
		return r.Fields[s.Text], r.Fields[s.Other], true
	}
	return nil, nil, false
}

func find(t *testing.T, s Subject, where ...connectors.Cond) []connectors.Record {
	t.Helper()
	found, err := s.Lookup.Find(t.Context(), connectors.Query{Kind: s.Kind, Fields: []string{s.Text, s.Other}, Where: where})
	if err != nil {
		t.Fatalf("finding: %v", err)
	}
	return found
}

func wantText(t *testing.T, s Subject, ref connectors.Ref, want any) {
	t.Helper()
	if got, _, there := text(t, s, ref); !there || got != want {
		t.Errorf("%s of %s is %v (there: %t), want %v", s.Text, ref, got, there, want)
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
