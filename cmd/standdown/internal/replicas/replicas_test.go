package replicas_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"standdown/cmd/standdown/internal/replicas"
	"standdown/cmd/standdown/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storetest.Tests{M: m}) }

// patience finds what hangs; nothing is as slow as that on a busy machine.
const patience = time.Minute

func join(t *testing.T, url string) *replicas.Replica {
	t.Helper()
	r, err := tryToJoin(t, url)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tryToJoin(t *testing.T, url string) (*replicas.Replica, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	r, err := replicas.Join(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil {
		t.Cleanup(r.Close)
	}
	return r, err
}

// led returns the first replica that leads, and a context that ends when it
// leads no longer.
func led(t *testing.T, all ...*replicas.Replica) (leader *replicas.Replica, term context.Context) {
	t.Helper()
	type found struct {
		replica *replicas.Replica
		term    context.Context
	}
	first := make(chan found, len(all))
	for _, r := range all {
		go func() { first <- found{r, r.Lead(t.Context())} }()
	}
	select {
	case is := <-first:
		return is.replica, is.term
	case <-time.After(patience):
		t.Fatal("nobody leads")
		return nil, nil
	}
}

func TestOneLeadsAndAnotherFollowsIt(t *testing.T) {
	t.Parallel()
	url := storetest.Shared(t).Fresh(t)
	a, b := join(t, url), join(t, url)
	leader, term := led(t, a, b)
	other := a
	if leader == a {
		other = b
	}
	short, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	if other.Lead(short); short.Err() == nil {
		t.Error("both lead")
	}
	leader.Close()
	led(t, other)
	select {
	case <-term.Done():
	case <-time.After(patience):
		t.Error("who left leads for ever")
	}
}

func TestSixStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	url := storetest.Shared(t).Fresh(t)
	all := make([]*replicas.Replica, 6)
	var starting sync.WaitGroup
	for i := range all {
		starting.Go(func() {
			var err error
			if all[i], err = tryToJoin(t, url); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	if !t.Failed() {
		led(t, all...)
	}
}

func TestAWakeUpReachesOneOfThem(t *testing.T) {
	t.Parallel()
	url := storetest.Shared(t).Fresh(t)
	a, b := join(t, url), join(t, url)
	for range 3 {
		a.Wake(t.Context(), "salesforce")
		woken(t, a, b)
	}
	select {
	case <-a.Woken("mail"):
		t.Error("a was woken for another system")
	case <-b.Woken("mail"):
		t.Error("b was woken for another system")
	default:
	}
}

// woken waits until one of them is woken.
func woken(t *testing.T, a, b *replicas.Replica) {
	t.Helper()
	select {
	case <-a.Woken("salesforce"):
	case <-b.Woken("salesforce"):
	case <-time.After(patience):
		t.Fatal("nobody was woken")
	}
}

func TestAllOfRiversRowsMayBeDeleted(t *testing.T) {
	t.Parallel()
	url := storetest.Shared(t).Fresh(t)
	a, b := join(t, url), join(t, url)
	led(t, a, b)
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), `DO $$ DECLARE t TEXT; BEGIN
			FOR t IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'river\_%' AND tablename <> 'river_migration'
			LOOP EXECUTE 'DELETE FROM ' || t; END LOOP; END $$`); err != nil {
		t.Fatal(err)
	}
	elected := false
	for end := time.Now().Add(patience); !elected && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err := c.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM river_leader)").Scan(&elected); err != nil {
			t.Fatal(err)
		}
	}
	led(t, a, b)
	a.Wake(t.Context(), "salesforce")
	woken(t, a, b)
}

func TestTheyGoOnWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	server := storetest.Start(t)
	url := server.Fresh(t)
	a, b := join(t, url), join(t, url)
	led(t, a, b)
	server.Down(t)
	server.Up(t)
	led(t, a, b)
	// A wake-up may be lost while they find their way back.
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for end := time.Now().Add(patience); ; {
		a.Wake(t.Context(), "salesforce")
		select {
		case <-a.Woken("salesforce"):
			return
		case <-b.Woken("salesforce"):
			return
		case <-again.C:
			if time.Now().After(end) {
				t.Fatal("nobody was woken")
			}
		}
	}
}

func TestLeavingDoesNotWaitForADatabaseThatIsGone(t *testing.T) {
	server := storetest.Start(t)
	url := server.Fresh(t)
	before := goleak.IgnoreCurrent()
	r := join(t, url)
	led(t, r)
	server.Down(t)
	left := make(chan struct{})
	go func() {
		r.Close()
		close(left)
	}()
	select {
	case <-left:
	case <-time.After(patience / 6):
		t.Error("Close does not return")
	}
	server.Up(t)
	for end := time.Now().Add(patience); goleak.Find(before) != nil; {
		if time.Now().After(end) {
			t.Fatal("it does not end when the database is back")
		}
	}
}
