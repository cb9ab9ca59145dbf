package replicas

import (
	"context"
	"time"
)

// A term is the time for which a replica leads without a break.
type term struct {
	ctx  context.Context
	last time.Time // the last beat
}

// Lead waits until this replica leads. The context that it returns ends when it
// leads no longer, or ctx ends; one that has left never leads again. For some
// seconds two replicas may believe that they lead: one that was frozen or cut
// off, and the one that followed it.
func (r *Replica) Lead(ctx context.Context) context.Context {
	for {
		r.mu.Lock()
		current, began := r.term, r.began
		r.mu.Unlock()
		if current != nil && current.ctx.Err() == nil {
			leads, end := context.WithCancel(ctx)
			context.AfterFunc(current.ctx, end)
			return leads
		}
		select {
		case <-ctx.Done():
			return ctx
		case <-began:
		}
	}
}

// beat begins a term, or lets it go on. Time is the monotonic clock's, which
// nobody sets.
func (r *Replica) beat() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.term != nil {
		r.term.last = time.Now()
		return
	}
	if r.life.Err() != nil {
		return
	}
	ctx, end := context.WithCancel(r.life)
	r.term = &term{ctx: ctx, last: time.Now()}
	r.log.Info("leads the daemons of this journal")
	close(r.began)
	r.began = make(chan struct{})
	r.expire(end)
}

// expire ends the term once there was no beat for too long. It must be called
// with the lock held.
func (r *Replica) expire(end context.CancelFunc) {
	time.AfterFunc(time.Until(r.term.last.Add(trust)), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if time.Since(r.term.last) < trust {
			r.expire(end)
			return
		}
		r.log.Info("leads no longer")
		r.term = nil
		end()
	})
}
