package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A state is an org on disk. Sessions, locators, jobs and the count of calls
// are not kept.
type state struct {
	Objects   map[string]stateTable
	Granted   grants
	Approvals map[string]Approval
	Issued    int
	Opened    int
}

type stateTable struct {
	Auto int
	Rows []row
}

// Open is [New] for an org that is kept in the file opts.State: it continues
// where the org of that file was closed, or begins a new one, and fresh tells
// which. [Org.Close] writes the file; a process that is killed leaves the one
// of before. One file serves one org at a time.
//
// With opts.Project the org has the fields and queues of that project besides;
// a file that was written with them is opened with them.
func Open(opts Options) (o *Org, fresh bool, err error) {
	var added project
	if opts.Project != "" {
		p, err := readProject(opts.Project)
		if err == nil {
			opts.Objects, err = p.onto(append(opts.Model.objects(), opts.Objects...))
		}
		if err != nil {
			return nil, false, fmt.Errorf("adding to the sandbox org: %w", err)
		}
		added = *p
	}
	if o, fresh, err = open(opts); err != nil {
		return nil, false, err
	}
	for _, q := range added.queues {
		if o.ownerID(q.developerName) != "" {
			continue
		}
		if _, err := o.Insert("Group", map[string]any{"Name": q.Name, "DeveloperName": q.developerName, "Type": "Queue"}); err != nil {
			return nil, false, fmt.Errorf("adding the queue %s to the sandbox org: %w", q.developerName, err)
		}
	}
	return o, fresh, nil
}

func open(opts Options) (o *Org, fresh bool, err error) {
	o = New(opts)
	if opts.State == "" {
		return o, true, nil
	}
	o.file = opts.State
	text, err := os.ReadFile(o.file)
	if errors.Is(err, fs.ErrNotExist) {
		return o, true, nil
	}
	if err == nil {
		err = o.load(text)
	}
	if err != nil {
		return nil, false, fmt.Errorf("opening the sandbox org of %s: %w", opts.State, err)
	}
	return o, false, nil
}

func (o *Org) load(text []byte) error {
	var st state
	if err := json.Unmarshal(text, &st); err != nil {
		return fmt.Errorf("it is not the file of an org: %w", err)
	}
	store := newStore(o.store.schema)
	for name, kept := range st.Objects {
		e := store.schema.entity(name)
		if e == nil {
			return fmt.Errorf("it has rows of %s, an object this org does not know", name)
		}
		for _, r := range kept.Rows {
			if err := store.restore(e, r); err != nil {
				return err
			}
		}
		store.tables[e].auto = kept.Auto
	}
	if store.latest(o.administrator) == nil || store.latest(o.integration) == nil {
		return errors.New("it has no users")
	}
	for item, a := range st.Approvals {
		if store.latest(item) == nil || store.latest(a.Record) == nil {
			return fmt.Errorf("the approval %s is of a record that is not there", item)
		}
	}
	o.store, o.issued, o.opened = store, st.Issued, st.Opened
	if st.Granted != nil {
		o.granted = st.Granted
	}
	if st.Approvals != nil {
		o.approvals = st.Approvals
	}
	return nil
}

// restore puts back a row in the form it has in JSON. Rows come in the order
// in which they were made.
func (s *store) restore(e *entity, in row) error {
	t := s.tables[e]
	if want := makeID(e.Prefix, len(t.ids)+1); in["Id"] != want {
		return fmt.Errorf("row %d of %s has the id %v, not %s", len(t.ids)+1, e.Name, in["Id"], want)
	}
	r := row{}
	for i := range e.Fields {
		f := &e.Fields[i]
		v := in[f.Name]
		if v == nil && f.Type == Checkbox {
			v = false
		}
		kept, err := f.accept(v)
		if err != nil {
			return fmt.Errorf("%s: %w", in["Id"], err)
		}
		r[f.Name] = kept
		delete(in, f.Name)
	}
	for name := range in {
		return fmt.Errorf("%s has a field %s, which this org does not know", r["Id"], name)
	}
	modified, ok := r["LastModifiedDate"].(time.Time)
	user, known := r["LastModifiedById"].(string)
	if !ok || !known {
		return fmt.Errorf("%s does not say who changed it and when", r["Id"])
	}
	t.ids = append(t.ids, r["Id"].(string))
	s.put(e, r, stamp{user, modified})
	return nil
}

// save writes the file anew; a reader finds the old one or the new one.
func (o *Org) save() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	st := state{Objects: map[string]stateTable{}, Granted: o.granted, Approvals: o.approvals, Issued: o.issued, Opened: o.opened}
	for _, e := range o.store.schema.entities {
		t := o.store.tables[e]
		kept := stateTable{Auto: t.auto}
		for _, id := range t.ids {
			out := row{}
			for name, v := range t.rows[id] {
				out[name] = wire(v)
			}
			kept.Rows = append(kept.Rows, out)
		}
		st.Objects[e.Name] = kept
	}
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(o.file), ".sandbox-*")
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	if err := errors.Join(err, next.Close()); err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return os.Rename(next.Name(), o.file)
}
