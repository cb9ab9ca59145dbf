package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// An Upgrade is that Open brought the tables of a journal up to date.
type Upgrade struct {
	From, To int64 // versions of the schema; both 0 if it was up to date, or new
	// Copy is the file with the journal as it was before. There is none of a
	// journal on PostgreSQL.
	Copy string
}

// Upgraded tells what Open has brought up to date.
func (s *Store) Upgraded() Upgrade { return s.was }

// errOlder is about tables that a daemon of this version has not seen yet.
var errOlder = errors.New("its tables are of an older version")

// migrate brings the tables up to date, or says that somebody else must.
func (s *Store) migrate(ctx context.Context, change bool) error {
	if !change { // goose makes its own table even to be asked
		var n int
		if err := s.db.QueryRowContext(ctx, s.db.begun).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w in it: no daemon has made its tables yet: start the daemon once with this configuration", ErrNone)
		}
	}
	files, err := fs.Sub(migrations, s.db.folder)
	if err != nil {
		return err
	}
	p, err := s.migrator(files)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	switch {
	case have == want:
		return nil
	case have > want && s.pg != nil && have == want+1:
		return nil
	case have > want:
		return fmt.Errorf("it was written by a newer version (schema %d, this program knows %d): use that version, or another journal", have, want)
	case !change:
		return fmt.Errorf("%w (schema %d, want %d): start the daemon of this version once", errOlder, have, want)
	}
	return s.upgrade(ctx, p, have, want)
}

func (s *Store) migrator(files fs.FS) (*goose.Provider, error) {
	var options []goose.ProviderOption
	if s.pg != nil { // several daemons may start at once
		l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // asks each second
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(l))
	}
	return goose.NewProvider(s.db.goose, s.pool, files, options...)
}

// upgrade brings the tables from one version to the newest, or leaves them as
// they were. A file is copied first.
func (s *Store) upgrade(ctx context.Context, p *goose.Provider, have, want int64) error {
	if have == 0 {
		_, err := p.Up(ctx)
		return err
	}
	was := Upgrade{From: have, To: want}
	if s.pg == nil {
		was.Copy = fmt.Sprintf("%s.schema%d", s.name, have)
		if err := s.keep(ctx, was.Copy); err != nil {
			return fmt.Errorf("copying it to %s before its tables are changed: %w (make room, or move it where there is)", was.Copy, err)
		}
	}
	if _, err := p.Up(ctx); err != nil {
		err = fmt.Errorf("bringing its tables from schema %d to %d: %w", have, want, err)
		// What this one has not done another daemon may have done meanwhile.
		if part, ok := errors.AsType[*goose.PartialError](err); ok && len(part.Applied) > 0 {
			if _, back := p.DownTo(context.WithoutCancel(ctx), have); back != nil {
				return errors.Join(err, fmt.Errorf("putting them back: %w", back))
			}
		}
		return fmt.Errorf("%w: they are as they were, and the version that you used before can go on with them", err)
	}
	s.was = was
	return nil
}

// keep writes the file as it is to another, which replaces what is there.
func (s *Store) keep(ctx context.Context, file string) error {
	part := file + ".part"
	if err := removeJournal(part); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `VACUUM INTO ?`, part); err != nil {
		return errors.Join(err, removeJournal(part))
	}
	if err := errors.Join(os.Chmod(part, 0o600), flush(part)); err != nil { // there are mails in it
		return err
	}
	return os.Rename(part, file)
}
