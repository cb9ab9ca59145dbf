package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
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
	// Delay answers after Delay.
	Delay FaultKind = "delay"
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
	// Count is how often the fault acts; 0 means once, -1 for ever.
	Count int
	// Status, ContentType and Body are what Answer answers. Without a content
	// type the body is sent as JSON.
	Status      int
	ContentType string
	Body        string
	// Delay is how long Delay waits.
	Delay time.Duration
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
//
// and DELETE /sandbox/faults ends them all. Neither needs a session.
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
	case !slices.Contains([]FaultKind{Answer, Lock, Drop, Lose, Delay}, f.Kind):
		return fmt.Errorf("fault: the kind is %q; it must be answer, lock, drop, lose or delay", f.Kind)
	case f.Kind == Lock && (f.Method != "" || f.Path != ""):
		return errors.New("fault: a lock matches a record, not a method or a path")
	case f.Kind != Lock && f.Record != "":
		return errors.New("fault: only a lock matches a record; give a method or a path")
	case f.Kind == Answer && (f.Status < 200 || f.Status > 599):
		return errors.New("fault: an answer needs a status from 200 to 599")
	case f.Kind == Delay && f.Delay <= 0:
		return errors.New(`fault: a delay needs to be longer than nothing, such as "2s"`)
	case f.Count < -1:
		return errors.New("fault: the count is how often it acts; -1 is for ever")
	}
	return nil
}

// control answers /sandbox/faults.
func (o *Org) control(r *http.Request) reply {
	if r.Method == http.MethodDelete {
		o.ClearFaults()
		return reply{status: http.StatusNoContent}
	}
	if r.Method != http.MethodPost {
		return call{method: r.Method}.methods(nil)
	}
	var in struct {
		Kind                                           FaultKind
		Method, Path, Record, ContentType, Body, Delay string
		Count, Status                                  int
	}
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	var delay time.Duration
	if err == nil && in.Delay != "" {
		delay, err = time.ParseDuration(in.Delay)
	}
	f := Fault{in.Kind, in.Method, in.Path, in.Record, in.Count, in.Status, in.ContentType, in.Body, delay}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return refuse("JSON_PARSER_ERROR", "%s", err).reply()
	}
	o.Fault(f)
	return reply{status: http.StatusNoContent}
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
	i := slices.IndexFunc(o.faults, matches)
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
