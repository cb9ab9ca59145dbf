package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"standdown/cmd/standdown/internal/store"
)

// tamper changes a journal behind the program's back: tamper FILE SQL
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

// forget removes from a journal the situations that are older than two days:
// forget FILE
func forget(ts *testscript.TestScript, _ bool, args []string) {
	s, err := store.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	defer s.Close()
	_, err = s.Retain(context.Background(), store.Retention{Situations: 48 * time.Hour}, time.Now())
	ts.Check(err)
}
