package replicas

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// A wakeUp tells one replica that there is something to deliver.
type wakeUp struct {
	System string `json:"system"`
}

func (wakeUp) Kind() string { return "wake" }

// InsertOpts makes many wake-ups of one system that nobody has followed yet one.
func (wakeUp) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// Wake tells one of the replicas, which may be this one, that there is more to
// deliver to the system than this one is about to. It takes a second at most. A
// wake-up that is lost does no harm: each replica looks for work by itself.
func (r *Replica) Wake(ctx context.Context, system string) {
	ctx, done := context.WithTimeout(ctx, time.Second)
	defer done()
	_, _ = r.client.Insert(ctx, wakeUp{System: system}, nil)
}

// Woken is signalled when another replica woke this one.
func (r *Replica) Woken(system string) <-chan struct{} { return r.alarm(system) }

func (r *Replica) alarm(system string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.woken[system] == nil {
		r.woken[system] = make(chan struct{}, 1)
	}
	return r.woken[system]
}

type waker struct {
	river.WorkerDefaults[wakeUp]
	replica *Replica
}

// Work completes the job before it signals: what comes up before that is seen
// by whoever is woken, and what comes up after can send a wake-up of its own.
func (w *waker) Work(ctx context.Context, job *river.Job[wakeUp]) error {
	err := pgx.BeginFunc(ctx, w.replica.pool, func(tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	select {
	case w.replica.alarm(job.Args.System) <- struct{}{}:
	default:
	}
	return err
}
