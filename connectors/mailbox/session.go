package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"standdown/connectors"
)

// keyword marks a message that has been dealt with, where the server allows
// keywords. Exchange Online does not.
const keyword = imap.Flag("$StanddownDone")

// A session is one IMAP connection, logged in. The client library waits for
// ever for an answer that does not come, so every exchange goes through
// [session.do]. After any error the session must be closed.
//
// It asks only for what a server can answer without taking a message apart:
// one BODYSTRUCTURE that the client cannot parse would cost the connection, and
// would do so again at every attempt.
type session struct {
	client  *imapclient.Client
	caps    imap.CapSet
	timeout time.Duration
	// exists gets a value when the server reports that messages arrived.
	exists chan struct{}

	folder         string
	validity       uint32
	next           imap.UID // 0 if the server does not tell
	keywordAllowed bool
}

// close ends the connection at once. It may be called again.
func (s *session) close() { s.client.Close() }

func (s *session) closed() bool {
	select {
	case <-s.client.Closed():
		return true
	default:
		return false
	}
}

// do runs f, which talks to the server, and closes the connection under it
// when ctx ends or the time is up; the error is then the context's.
func (s *session) do(ctx context.Context, limit time.Duration, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(ctx, s.close)
	err := f()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	return ended(ctx, err)
}

// ended prefers the end of ctx over the broken connection it caused.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// sel opens folder for reading and writing. Opening it again refreshes what is
// known about it.
func (s *session) sel(ctx context.Context, folder string) error {
	return s.do(ctx, s.timeout, func() error {
		data, err := s.client.Select(folder, nil).Wait()
		if refused, ok := errors.AsType[*imap.Error](err); ok && refused.Type == imap.StatusResponseTypeNo {
			return &connectors.Error{Class: connectors.Rejected, Code: string(refused.Code),
				Hint: "check the folder's name", Err: fmt.Errorf("opening folder %q: refused", folder)}
		}
		if err != nil {
			return fmt.Errorf("opening folder %q: %w", folder, err)
		}
		s.folder, s.validity, s.next = folder, data.UIDValidity, data.UIDNext
		s.keywordAllowed = false
		for _, flag := range data.PermanentFlags {
			if flag == imap.FlagWildcard || strings.EqualFold(string(flag), string(keyword)) {
				s.keywordAllowed = true
			}
		}
		return nil
	})
}

// search returns the UIDs of the open folder that match, in ascending order.
func (s *session) search(ctx context.Context, criteria *imap.SearchCriteria) (uids []imap.UID, err error) {
	err = s.do(ctx, s.timeout, func() error {
		data, err := s.client.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return fmt.Errorf("searching folder %q: %w", s.folder, err)
		}
		uids = data.AllUIDs()
		return nil
	})
	return uids, err
}

// newer returns the UIDs above last, in ascending order.
func (s *session) newer(ctx context.Context, last imap.UID) ([]imap.UID, error) {
	uids, err := s.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{{{Start: last + 1}}}})
	if err != nil {
		return nil, err
	}
	// "n:*" names the last message even if its UID is below n (RFC 3501 6.4.8).
	above := uids[:0]
	for _, uid := range uids {
		if uid > last {
			above = append(above, uid)
		}
	}
	return above, nil
}

// A delivery is what the server says about a message without opening it.
type delivery struct {
	size int64
	at   time.Time
}

// errOvertold is for an answer that the client library did not hand over, as the
// server told of something else about the message just before, such as that
// somebody has opened it: the library takes that for the answer.
var errOvertold = errors.New("the answer was mixed up with news about the message")

// deliveries describes those of uids that still exist.
func (s *session) deliveries(ctx context.Context, uids imap.UIDSet) (map[imap.UID]delivery, error) {
	found := map[imap.UID]delivery{}
	err := s.do(ctx, s.timeout, func() error {
		messages, err := s.client.Fetch(uids, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}).Collect()
		if err != nil {
			return fmt.Errorf("reading the sizes of messages in %q: %w", s.folder, err)
		}
		for _, m := range messages {
			if m.InternalDate.IsZero() {
				return fmt.Errorf("reading the sizes of messages in %q: message %d: %w", s.folder, m.UID, errOvertold)
			}
			found[m.UID] = delivery{size: m.RFC822Size, at: m.InternalDate.UTC()}
		}
		return nil
	})
	return found, err
}

