// Package storetest makes journals for tests: SQLite files, and databases of a
// PostgreSQL server that it starts on loopback in a temporary folder.
//
// Where PostgreSQL is not installed, tests that want it are skipped, unless
// STANDDOWN_REQUIRE_REAL is 1.
package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"standdown/cmd/standdown/internal/store/pgserver"
)

// Fresh returns the name of a journal that is not there yet, for store.Open.
type Fresh func(t testing.TB) string

// Each runs the test on a SQLite file and on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, fresh Fresh)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, func(t testing.TB) string { return filepath.Join(t.TempDir(), "journal.db") })
	})
	t.Run("PostgreSQL", func(t *testing.T) { test(t, Shared(t).Fresh) })
}

// Tests are the tests of a package, for TestMain.
type Tests struct{ M *testing.M }

// Run runs them and ends the server that they shared. It returns the exit
// status.
func (t Tests) Run() int {
	code := t.M.Run()
	if shared.server != nil {
		shared.server.End()
	}
	return code
}

var shared struct {
	sync.Mutex
	server *Server
}

// Shared returns a server that all tests of a package share, for starting one
// takes seconds. The package's TestMain must run [Tests].
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		shared.server = start(t, nil)
	}
	return shared.server
}

// A Server is a PostgreSQL server.
type Server struct{ *pgserver.Server }

// Start starts a server that ends with the test. Settings are like "fsync=off", which is the default:
// give "fsync=on" to measure.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := start(t, settings)
	t.Cleanup(s.End)
	return s
}

func start(t testing.TB, settings []string) *Server {
	t.Helper()
	s, err := pgserver.Start(settings...)
	if errors.Is(err, pgserver.ErrMissing) && os.Getenv("STANDDOWN_REQUIRE_REAL") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &Server{s}
}

// Up starts the server if it is down, and waits until it can be used.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	if err := s.Server.Up(); err != nil {
		t.Fatal(err)
	}
}

// Down stops the server as a crash would: at once, with what is open cut off.
func (s *Server) Down(t testing.TB) {
	t.Helper()
	if err := s.Server.Down(); err != nil {
		t.Fatal(err)
	}
}

// Fresh returns the URL of a new, empty database.
func (s *Server) Fresh(t testing.TB) string {
	t.Helper()
	url, err := s.Server.Fresh(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return url
}
