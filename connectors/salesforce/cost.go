package salesforce

import "standdown/connectors"

// A Sort is what changes that share requests have in common.
type Sort struct{ Op, Kind string }

// Cost is about how many API calls one [Client.Apply] of so many changes makes,
// if all goes well: records are looked at first, as many as a query can name,
// and written 200 to a request, five requests to a call. Approvals are turned down
// 200 to a call. A mail, and under Strict each update, is a call of its own.
func (c *Client) Cost(changes map[Sort]int) (calls int) {
	queries, parcels := 0, 0
	for s, n := range changes {
		switch s.Op {
		case connectors.Update, connectors.Delete, connectors.Reject:
			queries += atLeast(n, idsPerQuery)
		}
		switch {
		case s.Op == connectors.Send, s.Op == connectors.Update && c.opts.WriteGuard == Strict:
			calls += n
		case s.Op == connectors.Reject:
			calls += atLeast(n, recordsPerParcel)
		default:
			parcels += atLeast(n, recordsPerParcel)
		}
	}
	return calls + atLeast(queries, partsPerCall) + atLeast(parcels, partsPerCall)
}

// idsPerQuery is how many ids a query has room for, each with quotes and commas
// as they are sent.
const idsPerQuery = longestQuery / 28

// atLeast is how many boxes of that size n things need.
func atLeast(n, size int) int { return (n + size - 1) / size }