// body returns the bytes of one message of the given size, or only its header,
// at most limit bytes of it. It returns nil if the message is gone, and no bytes
// if the server has none.
func (s *session) body(ctx context.Context, uid imap.UID, headerOnly bool, size, limit int64) (raw []byte, err error) {
	section := &imap.FetchItemBodySection{Peek: true}
	if headerOnly {
		section.Specifier = imap.PartSpecifierHeader
		section.Partial = &imap.SectionPartial{Size: limit}
	}
	// A slow line carries at least 128 KiB a second.
	allowed := s.timeout + time.Duration(min(size, limit)>>17)*time.Second
	err = s.do(ctx, allowed, func() error {
		mentioned := false
		fetch := s.client.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		for message := fetch.Next(); message != nil; message = fetch.Next() {
			mentioned = true
			for item := message.Next(); item != nil; item = message.Next() {
				data, ok := item.(imapclient.FetchItemDataBodySection)
				if !ok {
					continue
				}
				if raw = []byte{}; data.Literal == nil {
					continue
				}
				// One byte more than allowed shows a server that lied about the size.
				if raw, err = whole(data.Literal, limit); err != nil {
					// The client goes on with the connection after an error, so
					// the command must not be touched again, only cut off.
					s.close()
					return fmt.Errorf("reading message %d of %q: %w", uid, s.folder, err)
				}
			}
		}
		err := fetch.Close()
		if err == nil && mentioned && raw == nil {
			err = errOvertold
		}
		if err != nil {
			return fmt.Errorf("reading message %d of %q: %w", uid, s.folder, err)
		}
		return nil
	})
	return raw, err
}

// whole reads a literal, and at most one byte more than limit.
func whole(l imap.LiteralReader, limit int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(l.Size(), limit)+bytes.MinRead))
	_, err := b.ReadFrom(io.LimitReader(l, limit+1))
	return b.Bytes(), err
}

// bodies returns the bytes of messages that are total bytes long together, in
// one exchange. On error it returns those that came whole. It leaves out those
// that are longer than the server said before.
func (s *session) bodies(ctx context.Context, uids []imap.UID, total int64) (found map[imap.UID][]byte, err error) {
	found = map[imap.UID][]byte{}
	section := &imap.FetchItemBodySection{Peek: true}
	err = s.do(ctx, s.timeout+time.Duration(total>>17)*time.Second, func() error {
		fetch := s.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		left := total
		for message := fetch.Next(); message != nil; message = fetch.Next() {
			var uid imap.UID
			var raw []byte
			for item := message.Next(); item != nil; item = message.Next() {
				switch data := item.(type) {
				case imapclient.FetchItemDataUID:
					uid = data.UID
				case imapclient.FetchItemDataBodySection:
					if data.Literal == nil {
						continue
					}
					var err error
					if raw, err = whole(data.Literal, left); err != nil {
						s.close() // see body
						return err
					}
					if left -= int64(len(raw)); left < 0 {
						raw, left = nil, 0
					}
				}
			}
			if uid > 0 && raw != nil {
				found[uid] = raw
			}
		}
		return fetch.Close()
	})
	if err != nil {
		err = fmt.Errorf("reading messages of %q: %w", s.folder, err)
	}
	return found, err
}

