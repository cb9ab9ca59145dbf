package mailbox

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"

	"standdown/connectors"
)

const (
	// Kind is the kind of a message record.
	Kind = "message"

	// batchMessages are read, and most often stored, in one go.
	batchMessages = 100
	batchBytes    = 32 << 20
	// aheadBytes bounds the small messages that are read in one exchange.
	aheadBytes = 4 << 20
	// headerBytes is how much of a message is kept that is too large to keep.
	headerBytes = 64 << 10
	// unreadableAfter is how often in a row one message may break the
	// connection before it is reported without its content, so that it does
	// not keep the others waiting for ever.
	unreadableAfter = 5

	firstPause   = 250 * time.Millisecond
	longestPause = time.Minute
	// failuresWhenDenied makes the next pause at least four seconds.
	failuresWhenDenied = 6
)

// A Source reads one folder of one mailbox. It implements connectors.Source,
// connectors.Waiter and connectors.Housekeeper, and [Looker] for a [Sink].
//
// All methods may be called at any time from any goroutine. They share one
// connection and take turns; a Wait in progress gives way to the others. A
// connection that made trouble is closed and replaced at the next call, after
// a pause that grows from a quarter of a second to a minute. Every method ends
// within a second when its context does.
type Source struct {
	options Options

	// turn is held by whoever uses the fields below.
	turn chan struct{}
	// knock asks the Wait in progress to give up its turn.
	knock       chan struct{}
	session     *session
	failures    int
	read        position // up to where the last Changes has read
	stuck       imap.UID
	stuckTimes  int
	backlog     backlog
	told        bool // the server has told of an arrival behind read
	oneByOne    bool // the last exchange broke: find out at which message
	doneCreated bool

	lastSuccess atomic.Pointer[time.Time]
}

// NewSource returns a source that connects when it is first used.
func NewSource(options Options) *Source {
	options.defaults()
	return &Source{options: options, turn: make(chan struct{}, 1), knock: make(chan struct{})}
}

// position is the content of a cursor.
type position struct {
	Validity uint32   `json:"v"`
	Last     imap.UID `json:"u"`
}

func (p position) cursor() connectors.Cursor {
	text, _ := json.Marshal(p) // two numbers cannot fail
	return connectors.Cursor(text)
}

func parseCursor(cursor connectors.Cursor) (p position, err error) {
	if cursor == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(cursor), &p); err != nil {
		return p, &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("mailbox cursor %q: %w", cursor, err)}
	}
	return p, nil
}

// Changes returns the messages that arrived in the folder after the cursor, by
// UID, at most 100 or 32 MB and one of them. If the server has numbered the folder anew
// (UIDVALIDITY), everything in it is returned again; message_id and sha256
// tell which of it is known.
func (s *Source) Changes(ctx context.Context, after connectors.Cursor) (connectors.Batch, error) {
	from, err := parseCursor(after)
	if err != nil {
		return connectors.Batch{}, err
	}
	var batch connectors.Batch
	err = s.use(ctx, func(open *session) (err error) {
		batch, err = s.changes(ctx, open, from)
		return err
	})
	if err != nil {
		return connectors.Batch{}, err
	}
	return batch, nil
}

func (s *Source) changes(ctx context.Context, open *session, from position) (batch connectors.Batch, err error) {
	behind, err := s.behind(ctx, open, from)
	if err != nil {
		return batch, err
	}
	from = behind.after
	now := s.options.Now()
	s.lastSuccess.Store(&now)
	uids := behind.uids
	if len(uids) > batchMessages {
		uids, batch.More = uids[:batchMessages], true
	}
	if err := behind.describe(ctx, open, len(uids)); err != nil {
		return batch, err
	}
	ahead := s.readAhead(ctx, open, uids, behind.found)
	judge := s.options.Authenticator.during(ctx)
	var total int64
	for i, uid := range uids {
		if d, ok := behind.found[uid]; ok {
			record, err := s.message(ctx, open, judge, uid, d, ahead[uid])
			if err != nil && len(batch.Records) > 0 && ctx.Err() == nil {
				// What came before the break is whole. Over a bad line it
				// is the only way to get ahead.
				open.close()
				batch.More = true
				break
			}
			if err != nil {
				return batch, err
			}
			if record != nil {
				batch.Records = append(batch.Records, *record)
				d.size = max(d.size, int64(len(record.Raw))) // servers are wrong about it
			}
			total += d.size
		}
		from.Last = uid
		if total > batchBytes && i < len(uids)-1 {
			batch.More = true
			break
		}
	}
	batch.Next = from.cursor()
	s.read = from
	s.oneByOne = open.closed()
	behind.advance(from)
	return batch, nil
}

