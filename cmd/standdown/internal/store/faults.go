package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	lite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// A Refusal is why the journal does not take what a person orders, in words for
// them. Nothing is wrong with the journal, and nothing was changed.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return Refusal(fmt.Sprintf(format, args...)) }

// Away tells whether err is that the journal cannot be used for the moment: its
// database is not there, or is busy, or is full.
func Away(err error) bool {
	if told, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.ContainsFunc([]string{"08", "53", "57P"}, func(class string) bool { return strings.HasPrefix(told.Code, class) })
	}
	if refused, ok := errors.AsType[*lite.Error](err); ok {
		return slices.Contains([]int{codes.SQLITE_BUSY, codes.SQLITE_FULL, codes.SQLITE_CANTOPEN}, refused.Code()&0xff)
	}
	return disconnected(err)
}

// explain says what a fault of the database is and what a person can do about
// it. Other errors stay as they are.
func (c conn) explain(err error) error {
	what := ""
	var refused *lite.Error
	var told *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		what = sqliteFault(refused.Code() & 0xff)
	case errors.As(err, &told):
		what = postgresFault(told.Code)
	case c.numbered && disconnected(err):
		what = unreachable
	}
	if what == "" {
		return err
	}
	return fmt.Errorf("%s %s: %w", c.journal, what, err)
}

func sqliteFault(code int) string {
	switch code {
	case codes.SQLITE_FULL:
		return "has no room left on its disk (make room; it goes on by itself)"
	case codes.SQLITE_READONLY, codes.SQLITE_PERM, codes.SQLITE_CANTOPEN:
		return "cannot be written (the daemon's user must be able to write the file and its folder)"
	case codes.SQLITE_NOTADB:
		return "is damaged, or never was a journal (look at journal.path; put back the last backup: standdown journal restore FILE)"
	case codes.SQLITE_CORRUPT:
		return "is damaged (stop the daemon, move the file aside and put back the last backup: standdown journal restore FILE)"
	case codes.SQLITE_IOERR:
		return "cannot be read or written (look at its disk)"
	case codes.SQLITE_BUSY:
		return "is held by another program for too long (an open transaction of a database tool?)"
	}
	return ""
}

const unreachable = "cannot be reached (is PostgreSQL running? it goes on by itself once it is)"

// postgresFault knows the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
func postgresFault(code string) string {
	switch {
	case code == "53100":
		return "has no room left on its disk (make room; it goes on by itself)"
	case code == "53300":
		return "takes no more connections (max_connections of PostgreSQL)"
	case code == "25006":
		return "can only be read (is it a standby? name the primary)"
	case strings.HasPrefix(code, "XX"):
		return "is damaged (look into PostgreSQL's log; put back the last backup)"
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"):
		return unreachable
	}
	return ""
}

func disconnected(err error) bool {
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// A row is what a query for one row found.
type row struct {
	*sql.Row
	conn conn
}

func (r row) Scan(places ...any) error { return r.conn.explain(r.Row.Scan(places...)) }
