// Package storetest makes journals for tests: SQLite files, and databases of a
// PostgreSQL server that it starts on loopback in a temporary folder.
//
// Where PostgreSQL is not installed, tests that want it are skipped, unless
// STANDDOWN_REQUIRE_REAL is 1.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
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
		shared.server.end()
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
type Server struct {
	programs, dir string
	port          int
	as            *syscall.SysProcAttr
	databases     atomic.Int64
}

// Start starts a server that ends with the test. Settings are like "fsync=off", which is the default:
// give "fsync=on" to measure.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := start(t, settings)
	t.Cleanup(s.end)
	return s
}

func start(t testing.TB, settings []string) *Server {
	t.Helper()
	s := &Server{programs: programs(t), dir: folder(t), as: account(t)}
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.Credential.Uid), int(s.as.Credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, "initdb", "--pgdata", s.data(), "--username", "standdown", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	s.port = freePort(t)
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer conf.Close()
	for _, line := range append([]string{
		"listen_addresses='127.0.0.1'", fmt.Sprintf("port=%d", s.port), "unix_socket_directories=''", "fsync=off", "max_connections=100",
	}, settings...) {
		fmt.Fprintln(conf, line)
	}
	s.Up(t)
	return s
}

// Up starts the server if it is down, and waits until it can be used.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "--pgdata", s.data(), "--log", filepath.Join(s.dir, "log"), "--wait", "start")
}

// Down stops the server as a crash would: at once, with what is open cut off.
func (s *Server) Down(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "--pgdata", s.data(), "--mode", "immediate", "--wait", "stop")
}

// Fresh returns the URL of a new, empty database.
func (s *Server) Fresh(t testing.TB) string {
	t.Helper()
	ctx, done := context.WithTimeout(context.Background(), time.Minute)
	defer done()
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	name := fmt.Sprintf("journal%d", s.databases.Add(1))
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}

func (s *Server) end() {
	_ = s.command("pg_ctl", "--pgdata", s.data(), "--mode", "immediate", "--wait", "stop").Run()
	os.RemoveAll(s.dir)
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://standdown@127.0.0.1:%d/%s", s.port, database)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) run(t testing.TB, program string, args ...string) {
	t.Helper()
	cmd := s.command(program, args...)
	// Not a pipe: the server would keep it open.
	out, err := os.CreateTemp(t.TempDir(), program)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		t.Fatalf("%s: %v\n%s", program, err, said)
	}
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.programs, program), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	return cmd
}

// programs is the folder of PostgreSQL's programs; Debian keeps them off the
// path.
func programs(t testing.TB) string {
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
		t.Fatal("PostgreSQL is not installed, and STANDDOWN_REQUIRE_REAL=1")
	}
	t.Skip("PostgreSQL is not installed")
	return ""
}

// account is whom the server runs as: PostgreSQL refuses to be run by root.
func account(t testing.TB) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if errors.Join(err1, err2) == nil {
			return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		}
	}
	t.Fatal("PostgreSQL cannot be run by root, and there is no user postgres or nobody")
	return nil
}

// folder is a temporary folder that other users can reach, unlike t.TempDir.
func folder(t testing.TB) string {
	dir, err := os.MkdirTemp("", "standdown-postgres")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
