package mailbox

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"standdown/connectors"
)

// Settled flags the messages as read and dealt with, and moves them to the
// done folder. Messages that are gone, or that belong to an earlier numbering
// of the folder, are passed over.
func (s *Source) Settled(ctx context.Context, refs []connectors.Ref) error {
	return s.use(ctx, func(open *session) error {
		if err := open.sel(ctx, s.options.Folder); err != nil {
			return err
		}
		prefix := fmt.Sprintf("%s/%d/", open.folder, open.validity)
		var wanted imap.UIDSet
		for _, ref := range refs {
			if rest, ok := strings.CutPrefix(ref.ID, prefix); ok && ref.Kind == Kind {
				if uid, err := strconv.ParseUint(rest, 10, 32); err == nil && uid > 0 {
					wanted.AddNum(imap.UID(uid))
				}
			}
		}
		if len(wanted) == 0 {
			return nil
		}
		there, err := open.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{wanted}})
		if err != nil || len(there) == 0 {
			return err
		}
		uids := imap.UIDSetNum(there...)
		if err := open.mark(ctx, uids); err != nil || s.options.DoneFolder == "" {
			return err
		}
		if !s.doneCreated {
			if err := open.create(ctx, s.options.DoneFolder); err != nil {
				return err
			}
			s.doneCreated = true
		}
		if err := open.move(ctx, uids, len(there), s.options.DoneFolder); err != nil {
			s.doneCreated = false
			return err
		}
		return nil
	})
}

// Sent tells whether the folder, the done folder or the folder of sent mail
// holds a message with this Message-ID. It uses a connection of its own, for
// one call.
func (s *Source) Sent(ctx context.Context, messageID string) (bool, error) {
	open, err := dial(ctx, &s.options)
	if err != nil {
		return false, err
	}
	defer open.close()
	// The done folder comes after the folder: a message on its way there is in
	// one of the two when its turn comes.
	for i, folder := range []string{s.options.Folder, s.options.DoneFolder, s.options.SentFolder} {
		if folder == "" {
			continue
		}
		if err := open.sel(ctx, folder); err != nil {
			if i > 0 && connectors.ClassOf(err) == connectors.Rejected {
				continue // nothing has been put there yet
			}
			return false, err
		}
		uids, err := open.search(ctx, &imap.SearchCriteria{
			Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: strings.Trim(messageID, "<>")}},
		})
		if err != nil || len(uids) > 0 {
			return len(uids) > 0, err
		}
	}
	return false, nil
}

// Keep puts a mail that was sent into the folder of sent mail, which it makes
// if there is none. Repeated, it puts another copy there. It uses a connection
// of its own, for one call.
func (s *Source) Keep(ctx context.Context, raw []byte) error {
	if s.options.SentFolder == "" {
		return nil
	}
	open, err := dial(ctx, &s.options)
	if err != nil {
		return err
	}
	defer open.close()
	if err := open.sel(ctx, s.options.SentFolder); connectors.ClassOf(err) == connectors.Rejected {
		if err := open.create(ctx, s.options.SentFolder); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return open.add(ctx, s.options.SentFolder, raw)
}
