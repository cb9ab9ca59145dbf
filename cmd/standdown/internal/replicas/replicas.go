// Package replicas is what several daemons on one PostgreSQL journal have in
// common: one of them leads, and one can wake another when there is more to do
// than it can do alone. It is the only package that knows River.
//
// It holds no truth. That one leads spares the others work; that nothing is
// done twice is the journal's doing, which compares versions, generations and
// leases. All of River's rows may be deleted at any time: a wake-up is lost
// with them, and at most the leader changes.
package replicas

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	// beat is how often River tells its leader that it is.
	beat = time.Second
	// trust is how long a replica leads after the last beat.
	trust = 3 * beat
	// leave is how long Close waits for a database that does not answer.
	leave = 2 * time.Second
)

// A Replica is this daemon among the others. Its methods may be called by
// several goroutines.
type Replica struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	log    *slog.Logger
	life   context.Context // ends when this daemon leaves the others
	stop   context.CancelFunc

	mu    sync.Mutex
	term  *term                    // nil while this one does not lead
	began chan struct{}            // closed when the next term begins
	woken map[string]chan struct{} // by system
}

// Join makes this daemon one of those on the database, until ctx ends or Close
// is called; then it leads no longer, and another may at once. The tables that
// River needs are made first if they are missing.
func Join(ctx context.Context, database *pgx.ConnConfig, log *slog.Logger) (*Replica, error) {
	ctx, stop := context.WithCancel(ctx)
	r := &Replica{life: ctx, stop: stop, log: log, began: make(chan struct{}), woken: map[string]chan struct{}{}}
	if err := r.join(ctx, database, slog.New(calm{log.With("system", "river").Handler(), ctx})); err != nil {
		stop()
		if r.pool != nil {
			r.pool.Close()
		}
		return nil, fmt.Errorf("joining the other daemons: %w", err)
	}
	return r, nil
}

func (r *Replica) join(ctx context.Context, database *pgx.ConnConfig, log *slog.Logger) error {
	c, err := pgxpool.ParseConfig(database.ConnString())
	if err != nil {
		return errors.New("the PostgreSQL URL cannot be understood")
	}
	c.ConnConfig, c.MaxConns = database.Copy(), 4
	if r.pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
		return err
	}
	if err := migrate(ctx, r.pool, log); err != nil {
		return err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &waker{replica: r})
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	r.client, err = river.NewClient(riverpgxv5.New(r.pool), &river.Config{
		// river_leader shows people which process leads.
		ID:      fmt.Sprintf("%.60s_%d_%s", host, os.Getpid(), rand.Text()),
		Logger:  log,
		Workers: workers,
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}},
		// Wake-ups come by notification; this is for those that were missed.
		FetchPollInterval: 5 * time.Second,
		JobTimeout:        10 * time.Second,
		// A wake-up in the hands of a replica that died keeps others of its name
		// from being sent, which costs them a tick of the engine.
		RescueStuckJobsAfter:        20 * time.Second,
		MaxAttempts:                 1,
		CompletedJobRetentionPeriod: time.Hour,
		DiscardedJobRetentionPeriod: time.Hour,
		// River calls the constructors of periodic jobs in its leader only. This
		// one makes no job.
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(beat),
			func() (river.JobArgs, *river.InsertOpts) { r.beat(); return nil, nil },
			&river.PeriodicJobOpts{RunOnStart: true})},
		// All that this does (v0.47) is to take away the pauses of up to a second
		// before each of River's six services, which a change of leaders would
		// otherwise wait for.
		TestOnly: true,
	})
	if err != nil {
		return err
	}
	return r.client.Start(ctx)
}

// migrate makes River's tables. River takes no lock for it, and several
// daemons may start at once. The number is ours alone.
func migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(7305010021)"); err != nil {
		return err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(7305010021)")
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// Close leaves the other daemons. It waits for that, but not for long if the
// database does not answer: that this one is gone is then noticed by itself.
func (r *Replica) Close() {
	r.stop()
	select {
	case <-r.client.Stopped():
		r.pool.Close()
	case <-time.After(leave):
		go func() { // nobody can wait for it: the process is about to end
			<-r.client.Stopped()
			r.pool.Close()
		}()
		r.log.Warn("left the other daemons without notice: the database does not answer")
	}
}

// calm passes on what River warns of until ctx ends, as warnings: nothing of it
// needs a person, because nothing of River's is missed for long.
type calm struct {
	slog.Handler
	ctx context.Context
}

func (c calm) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && c.ctx.Err() == nil && c.Handler.Enabled(ctx, slog.LevelWarn)
}

func (c calm) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelWarn
	return c.Handler.Handle(ctx, r)
}

func (c calm) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calm{c.Handler.WithAttrs(attrs), c.ctx}
}
func (c calm) WithGroup(name string) slog.Handler { return calm{c.Handler.WithGroup(name), c.ctx} }
