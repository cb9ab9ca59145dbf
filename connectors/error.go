package connectors

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Class says what to do about an error. Callers decide by class alone; they
// never look at status codes or messages.
type Class int

const (
	// Temporary: try again later. Also the class of errors without one.
	Temporary Class = iota
	// Throttled: try again after Error.RetryAfter; the budget is spent.
	Throttled
	// Conflict: the record is no longer as the decision saw it. Decide again.
	Conflict
	// Rejected: the system will never accept this. A person must look at it.
	Rejected
	// Denied: credentials or permissions are wrong. Stop and tell the operator.
	Denied
	// Unknown: the change may or may not have been applied. Look before
	// trying again.
	Unknown
)

var classNames = [...]string{"temporary", "throttled", "conflict", "rejected", "denied", "unknown"}

func (c Class) String() string {
	if c < 0 || int(c) >= len(classNames) {
		return fmt.Sprintf("class(%d)", int(c))
	}
	return classNames[c]
}

// Limits of our own.
const (
	ReserveLimit = "reserve"  // calls that are kept back for others
	PerHourLimit = "per-hour" // mails that one address may get
)

// Error is an error with a class. Its text holds no secret, no address and no
// message body.
type Error struct {
	Class Class
	// Code is the foreign system's own name for the error, such as
	// UNABLE_TO_LOCK_ROW, for people and metrics.
	Code string
	// RetryAfter is how long to wait at least; zero means as the caller likes.
	RetryAfter time.Duration
	// Limit is which limit of our own refused it, as one of the constants; empty
	// if the system did.
	Limit string
	// Hint says what a person can do about it; may be empty.
	Hint string
	Err  error
}

func (e *Error) Error() string {
	s := e.Code
	if e.Err != nil {
		if s != "" {
			s += ": "
		}
		s += e.Err.Error()
	}
	if s == "" {
		s = e.Class.String()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of err: that of the first [Error] in its chain,
// otherwise Temporary.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Temporary
}

// RetryAfter returns how long err asks to wait; zero if it does not say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// LimitOf returns which limit of our own err is about; empty if none.
func LimitOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Limit
	}
	return ""
}

// Ended reports whether err is the end of ctx rather than a failure.
func Ended(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil
}
