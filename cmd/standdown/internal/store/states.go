package store

import (
	"errors"
	"fmt"
)

// State is where an entry of the outbox is in its life.
type State string

// The states are stored: add, never rename.
const (
	Proposed State = "proposed" // waits for a person's approval
	Pending  State = "pending"  // waits for its turn
	Sending  State = "sending"  // claimed; a remote call may be under way
	Done     State = "done"     // in force
	Stuck    State = "stuck"    // refused by the system; a person must look at it
	Unknown  State = "unknown"  // may or may not be in force, and nobody can be asked
	Dropped  State = "dropped"  // a person decided against it, or its verb is off
	Stale    State = "stale"    // the world had moved on; decided again
	Expired  State = "expired"  // nobody approved it in time, or what it was to follow
	Shadow   State = "shadow"   // decided, to be compared with what people do, and never done
)

// Signal is what happens to an entry.
type Signal string

// Signals.
const (
	Approve Signal = "approve" // by a person
	Decline Signal = "decline" // by a person
	Retry   Signal = "retry"   // by a person
	Drop    Signal = "drop"    // by a person
	Confirm Signal = "confirm" // by a person: it is in force
	Halt    Signal = "hold"    // its run passed a ceiling
	Expire  Signal = "expire"  // nobody approved it in time, or what it was to follow
	Claim   Signal = "claim"
	Applied Signal = "applied"
	Failed  Signal = "failed"  // not applied, try again
	Lost    Signal = "lost"    // no answer: look, then try again
	Refused Signal = "refused" // not applied, and never will be
	Guess   Signal = "guess"   // no answer, and nobody can be asked
	Changed Signal = "changed" // the record or the request has moved on
)

// transitions is the whole life of an entry. Whatever is not listed cannot
// happen.
var transitions = map[State]map[Signal]State{
	Proposed: {Approve: Pending, Decline: Dropped, Drop: Dropped, Changed: Stale, Expire: Expired},
	Pending:  {Claim: Sending, Halt: Proposed, Drop: Dropped, Changed: Stale, Expire: Expired},
	Sending:  {Claim: Sending, Applied: Done, Failed: Pending, Lost: Pending, Refused: Stuck, Guess: Unknown, Changed: Stale},
	Stuck:    {Retry: Pending, Drop: Dropped, Changed: Stale},
	Unknown:  {Retry: Pending, Confirm: Done, Drop: Dropped},
}

// after returns the state that follows, or an error that says what is possible.
func after(s State, sig Signal) (State, error) {
	next, ok := transitions[s][sig]
	if s == Shadow {
		return s, errors.New("it was decided in shadow, only to be compared with what people do, and is never done; name its verb in autonomy for what comes from now on")
	}
	if !ok {
		return s, fmt.Errorf("an entry that is %s cannot be given %q", s, sig)
	}
	return next, nil
}

// Possible reports whether an entry in the state can be given the signal.
func Possible(s State, sig Signal) bool {
	_, ok := transitions[s][sig]
	return ok
}

// States returns every state there is.
func States() []State {
	return []State{Proposed, Pending, Sending, Done, Stuck, Unknown, Dropped, Stale, Expired, Shadow}
}

// from returns the states in which the signal is possible.
func from(sig Signal) []State {
	var states []State
	for _, s := range States() {
		if Possible(s, sig) {
			states = append(states, s)
		}
	}
	return states
}
