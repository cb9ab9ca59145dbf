package mailbox

import (
	"context"
	"maps"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// described is of how many messages the sizes are asked for in one exchange, for
// five batches at once.
const described = 500

// A backlog is what is known of the messages behind a position, for as long as
// the connection lasts. To search a folder anew for each batch takes longer than
// to read the batch if there are thousands.
type backlog struct {
	after   position
	uids    []imap.UID // ascending
	found   map[imap.UID]delivery
	through imap.UID // what is there up to this one is in found
}

// behind returns the messages behind a position, which is that of the folder as
// it is numbered now.
func (s *Source) behind(ctx context.Context, open *session, from position) (*backlog, error) {
	b := &s.backlog
	if from == b.after && from.Validity == open.validity && len(b.uids) > 0 {
		return b, nil
	}
	*b = backlog{}
	told := s.told && open.folder == s.options.Folder && from == s.read && from.Validity == open.validity
	s.told = false
	if told {
		return b, b.arrived(ctx, open, from)
	}
	// Opening the folder anew shows whether it still is the same one.
	if err := open.sel(ctx, s.options.Folder); err != nil {
		return nil, err
	}
	if from.Validity != open.validity {
		if from.Validity != 0 {
			s.options.Logger.Warn("mailbox numbered anew, reading it from the start", "system", s.options.Address)
		}
		from = position{Validity: open.validity}
	}
	uids, err := open.newer(ctx, from.Last)
	if err != nil {
		return nil, err
	}
	*b = backlog{after: from, uids: uids}
	return b, nil
}

// arrived is for when the server has just told of arrivals, most often of a few:
// one exchange instead of three. The client library keeps away what "n:*" names
// besides, see newer.
func (b *backlog) arrived(ctx context.Context, open *session, after position) (err error) {
	*b = backlog{after: after}
	if b.found, err = open.deliveries(ctx, imap.UIDSet{{Start: after.Last + 1}}); err != nil {
		return err
	}
	b.uids = slices.Sorted(maps.Keys(b.found))
	if len(b.uids) > 0 {
		b.through = b.uids[len(b.uids)-1]
	}
	return nil
}

// describe sees to it that what is there of the first n messages is in found.
func (b *backlog) describe(ctx context.Context, open *session, n int) (err error) {
	if n == 0 || b.uids[n-1] <= b.through {
		return nil
	}
	some := b.uids[:min(len(b.uids), max(n, described))]
	if b.found, err = open.deliveries(ctx, imap.UIDSetNum(some...)); err == nil {
		b.through = some[len(some)-1]
	}
	return err
}

// advance forgets the messages up to a position.
func (b *backlog) advance(to position) {
	n, _ := slices.BinarySearch(b.uids, to.Last+1)
	for _, uid := range b.uids[:n] {
		delete(b.found, uid)
	}
	b.after, b.uids = to, b.uids[n:]
}
