package mapping_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"standdown/connectors"
	"standdown/connectors/memory"
	"standdown/mapping"
	"standdown/rules"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// An org is an org in memory, filled from testdata/org.json, that counts its
// queries. With other names it is the same org, but nothing in it is called as
// the presets have it.
type org struct {
	*memory.System
	queries []connectors.Query
	names   naming
}

func newOrg(t *testing.T, names naming) *org {
	t.Helper()
	data, err := os.ReadFile("testdata/org.json")
	if err != nil {
		t.Fatal(err)
	}
	var objects map[string][]map[string]any
	if err := json.Unmarshal(data, &objects); err != nil {
		t.Fatal(err)
	}
	o := &org{System: memory.New(func() time.Time { return now }), names: names}
	for _, kind := range slices.Sorted(maps.Keys(objects)) {
		for _, fields := range objects[kind] {
			id := fields["Id"].(string)
			delete(fields, "Id")
			o.Put(connectors.Record{Ref: connectors.Ref{Kind: names.name(kind), ID: id}, Fields: names.record(fields)})
		}
	}
	return o
}

func (o *org) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	o.queries = append(o.queries, q)
	return o.System.Find(ctx, q)
}

// get returns the fields of a record by their names in the presets' org.
func (o *org) get(t *testing.T, kind, id string) map[string]any {
	t.Helper()
	r, ok := o.Get(connectors.Ref{Kind: o.names.name(kind), ID: id})
	if !ok {
		t.Fatalf("there is no %s %s", kind, id)
	}
	return r.Fields
}

// A naming renames custom objects and fields, and the values given.
type naming struct {
	prefix string
	values map[string]bool
}

func (n naming) name(s string) string {
	if n.prefix == "" || !strings.HasSuffix(s, "__c") {
		return s
	}
	return n.prefix + s
}

func (n naming) value(s string) string {
	if n.prefix == "" || !n.values[s] {
		return s
	}
	return s + " (" + n.prefix + ")"
}

func (n naming) record(fields map[string]any) map[string]any {
	renamed := map[string]any{}
	for field, value := range fields {
		if text, ok := value.(string); ok {
			parts := strings.Split(text, ";")
			for i := range parts {
				parts[i] = n.value(parts[i])
			}
			value = strings.Join(parts, ";")
		}
		renamed[n.name(field)] = value
	}
	return renamed
}

// renamed returns the presets' configuration with every custom name and every
// value changed, given without presets, and the naming that goes with it.
func renamed(t *testing.T) (mapping.Config, naming) {
	t.Helper()
	c := standard(t).Effective()
	c.Presets = nil
	n := naming{prefix: "acme_", values: map[string]bool{}}
	for concept, o := range c.Objects {
		o.Name = n.name(o.Name)
		if concept != "queue" {
			for _, values := range o.Values {
				for _, org := range values {
					n.values[org] = true
				}
			}
		}
		for field, name := range o.Fields {
			o.Fields[field] = n.name(name)
		}
		c.Objects[concept] = o
	}
	for concept, o := range c.Objects {
		if concept == "queue" {
			continue
		}
		for _, values := range o.Values {
			for ours, org := range values {
				values[ours] = n.value(org)
			}
		}
	}
	return c, n
}

// everyBook are the presets of the sandbox's own story, one for each rule book.
var everyBook = []string{"milestone", "skedulo", "interpreting", "ops"}

func standard(t *testing.T) *mapping.Mapping {
	t.Helper()
	m, err := mapping.New(mapping.Config{Presets: everyBook})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// recall is a memory of earlier decisions.
type recall map[rules.Ref]map[string]string

func (r recall) Recall(_ context.Context, subjects []rules.Ref) (map[rules.Ref]map[string]string, error) {
	found := map[rules.Ref]map[string]string{}
	for _, s := range subjects {
		if m, ok := r[s]; ok {
			found[s] = m
		}
	}
	return found, nil
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
