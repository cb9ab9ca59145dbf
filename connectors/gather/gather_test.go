package gather_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"standdown/connectors"
	"standdown/connectors/gather"
	"standdown/connectors/memory"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// An org holds contacts, and jobs of some of them.
type org struct {
	look     connectors.Lookup
	calls    func() int
	contacts []string // ids
	jobs     []string
}

var systems = map[string]func(*testing.T) org{"memory": inMemory, "salesforce": inSandbox}

func inMemory(t *testing.T) org {
	s := memory.New(func() time.Time { return start }, "Contact")
	n := 0
	return fill(s, func(object string, fields map[string]any) string {
		n++
		id := fmt.Sprintf("a0%013dAAA", n)
		s.Put(connectors.Record{Ref: connectors.Ref{Kind: object, ID: id}, Fields: fields})
		return id
	})
}

func inSandbox(t *testing.T) org {
	s := sandbox.New(sandbox.Options{})
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	client, err := salesforce.New(salesforce.Options{URL: url, Auth: salesforce.Auth{ClientID: "sandbox", ClientSecret: "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	o := fill(client, func(object string, fields map[string]any) string {
		id, err := s.Insert(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	})
	o.calls = s.Calls
	return o
}

// names are words that a careless comparison takes for each other.
var names = []string{"Grand Rapids", "GRAND rapids", "grand rapids ", "O'Brien", "Ünïcode", "ünïcode", "a;b", "b;a", "12", "Yes", "abcdefghijklmno", "ABCDEFGHIJKLMNO"}

func fill(look connectors.Lookup, insert func(object string, fields map[string]any) string) org {
	o := org{look: look}
	for i := range 6 {
		o.contacts = append(o.contacts, insert("Contact", map[string]any{"LastName": names[i], "Email": fmt.Sprintf("c%d@example.com", i%4)}))
	}
	for i := range 60 {
		job := map[string]any{"Name": names[i%len(names)], "sked__Job_Status__c": []string{"Queued", "Dispatched"}[i%2],
			"sked__Start__c": start.Add(time.Duration(i) * time.Hour).Format(memory.TimeFormat)}
		if i%7 > 0 {
			job["sked__Contact__c"] = o.contacts[i%len(o.contacts)]
		}
		if i%5 == 0 {
			delete(job, "sked__Start__c")
		}
		o.jobs = append(o.jobs, insert("sked__Job__c", job))
	}
	return o
}

// query is one that a careful or a careless program might ask.
func (o org) query(r *rand.Rand) connectors.Query {
	some := func(from []string) []string {
		all := []string{}
		for range r.IntN(4) {
			all = append(all, from[r.IntN(len(from))])
		}
		return all
	}
	one := func(from []string) string { return from[r.IntN(len(from))] }
	conds := []func() connectors.Cond{
		func() connectors.Cond { return connectors.Cond{Field: "Id", Op: "=", Value: one(o.jobs)} },
		func() connectors.Cond { return connectors.Cond{Field: "Id", Op: "in", Value: some(o.jobs)} },
		func() connectors.Cond { return connectors.Cond{Field: "Id", Op: "=", Value: one(o.jobs)[:15]} },
		func() connectors.Cond {
			return connectors.Cond{Field: "sked__Contact__c", Op: "=", Value: one(o.contacts)}
		},
		func() connectors.Cond {
			return connectors.Cond{Field: "sked__Contact__c", Op: "in", Value: some(o.contacts)}
		},
		func() connectors.Cond {
			return connectors.Cond{Field: "sked__Contact__c", Op: "!=", Value: one(o.contacts)}
		},
		func() connectors.Cond { return connectors.Cond{Field: "sked__Contact__c", Op: "=", Value: nil} },
		func() connectors.Cond { return connectors.Cond{Field: "Name", Op: "=", Value: one(names)} },
		func() connectors.Cond {
			return connectors.Cond{Field: "Name", Op: "in", Value: some(append(names, ""))}
		},
		func() connectors.Cond {
			return connectors.Cond{Field: "sked__Contact__r.Email", Op: "=", Value: fmt.Sprintf("C%d@example.com", r.IntN(6))}
		},
		func() connectors.Cond {
			return connectors.Cond{Field: "sked__Job_Status__c", Op: "=", Value: one([]string{"Queued", "nothing"})}
		},
		func() connectors.Cond {
			return connectors.Cond{Field: "sked__Start__c", Op: one([]string{"<", ">="}), Value: start.Add(time.Duration(r.IntN(3)) * 20 * time.Hour)}
		},
		func() connectors.Cond { return connectors.Cond{Field: "sked__Start__c", Op: "=", Value: nil} },
	}
	q := connectors.Query{Kind: "sked__Job__c"}
	for _, field := range []string{"Name", "sked__Contact__c", "sked__Contact__r.LastName", "sked__Contact__r.Email"} {
		if r.IntN(2) == 0 {
			q.Fields = append(q.Fields, field)
		}
	}
	for range r.IntN(3) {
		q.Where = append(q.Where, conds[r.IntN(len(conds))]())
	}
	if r.IntN(20) == 0 {
		q.Where = append(q.Where, connectors.Cond{Field: "Name", Op: "like", Value: one(names)})
	}
	return q
}

// As is documented, the version of a record is that of what was read.
var alike = cmp.Options{cmpopts.IgnoreFields(connectors.Record{}, "Version"), cmpopts.EquateEmpty()}

func TestEachIsToldWhatTheyWouldHaveBeenToldAlone(t *testing.T) {
	for name, system := range systems {
		t.Run(name, func(t *testing.T) {
			o := system(t)
			for seed := range uint64(25) {
				r := rand.New(rand.NewPCG(seed, 0))
				queries := make([][][]connectors.Query, 2+r.IntN(30)) // by asker and round
				for i := range queries {
					queries[i] = make([][]connectors.Query, r.IntN(4))
					for n := range queries[i] {
						for range 1 + r.IntN(3) {
							queries[i][n] = append(queries[i][n], o.query(r))
						}
					}
				}
				gather.Each(t.Context(), o.look, len(queries), func(i int, look connectors.Lookup) {
					for _, some := range queries[i] {
						for n, got := range connectors.FindAll(t.Context(), look, some) {
							want, err := o.look.Find(t.Context(), some[n])
							if connectors.ClassOf(got.Err) != connectors.ClassOf(err) {
								t.Errorf("seed %d: %+v: error %v, alone %v", seed, some[n], got.Err, err)
							}
							if diff := cmp.Diff(want, got.Records, alike); diff != "" {
								t.Errorf("seed %d: %+v (-alone +together):\n%s", seed, some[n], diff)
							}
						}
					}
				})
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A witness passes queries on and keeps them, by call.
type witness struct {
	connectors.Lookup
	calls [][]connectors.Query
}

func (w *witness) FindAll(ctx context.Context, queries []connectors.Query) []connectors.Found {
	w.calls = append(w.calls, queries)
	return connectors.FindAll(ctx, w.Lookup, queries)
}

func about(id string) connectors.Query {
	return connectors.Query{Kind: "sked__Job__c", Fields: []string{"Name"}, Where: []connectors.Cond{{Field: "Id", Op: "=", Value: id}}}
}

func visitsOf(contact string) connectors.Query {
	return connectors.Query{Kind: "sked__Job__c", Fields: []string{"Name"}, Where: []connectors.Cond{
		{Field: "sked__Job_Status__c", Op: "=", Value: "Queued"}, {Field: "sked__Contact__c", Op: "=", Value: contact}}}
}

func TestManyQueriesAreFew(t *testing.T) {
	o := inMemory(t)
	w := &witness{Lookup: o.look}
	gather.Each(t.Context(), w, 40, func(i int, look connectors.Lookup) {
		if i == 0 {
			return // one who asks nothing keeps nobody waiting
		}
		if found, err := look.Find(t.Context(), about(o.jobs[i])); err != nil || len(found) != 1 || found[0].Ref.ID != o.jobs[i] {
			t.Errorf("found %v, %v", found, err)
		}
		if i%2 == 0 {
			return // nor does one who asks nothing more
		}
		connectors.FindAll(t.Context(), look, []connectors.Query{visitsOf(o.contacts[i%6]), about(o.jobs[0])})
	})
	var asked []int
	for _, call := range w.calls {
		asked = append(asked, len(call))
	}
	if diff := cmp.Diff([]int{1, 2}, asked); diff != "" {
		t.Errorf("queries by call (-want +got):\n%s", diff)
	}
}

func TestDifferentQueriesAreOneCall(t *testing.T) {
	o := inSandbox(t)
	before := o.calls()
	gather.Each(t.Context(), o.look, 40, func(i int, look connectors.Lookup) {
		for _, found := range connectors.FindAll(t.Context(), look, []connectors.Query{about(o.jobs[i]), visitsOf(o.contacts[i%6])}) {
			if found.Err != nil {
				t.Error(found.Err)
			}
		}
	})
	if n := o.calls() - before; n != 1 {
		t.Errorf("it took %d calls, want one", n)
	}
}

func TestAValueThatIsRefusedSpoilsOnlyItsAskersAnswer(t *testing.T) {
	o := inSandbox(t)
	gather.Each(t.Context(), o.look, 10, func(i int, look connectors.Lookup) {
		if i == 3 {
			if _, err := look.Find(t.Context(), about("no id")); connectors.ClassOf(err) != connectors.Rejected {
				t.Errorf("error %v, want one of class rejected", err)
			}
			return
		}
		if found, err := look.Find(t.Context(), about(o.jobs[i])); err != nil || len(found) != 1 {
			t.Errorf("found %v, %v", found, err)
		}
	})
}

// A stub answers each query by itself.
type stub func(connectors.Query) ([]connectors.Record, error)

func (s stub) Find(_ context.Context, q connectors.Query) ([]connectors.Record, error) { return s(q) }

func TestASystemThatIsAwayIsNotAskedAgain(t *testing.T) {
	asked := 0
	away := stub(func(connectors.Query) ([]connectors.Record, error) {
		asked++
		return nil, &connectors.Error{Class: connectors.Temporary, Err: errors.New("away")}
	})
	gather.Each(t.Context(), away, 10, func(i int, look connectors.Lookup) {
		if _, err := look.Find(t.Context(), about(fmt.Sprint("job ", i))); connectors.ClassOf(err) != connectors.Temporary {
			t.Errorf("error %v, want one of class temporary", err)
		}
	})
	if asked != 1 {
		t.Errorf("it was asked %d times, want once", asked)
	}
}

func TestASystemThatComparesOtherwiseIsAskedForEach(t *testing.T) {
	// To it, letters with accents are those without.
	blind := stub(func(q connectors.Query) ([]connectors.Record, error) {
		wanted, ok := q.Where[0].Value.([]string)
		if !ok {
			wanted = []string{q.Where[0].Value.(string)}
		}
		var found []connectors.Record
		for i, name := range []string{"Jose", "José", "Maria"} {
			if slices.Contains(wanted, strings.ReplaceAll(name, "é", "e")) {
				found = append(found, connectors.Record{Ref: connectors.Ref{Kind: "Contact", ID: fmt.Sprint(i)}, Fields: map[string]any{"Name": name}})
			}
		}
		return found, nil
	})
	gather.Each(t.Context(), blind, 2, func(i int, look connectors.Lookup) {
		name, want := []string{"Jose", "Maria"}[i], []int{2, 1}[i]
		found, err := look.Find(t.Context(), connectors.Query{Kind: "Contact", Fields: []string{"Name"}, Where: []connectors.Cond{{Field: "Name", Op: "=", Value: name}}})
		if err != nil || len(found) != want {
			t.Errorf("%s: found %v, %v; want %d", name, found, err, want)
		}
	})
}

func TestASystemThatTellsLettersByCaseIsAskedForEach(t *testing.T) {
	strict := stub(func(q connectors.Query) ([]connectors.Record, error) {
		wanted, ok := q.Where[0].Value.([]string)
		if !ok {
			wanted = []string{q.Where[0].Value.(string)}
		}
		var found []connectors.Record
		for _, code := range []string{"C-1a", "C-1A", "C-2"} {
			if slices.Contains(wanted, code) {
				found = append(found, connectors.Record{Ref: connectors.Ref{Kind: "Deal", ID: code}, Fields: map[string]any{"Code": code}})
			}
		}
		return found, nil
	})
	codes := []string{"C-1a", "C-1A", "c-1a", "C-2", "C-2", "C-3"}
	gather.Each(t.Context(), strict, len(codes), func(i int, look connectors.Lookup) {
		q := connectors.Query{Kind: "Deal", Fields: []string{"Code"}, Where: []connectors.Cond{{Field: "Code", Op: "=", Value: codes[i]}}}
		want, _ := strict.Find(t.Context(), q)
		if found, err := look.Find(t.Context(), q); err != nil || !cmp.Equal(found, want) {
			t.Errorf("%s: found %v, %v; alone it is %v", codes[i], found, err, want)
		}
	})
}

func TestAnEndedContextIsAnError(t *testing.T) {
	o := inMemory(t)
	ended, end := context.WithCancel(t.Context())
	end()
	gather.Each(t.Context(), o.look, 3, func(i int, look connectors.Lookup) {
		ctx := t.Context()
		if i == 1 {
			ctx = ended
		}
		if _, err := look.Find(ctx, about(o.jobs[i])); (i == 1) != errors.Is(err, context.Canceled) {
			t.Errorf("%d: error %v", i, err)
		}
	})
}
