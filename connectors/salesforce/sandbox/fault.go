package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A FaultKind is a way for a call to go wrong.
type FaultKind string

const (
	// Answer gives Status and Body instead of the real answer; nothing is
	// applied.
	Answer FaultKind = "answer"
	// Lock refuses the write of a row with UNABLE_TO_LOCK_ROW. It matches
	// rows, wherever in a call they are, and not calls.
	Lock FaultKind = "lock"
	// Drop closes the connection before anything is applied.
	Drop FaultKind = "drop"
	// Lose applies the call and closes the connection instead of answering.
	Lose FaultKind = "lose"
	// Truncate applies the call and breaks off in the middle of the answer.
	Truncate FaultKind = "truncate"
	// Delay answers after Delay.
	Delay FaultKind = "delay"
	// Skew answers as usual, with a Date that is off by Delay, which may be
	// negative.
	Skew FaultKind = "skew"
)

// A Fault makes the calls it matches go wrong, Count times. Of several that
// match, the one set first acts.
type Fault struct {
	Kind FaultKind
	// Method and Path select calls: an HTTP method, and the beginning of the
	// path below the version ("/composite/sobjects") or of the whole path if
	// it begins with "/services". Empty means any. The parts of a composite
	// request are not calls of their own.
	Method string
	Path   string
	// Record selects rows for a Lock: the name of an object, or an id. Empty
	// means any.
	Record string
	// After is how many of what it matches the fault lets pass first.
	After int
	// Count is how often the fault acts; 0 means once, -1 for ever.
	Count int
	// Status, ContentType and Body are what Answer answers. Without a content
	// type the body is sent as JSON.
	Status      int
	ContentType string
	Body        string
	// Delay is how long Delay waits, and how far off the Date of Skew is.
	Delay time.Duration
}

// BadDay sets the faults of one: locked rows, a busy server, an expired session,
// and two answers that are lost.
func (o *Org) BadDay() {
	named := Named()
	for _, f := range []struct {
		name         string
		after, count int
	}{{"row-lock", 100, 150}, {"busy", 2, 1}, {"session-expired", 4, 1}, {"answer-lost", 2, 1}, {"answer-lost", 5, 1}} {
		fault := named[f.name]
		fault.After, fault.Count = f.after, f.count
		if fault.Kind != Lock {
			fault.Path = "/composite"
		}
		o.Fault(fault)
	}
}

// Fault makes coming calls go wrong. It panics if the fault makes no
// sense.
//
// The same can be done from outside: POST /sandbox/faults takes a fault as
// JSON, such as
//
//	{"kind": "answer", "method": "POST", "path": "/composite", "status": 503, "body": "[]", "count": 2}
//	{"kind": "lock", "record": "Contact"}
//	{"kind": "delay", "delay": "2s", "count": -1}
//	{"name": "quota", "count": 3}
//
// where name is one of [Named], which the other values change; and DELETE
// /sandbox/faults ends them all. Neither needs a session.
func (o *Org) Fault(f Fault) {
	if err := f.check(); err != nil {
		panic("sandbox: " + err.Error())
	}
	if f.Count == 0 {
		f.Count = 1
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = append(o.faults, &f)
}

// ClearFaults ends all faults.
func (o *Org) ClearFaults() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = nil
}

func (f *Fault) check() error {
	switch {
	case !slices.Contains([]FaultKind{Answer, Lock, Drop, Lose, Truncate, Delay, Skew}, f.Kind):
		return fmt.Errorf("fault: the kind is %q; it must be answer, lock, drop, lose, truncate, delay or skew", f.Kind)
	case f.Kind == Lock && (f.Method != "" || f.Path != ""):
		return errors.New("fault: a lock matches a record, not a method or a path")
	case f.Kind != Lock && f.Record != "":
		return errors.New("fault: only a lock matches a record; give a method or a path")
	case f.Kind == Answer && (f.Status < 200 || f.Status > 599):
		return errors.New("fault: an answer needs a status from 200 to 599")
	case f.Kind == Delay && f.Delay <= 0:
		return errors.New(`fault: a delay needs to be longer than nothing, such as "2s"`)
	case f.Kind == Skew && f.Delay == 0:
		return errors.New(`fault: a skew needs a delay other than nothing, such as "-1h"`)
	case f.Count < -1 || f.After < 0:
		return errors.New("fault: the count is how often it acts, -1 is for ever; after is how many it lets pass")
	}
	return nil
}

// withFault answers a call, or does what the fault that matches it says.
func (o *Org) withFault(w http.ResponseWriter, r *http.Request, path []string, answer func(http.ResponseWriter)) {
	f := o.takeFault(func(f *Fault) bool { return f.Kind != Lock && f.matches(r.Method, path) })
	if f == nil {
		answer(w)
		return
	}
	switch f.Kind {
	case Delay:
		if sleep(r, f.Delay) {
			answer(w)
		}
	case Answer:
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		if f.ContentType != "" {
			w.Header().Set("Content-Type", f.ContentType)
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body) // the reader may be gone
	case Skew:
		w.Header().Set("Date", o.now().Add(f.Delay).Format(http.TimeFormat))
		answer(w)
	case Truncate:
		whole := &recording{nowhere{w.Header()}, http.StatusOK, nil}
		answer(whole)
		if len(whole.body) == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(whole.body)+1))
		w.WriteHeader(whole.status)
		_, _ = w.Write(whole.body[:len(whole.body)/2]) // the reader may be gone
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Lose:
		answer(nowhere{http.Header{}})
		panic(http.ErrAbortHandler)
	case Drop:
		panic(http.ErrAbortHandler)
	}
}

// lockFault refuses to write a row. For a row that is being created id is
// empty.
func (o *Org) lockFault(e *entity, id string) *Error {
	f := o.takeLocked(func(f *Fault) bool {
		return f.Kind == Lock && (f.Record == "" || strings.EqualFold(f.Record, e.Name) || id != "" && strings.HasPrefix(id, f.Record))
	})
	if f == nil {
		return nil
	}
	return refuse("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: %s", id)
}

func (o *Org) takeFault(matches func(*Fault) bool) *Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.takeLocked(matches)
}

func (o *Org) takeLocked(matches func(*Fault) bool) *Fault {
	i := slices.IndexFunc(o.faults, func(f *Fault) bool {
		if !matches(f) {
			return false
		}
		f.After--
		return f.After < 0
	})
	if i < 0 {
		return nil
	}
	f := o.faults[i]
	if f.Count > 0 {
		if f.Count--; f.Count == 0 {
			o.faults = slices.Delete(o.faults, i, i+1)
		}
	}
	return f
}

func (f *Fault) matches(method string, path []string) bool {
	whole := "/" + strings.Join(path, "/")
	if !strings.HasPrefix(f.Path, "/services") {
		whole = "/" + strings.Join(path[min(3, len(path)):], "/")
	}
	return (f.Method == "" || f.Method == method) && strings.HasPrefix(whole, f.Path)
}

// nowhere takes an answer that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// recording keeps an answer.
type recording struct {
	nowhere
	status int
	body   []byte
}

func (r *recording) WriteHeader(status int) { r.status = status }

func (r *recording) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}
