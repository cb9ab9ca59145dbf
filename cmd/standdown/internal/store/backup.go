package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Backup writes the journal, as it is at one moment, to a new SQLite file. The
// daemon may go on meanwhile. The file gets its name once it is whole, on the
// disk and walked through: a backup by that name can be relied upon, but for
// the Fault that the journal itself may have.
func (s *Store) Backup(ctx context.Context, file string) (Verification, error) {
	v, err := s.backup(ctx, file)
	if err != nil {
		return v, fmt.Errorf("writing a backup of the journal %s: %w", s.name, err)
	}
	return v, nil
}

func (s *Store) backup(ctx context.Context, file string) (v Verification, err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return v, errors.Join(err, fmt.Errorf("there is something at %s already: name a new file", file))
	}
	part := file + ".part"
	if err := removeJournal(part); err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, removeJournal(part)) }()
	if s.pg == nil {
		_, err = s.db.ExecContext(ctx, `VACUUM INTO ?`, part)
	} else {
		_, err = s.copyTo(ctx, part, s.view, nil)
	}
	if err != nil {
		return v, err
	}
	if err := os.Chmod(part, 0o600); err != nil { // there are mails in it
		return v, err
	}
	whole, err := OpenBeside(ctx, part)
	if err != nil {
		return v, err
	}
	v, err = whole.Verify(ctx, "")
	if err := errors.Join(err, whole.Close()); err != nil {
		return v, err
	}
	if err := flush(part); err != nil {
		return v, err
	}
	if err := os.Rename(part, file); err != nil {
		return v, err
	}
	return v, flush(filepath.Dir(file))
}

// removeJournal removes the file and what SQLite and the lock leave beside it.
func removeJournal(file string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm", ".lock"} {
		if err := os.Remove(file + end); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func flush(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// restored is the note of when a journal was put back.
const restored = "restored"

// Restore makes an empty journal into what it was when the backup was made, as
// Copy does. What the daemon did since is not in it, and will be decided again
// when it is read again: therefore each change about what happened before now
// is looked for in the outside world before it is made. A backup of an older
// version is brought up to date, in a copy.
func Restore(ctx context.Context, backup, to string, now time.Time) (Copied, error) {
	source, err := openSource(ctx, backup)
	if errors.Is(err, errOlder) && !isURL(backup) {
		dir, failure := os.MkdirTemp("", "standdown-restore-")
		if failure != nil {
			return Copied{}, failure
		}
		defer os.RemoveAll(dir)
		source, err = newerCopy(ctx, backup, filepath.Join(dir, "journal.db"))
	}
	if err != nil {
		return Copied{}, err
	}
	defer source.Close()
	return source.copyTo(ctx, to, source.view, func(tx conn) error {
		if _, err := tx.ExecContext(ctx, `UPDATE entries SET doubt = 1 WHERE `+isOpen("")); err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		return setTimeNote(ctx, tx, restored, now)
	})
}

// newerCopy makes a copy of a journal and brings it up to date.
func newerCopy(ctx context.Context, file, to string) (*Store, error) {
	old, err := open(file, commandName)
	if err == nil {
		err = errors.Join(old.keep(ctx, to), old.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("bringing a copy of %s up to date: %w", file, err)
	}
	return prepare(ctx, to, commandName)
}