// Wait returns nil when there may be mail that the last Changes did not
// return, and also when another call needed the connection. A link that is
// silently dead is noticed within IdleRenew + CommandTimeout.
func (s *Source) Wait(ctx context.Context) error {
	return s.use(ctx, func(open *session) error {
		if open.folder != s.options.Folder {
			if err := open.sel(ctx, s.options.Folder); err != nil {
				return err
			}
		}
		for {
			if open.validity != s.read.Validity {
				return nil
			}
			// An arrival after this search is reported during IDLE.
			select {
			case <-open.exists:
			default:
			}
			uids, err := open.newer(ctx, s.read.Last)
			if err != nil {
				return err
			}
			now := s.options.Now()
			s.lastSuccess.Store(&now)
			if s.told = len(uids) > 0; s.told {
				return nil
			}
			woken, told, err := open.idle(ctx, s.options.IdleRenew, s.knock)
			if s.told = told; woken || told || err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	})
}

// Head returns the cursor behind everything that is in the folder now.
func (s *Source) Head(ctx context.Context) (connectors.Cursor, error) {
	var head position
	err := s.use(ctx, func(open *session) error {
		if err := open.sel(ctx, s.options.Folder); err != nil {
			return err
		}
		head = position{Validity: open.validity}
		if open.next > 0 {
			head.Last = open.next - 1
			return nil
		}
		uids, err := open.newer(ctx, 0)
		if err == nil && len(uids) > 0 {
			head.Last = uids[len(uids)-1]
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return head.cursor(), nil
}

// LastSuccess is when the folder was last searched without an error; zero if
// never. While a Wait is in progress it is at most IdleRenew old.
func (s *Source) LastSuccess() time.Time {
	if at := s.lastSuccess.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// Close ends the connection. The source connects again when it is used again.
func (s *Source) Close() error {
	if err := s.take(context.Background()); err != nil {
		return err
	}
	s.drop()
	<-s.turn
	return nil
}

// use runs f with a connection. A connection from an earlier call may have
// gone stale without anybody noticing; then f runs again with a new one.
func (s *Source) use(ctx context.Context, f func(*session) error) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer func() { <-s.turn }()

	for {
		fresh := s.session == nil || s.session.closed()
		if fresh {
			if err := s.connect(ctx); err != nil {
				return err
			}
		}
		err := f(s.session)
		if err == nil {
			s.failures = 0
			return nil
		}
		if ctx.Err() == nil || s.session.closed() {
			s.drop()
		}
		if fresh || ctx.Err() != nil || connectors.ClassOf(err) != connectors.Temporary {
			return err
		}
	}
}

func (s *Source) connect(ctx context.Context) error {
	s.drop()
	if err := s.pause(ctx); err != nil {
		return err
	}
	s.failures++
	open, err := dial(ctx, &s.options)
	if err != nil {
		if connectors.ClassOf(err) == connectors.Denied {
			// Servers lock out who tries wrong passwords in quick succession.
			s.failures = max(s.failures, failuresWhenDenied)
		}
		return err
	}
	s.session = open
	s.options.Logger.Debug("mailbox connected", "system", s.options.Address)
	return nil
}

// take waits for the connection, asking a Wait in progress to give way.
func (s *Source) take(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		select {
		case s.turn <- struct{}{}:
			return nil
		case s.knock <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

func (s *Source) drop() {
	s.backlog, s.told = backlog{}, false
	if s.session != nil {
		s.session.close()
		s.session = nil
	}
}

// pause waits longer the more connections in a row came to nothing.
func (s *Source) pause(ctx context.Context) error {
	if s.failures == 0 {
		return nil
	}
	pause := min(firstPause<<min(s.failures-1, 10), longestPause)
	timer := time.NewTimer(pause/2 + rand.N(pause/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
