// Package memory is a connected system in its simplest form: records, posts
// and mails held in maps. It shows what the contract of package connectors
// means, and stands in for a real system in tests and trials.
//
// It does not check types, lengths or permissions, and it keeps nothing when
// the process ends. Like Salesforce it compares text without regard to case
// when searching, treats "" as empty, and follows X__r to the record whose id
// is in X__c (and Account to AccountId). What it promises beyond the contract:
// a post or a mail that is repeated without Doubt is said twice, as it would be
// elsewhere, so that a forgotten Doubt is found.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"standdown/connectors"
)

// KeyField is the field in which a created record holds its change's key.
const KeyField = "Standdown_Key__c"

// TimeFormat is how times are written in fields.
const TimeFormat = "2006-01-02T15:04:05.000-0700"

const (
	pageSize   = 100
	applyLimit = 200
)

// A System is a source, a sink and a lookup over the same records. Its methods
// may be called concurrently.
type System struct {
	// Fail, if set, is asked before each change. An error of class Unknown is
	// returned after the change has been applied, as if the answer had been
	// lost; any other error is returned instead of applying the change. It may
	// change records itself. Set it before the system is used.
	Fail func(connectors.Change) error

	now   func() time.Time
	watch []string
	woken chan struct{}

	mu      sync.Mutex
	seq     int // counts writes; a record's Version is the one that made it
	nextID  int
	records map[connectors.Ref]*row
	posts   []Message
	sent    []Message
	settled []connectors.Ref
	asked   map[connectors.Ref]bool // approvals: true while one waits, false when turned down
}

type row struct {
	seq         int
	at, created time.Time
	deleted     bool
	fields      map[string]any
	raw         []byte
}

// A Message is a post or a mail that was accepted.
type Message struct {
	// ID is the mail's Message-ID, or the post's own identifier.
	ID     string
	At     time.Time
	Change connectors.Change
}

// New returns an empty system whose clock is now. Changes reports the kinds
// in watch, or all kinds if there are none.
func New(now func() time.Time, watch ...string) *System {
	return &System{
		now:     now,
		watch:   watch,
		woken:   make(chan struct{}, 1),
		records: map[connectors.Ref]*row{},
		asked:   map[connectors.Ref]bool{},
	}
}

// Put makes or replaces a record, as a person would. An empty Ref.ID is
// chosen; At, Created and Version are set by the system unless At or Created
// are given.
func (s *System) Put(r connectors.Record) connectors.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Ref.ID == "" {
		r.Ref.ID = s.newID(r.Ref.Kind)
	}
	at := cmp.Or(r.At, s.now().UTC())
	fresh := &row{at: at, created: cmp.Or(r.Created, at), deleted: r.Deleted, fields: map[string]any{}, raw: r.Raw}
	if old, ok := s.records[r.Ref]; ok {
		fresh.created = old.created
	}
	s.records[r.Ref] = fresh
	s.set(fresh, r.Fields, at)
	return r.Ref
}

// Edit sets some fields of a record, as a person would. It panics if there is
// no such record.
func (s *System) Edit(ref connectors.Ref, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(s.records[ref], fields, s.now().UTC())
}

// Remove deletes a record, as a person would. It panics if there is no such
// record.
func (s *System) Remove(ref connectors.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[ref]
	r.deleted = true
	s.set(r, nil, s.now().UTC())
}

// Submit has a record wait for approval, as a person would.
func (s *System) Submit(ref connectors.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[ref] = true
}

// Waits tells whether a record waits for approval.
func (s *System) Waits(ref connectors.Ref) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[ref]
}

// Get returns a record as it is now, and whether it is there and not deleted.
func (s *System) Get(ref connectors.Ref) (connectors.Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[ref]
	if !ok || r.deleted {
		return connectors.Record{}, false
	}
	return r.record(ref), true
}

// Posts returns what was said on records, oldest first.
func (s *System) Posts() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posts)
}

// Sent returns the mails that were sent, oldest first.
func (s *System) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// SettledRefs returns what Settled was told, oldest first.
func (s *System) SettledRefs() []connectors.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.settled)
}

// Changes implements [connectors.Source].
func (s *System) Changes(ctx context.Context, after connectors.Cursor) (connectors.Batch, error) {
	if err := ctx.Err(); err != nil {
		return connectors.Batch{}, fmt.Errorf("reading changes: %w", err)
	}
	from := 0
	if after != "" {
		var err error
		if from, err = strconv.Atoi(string(after)); err != nil {
			return connectors.Batch{}, &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("cursor %q is not one of this source", after)}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var changed []connectors.Ref
	for ref, r := range s.records {
		if r.seq > from && (len(s.watch) == 0 || slices.Contains(s.watch, ref.Kind)) && !(after == "" && r.deleted) {
			changed = append(changed, ref)
		}
	}
	slices.SortFunc(changed, func(a, b connectors.Ref) int { return cmp.Compare(s.records[a].seq, s.records[b].seq) })
	batch := connectors.Batch{Next: connectors.Cursor(strconv.Itoa(s.seq))}
	if len(changed) > pageSize {
		changed, batch.More = changed[:pageSize], true
		batch.Next = connectors.Cursor(strconv.Itoa(s.records[changed[pageSize-1]].seq))
	}
	for _, ref := range changed {
		batch.Records = append(batch.Records, s.records[ref].record(ref))
	}
	return batch, nil
}

// Wait implements [connectors.Waiter].
func (s *System) Wait(ctx context.Context) error {
	select {
	case <-s.woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settled implements [connectors.Housekeeper].
func (s *System) Settled(ctx context.Context, refs []connectors.Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = append(s.settled, refs...)
	return nil
}

// Limit implements [connectors.Sink].
func (s *System) Limit() int { return applyLimit }

// set changes r and makes it the newest.
func (s *System) set(r *row, fields map[string]any, at time.Time) {
	for name, value := range fields {
		r.fields[name] = plain(value)
	}
	s.seq++
	r.seq, r.at = s.seq, at
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

func (s *System) newID(kind string) string {
	s.nextID++
	return fmt.Sprintf("%s-%06d", kind, s.nextID)
}

func (r *row) record(ref connectors.Ref) connectors.Record {
	return connectors.Record{
		Ref:     ref,
		Version: strconv.Itoa(r.seq),
		At:      r.at,
		Created: r.created,
		Deleted: r.deleted,
		Fields:  maps.Clone(r.fields),
		Raw:     r.raw,
	}
}

// plain brings a value into one of the forms a field may have.
func plain(value any) any {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil
		}
	case connectors.Date:
		return plain(string(v))
	case time.Time:
		return v.UTC().Format(TimeFormat)
	case int:
		return float64(v)
	}
	return value
}

func refused(class connectors.Class, code, format string, args ...any) error {
	return &connectors.Error{Class: class, Code: code, Err: fmt.Errorf(format, args...)}
}
