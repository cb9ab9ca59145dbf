package mailbox

import (
	"context"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"standdown/connectors"
)

// readAhead reads the first small messages in one exchange: over a long line
// that takes a fraction of the time. What it does not return is read singly.
func (s *Source) readAhead(ctx context.Context, open *session, uids []imap.UID, found map[imap.UID]delivery) map[imap.UID][]byte {
	if s.oneByOne {
		return nil
	}
	var small []imap.UID
	var total int64
	for _, uid := range uids {
		d, ok := found[uid]
		if total += d.size; total > min(aheadBytes, s.options.MaxSize) {
			break
		}
		if ok {
			small = append(small, uid)
		}
	}
	if len(small) < 2 {
		return nil
	}
	bodies, err := open.bodies(ctx, small, total)
	if err != nil {
		// The connection is gone; the next read of a message says so.
		open.close()
		s.oneByOne = true
	}
	return bodies
}

// message reads one message, unless it is raw already. It returns nil if the
// message is gone.
func (s *Source) message(ctx context.Context, open *session, judge Authenticator, uid imap.UID, d delivery, raw []byte) (*connectors.Record, error) {
	record := &connectors.Record{
		Ref: connectors.Ref{Kind: Kind, ID: fmt.Sprintf("%s/%d/%d", open.folder, open.validity, uid)},
		At:  d.at, Created: d.at,
	}
	if s.stuck == uid && s.stuckTimes >= unreadableAfter {
		record.Fields = unread(nil, d.size, "the server does not hand the message out; open it in a mail program")
		return record, nil
	}
	tooLarge := d.size > s.options.MaxSize
	limit := s.options.MaxSize
	if tooLarge {
		limit = headerBytes
	}
	if raw == nil {
		var err error
		if raw, err = open.body(ctx, uid, tooLarge, d.size, limit); err != nil {
			if ctx.Err() == nil {
				if s.stuck != uid {
					s.stuck, s.stuckTimes = uid, 0
				}
				s.stuckTimes++
			}
			return nil, err
		}
	}
	s.stuckTimes = 0
	if raw == nil {
		return nil, nil
	}
	if len(raw) == 0 {
		record.Fields = unread(nil, d.size, "the server says that the message is empty; open it in a mail program")
		return record, nil
	}
	if tooLarge || int64(len(raw)) > s.options.MaxSize {
		raw = raw[:min(len(raw), headerBytes)]
		record.Fields = unread(raw, d.size, fmt.Sprintf("the message is larger than %d bytes", s.options.MaxSize))
	} else {
		record.Fields = Fields(raw, judge)
	}
	record.Raw = raw
	// A verdict that ctx has cut short is none.
	return record, ctx.Err()
}
