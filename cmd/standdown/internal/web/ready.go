package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
)

// A check is one thing that the daemon needs to do its job.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says how it is, and if it is not ok, what is wrong.
	Detail string `json:"detail"`
}

// ready answers 200 if the job can be done now, else 503.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, done := context.WithTimeout(r.Context(), 5*time.Second)
	defer done()
	checks, ready := s.checks(ctx)
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	if r.URL.Query().Has("verbose") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"ready": ready, "checks": checks})
		return
	}
	w.WriteHeader(status)
	if ready {
		fmt.Fprintln(w, "ready")
		return
	}
	var wrong []string
	for _, c := range checks {
		if !c.OK {
			wrong = append(wrong, c.Name+": "+c.Detail)
		}
	}
	fmt.Fprintln(w, "not ready\n"+strings.Join(wrong, "\n"))
}

// Ready tells whether the job can be done now.
func (s *Server) Ready(ctx context.Context) bool {
	ctx, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	_, ready := s.checks(ctx)
	return ready
}

func (s *Server) checks(ctx context.Context) (checks []check, ready bool) {
	now := s.Now()
	journal := check{"journal", true, "writable"}
	if err := s.Journal.Writable(ctx, now); err != nil {
		journal.OK, journal.Detail = false, err.Error()
	}
	checks = append(checks, journal)
	for _, l := range s.Links {
		checks = append(checks, s.linked(ctx, l, now))
	}
	for _, system := range s.leftAlone(ctx) {
		checks = append(checks, check{"system " + system, false, "cannot be written to; it is left alone, and tried now and then"})
	}
	if used, allowed := s.Budget(); allowed > 0 {
		c := check{"salesforce API calls", true, fmt.Sprintf("%d of %d used, %d are left to others", used, allowed, s.Reserve)}
		c.OK = used < allowed-s.Reserve
		checks = append(checks, c)
	}
	if brakes, err := s.Journal.Brakes(ctx); err == nil {
		// People want it so: that is no reason to be called up at night.
		for _, b := range brakes {
			checks = append(checks, check{"paused: " + b.Name, true, fmt.Sprintf("by %s since %s: %s", b.Who, b.At.Format(time.RFC3339), b.Reason)})
		}
	}
	ready = true
	for _, c := range checks {
		ready = ready && c.OK
	}
	return checks, ready
}

// leftAlone are the systems that this daemon has given up writing to for now,
// though there is something to write. With nothing to write it would not find
// out that a system is back.
func (s *Server) leftAlone(ctx context.Context) []string {
	if s.Down == nil {
		return nil
	}
	systems := s.Down()
	if len(systems) == 0 {
		return nil
	}
	counts, err := s.Journal.Counts(ctx)
	return slices.DeleteFunc(systems, func(system string) bool { return err == nil && counts.OldestOf[system].IsZero() })
}

// linked tells whether the source was read when it should have been. The
// journal knows, whichever daemon reads it.
func (s *Server) linked(ctx context.Context, l Link, now time.Time) check {
	reading, err := s.Journal.Reading(ctx, l.Name)
	if err != nil {
		return check{"source " + l.Name, false, err.Error()}
	}
	return linked(l, reading, now)
}

func linked(l Link, reading store.Reading, now time.Time) check {
	c := check{Name: "source " + l.Name}
	switch {
	case reading.ReadAt.IsZero():
		c.Detail = "has not been read yet"
	case reading.Baseline:
		c.Detail = "is being read for the first time"
	default:
		age := max(now.Sub(reading.ReadAt), 0).Round(time.Second)
		c.OK = now.Before(l.Schedule.Next(reading.ReadAt).Add(l.Grace))
		c.Detail = fmt.Sprintf("last read %s ago", age)
	}
	return c
}
