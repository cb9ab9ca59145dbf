package engine

import (
	"context"
	"fmt"

	"standdown/connectors"
)

// once is a lookup for one decision, which rests on one reading: what it has
// found it does not read again. To choose the rule book for a mail and to decide
// by it takes the same records, which were read twice. As it keeps all that it
// finds, it is for what is little. It is used by one goroutine at a time.
type once struct {
	connectors.Lookup
	found map[string][]connectors.Record // by query
}

func (o once) Find(ctx context.Context, q connectors.Query) ([]connectors.Record, error) {
	found := o.FindAll(ctx, []connectors.Query{q})
	return found[0].Records, found[0].Err
}

func (o once) FindAll(ctx context.Context, queries []connectors.Query) []connectors.Found {
	all := make([]connectors.Found, len(queries))
	var names []string
	var fresh []connectors.Query
	var of []int // the query that a fresh one is
	for i, q := range queries {
		name := fmt.Sprintf("%#v", q)
		records, known := o.found[name]
		if all[i].Records = records; !known {
			names, fresh, of = append(names, name), append(fresh, q), append(of, i)
		}
	}
	if len(fresh) == 0 {
		return all
	}
	for n, found := range connectors.FindAll(ctx, o.Lookup, fresh) {
		if all[of[n]] = found; found.Err == nil {
			o.found[names[n]] = found.Records
		}
	}
	return all
}
