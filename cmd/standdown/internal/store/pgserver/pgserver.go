// Package pgserver runs a PostgreSQL server on loopback in a temporary folder,
// for tests and for `standdown bench`. It installs nothing: it needs the
// programs initdb and pg_ctl. What is in its databases is gone with it.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"standdown/connectors/loopback"
)

// ErrMissing says that PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed")

// A Server is a PostgreSQL server.
type Server struct {
	programs, dir string
	address       string
	as            *syscall.SysProcAttr
	databases     atomic.Int64
}

// Start starts a server; End it. Settings are like "fsync=off", which is the
// default: give "fsync=on" to measure.
func Start(settings ...string) (s *Server, err error) {
	s = &Server{}
	if s.programs, err = programs(); err != nil {
		return nil, err
	}
	if s.as, err = account(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "standdown-postgres"); err != nil { // other users can reach it
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	if err := own(s.dir, s.as); err != nil {
		return nil, err
	}
	if err := s.run("initdb", "--pgdata", s.data(), "--username", "standdown", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"); err != nil {
		return nil, err
	}
	if s.address, err = loopback.FreeAddress(); err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return nil, err
	}
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	for _, line := range append([]string{
		fmt.Sprintf("listen_addresses='%s'", host), "port=" + port, "unix_socket_directories=''", "fsync=off", "max_connections=100",
	}, settings...) {
		if _, err := fmt.Fprintln(conf, line); err != nil {
			return nil, errors.Join(err, conf.Close())
		}
	}
	return s, errors.Join(conf.Close(), s.Up())
}

// Up starts the server if it is down, and waits until it can be used.
func (s *Server) Up() error {
	return s.run("pg_ctl", "--pgdata", s.data(), "--log", filepath.Join(s.dir, "log"), "--wait", "start")
}

// Down stops the server as a crash would: at once, with what is open cut off.
func (s *Server) Down() error {
	return s.run("pg_ctl", "--pgdata", s.data(), "--mode", "immediate", "--wait", "stop")
}

// End stops the server and removes what it kept.
func (s *Server) End() {
	_ = s.Down() // it may be down
	os.RemoveAll(s.dir)
}

// Fresh returns the URL of a new, empty database.
func (s *Server) Fresh(ctx context.Context) (url string, err error) {
	ctx, done := context.WithTimeout(ctx, time.Minute)
	defer done()
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	name := fmt.Sprintf("journal%d", s.databases.Add(1))
	_, err = c.Exec(ctx, "CREATE DATABASE "+name)
	return s.url(name), err
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://standdown@%s/%s", s.address, database)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) run(program string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.programs, program), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	// Not a pipe: the server would keep it open.
	out, err := os.CreateTemp("", program)
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w\n%s", program, err, said)
	}
	return nil
}

// programs is the folder of PostgreSQL's programs; Debian keeps them off the
// path.
func programs() (string, error) {
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if err != nil || len(found) == 0 {
		return "", ErrMissing
	}
	return filepath.Dir(found[len(found)-1]), nil
}
