package connectors

import "context"

// Found is the answer to one query.
type Found struct {
	Records []Record
	Err     error
}

// A Batcher is a lookup that answers several queries in fewer calls than one
// by one would take.
type Batcher interface {
	// FindAll returns the answer to each query, in order, each with its own
	// error; it is what Find would return, of about the same moment.
	FindAll(ctx context.Context, queries []Query) []Found
}

// FindAll answers several queries, together if the lookup can do that.
func FindAll(ctx context.Context, look Lookup, queries []Query) []Found {
	if batcher, ok := look.(Batcher); ok {
		return batcher.FindAll(ctx, queries)
	}
	all := make([]Found, len(queries))
	for i, q := range queries {
		all[i].Records, all[i].Err = look.Find(ctx, q)
	}
	return all
}