// idle waits until the server reports an arrival, wake has a value, ctx ends,
// or renew is over, and tells whether it was one of the first two. An error
// means that the link is lost.
func (s *session) idle(ctx context.Context, renew time.Duration, wake <-chan struct{}) (woken, told bool, err error) {
	var command *imapclient.IdleCommand
	if s.caps.Has(imap.CapIdle) {
		err := s.do(ctx, s.timeout, func() (err error) {
			command, err = s.client.Idle()
			return err
		})
		if err != nil {
			return false, false, fmt.Errorf("waiting for mail: %w", err)
		}
	}
	timer := time.NewTimer(renew)
	defer timer.Stop()
	select {
	case <-s.exists:
		told = true
	case <-wake:
		woken = true
	case <-timer.C:
	case <-s.client.Closed():
		return false, false, errors.New("waiting for mail: the server closed the connection")
	case <-ctx.Done():
	}
	if command == nil {
		return woken, told, nil
	}
	// The end of ctx is no reason to lose the connection, but then a caller is
	// waiting to stop.
	limit := s.timeout
	if ctx.Err() != nil {
		limit = min(limit, time.Second/2)
	}
	err = s.do(context.WithoutCancel(ctx), limit, func() error {
		if err := command.Close(); err != nil {
			return err
		}
		return command.Wait()
	})
	if err != nil {
		return false, false, fmt.Errorf("waiting for mail: %w", err)
	}
	return woken, told, nil
}

// create makes a folder. A folder that is there already is fine.
func (s *session) create(ctx context.Context, folder string) error {
	return s.do(ctx, s.timeout, func() error {
		err := s.client.Create(folder, nil).Wait()
		if refused, ok := errors.AsType[*imap.Error](err); ok && refused.Type == imap.StatusResponseTypeNo {
			// Servers differ in how they say that it exists; moving will tell.
			return nil
		}
		if err != nil {
			return fmt.Errorf("creating folder %q: %w", folder, err)
		}
		return nil
	})
}

// add puts a message into a folder, as one that has been read.
func (s *session) add(ctx context.Context, folder string, raw []byte) error {
	return s.do(ctx, s.timeout, func() error {
		command := s.client.Append(folder, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}})
		_, err := command.Write(raw)
		if err = errors.Join(err, command.Close()); err == nil {
			_, err = command.Wait()
		}
		if err != nil {
			return fmt.Errorf("putting a message into folder %q: %w", folder, err)
		}
		return nil
	})
}

// mark flags messages as read and, where allowed, as dealt with.
func (s *session) mark(ctx context.Context, uids imap.UIDSet) error {
	flags := []imap.Flag{imap.FlagSeen}
	if s.keywordAllowed {
		flags = append(flags, keyword)
	}
	return s.store(ctx, uids, flags)
}

func (s *session) store(ctx context.Context, uids imap.UIDSet, flags []imap.Flag) error {
	return s.do(ctx, s.timeout, func() error {
		err := s.client.Store(uids, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close()
		if err != nil {
			return fmt.Errorf("flagging messages of %q: %w", s.folder, err)
		}
		return nil
	})
}

// move puts messages into folder. The client library's own substitute for a
// missing MOVE deletes even when the copy was refused; so without MOVE the
// copies are counted before anything is deleted. Where they cannot be, the
// messages stay where they are: without UIDPLUS, and in a folder whose UIDs are
// not kept (RFC 4315, UIDNOTSTICKY).
func (s *session) move(ctx context.Context, uids imap.UIDSet, count int, folder string) error {
	if s.caps.Has(imap.CapMove) {
		return s.do(ctx, s.timeout, func() error {
			if _, err := s.client.Move(uids, folder).Wait(); err != nil {
				return fmt.Errorf("moving messages to folder %q: %w", folder, err)
			}
			return nil
		})
	}
	if !s.caps.Has(imap.CapUIDPlus) {
		return nil
	}
	uncounted := false
	err := s.do(ctx, s.timeout, func() error {
		copied, err := s.client.Copy(uids, folder).Wait()
		if err != nil {
			return fmt.Errorf("copying messages to folder %q: %w", folder, err)
		}
		nums, ok := copied.DestUIDs.Nums()
		if uncounted = ok && len(nums) == 0; uncounted {
			return nil
		}
		if !ok || len(nums) != count {
			return fmt.Errorf("copying messages to folder %q: %d of %d were copied", folder, len(nums), count)
		}
		return nil
	})
	if err != nil || uncounted {
		return err
	}
	if err := s.store(ctx, uids, []imap.Flag{imap.FlagDeleted}); err != nil {
		return err
	}
	return s.do(ctx, s.timeout, func() error {
		if err := s.client.UIDExpunge(uids).Close(); err != nil {
			return fmt.Errorf("removing moved messages from %q: %w", s.folder, err)
		}
		return nil
	})
}
