package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"standdown/cmd/standdown/internal/store"
)

// metrics answers with figures that are looked up when they are asked for, so
// that they are true whichever daemon is asked, and with what this one counts.
func (s *Server) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), figures{s})
	if s.Figures != nil {
		registry.MustRegister(s.Figures)
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: nil, ErrorHandling: promhttp.ContinueOnError})
}

type figures struct{ *Server }

func newFigure(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("standdown_"+name, help, labels, nil)
}

var (
	buildInfo   = newFigure("build_info", "Always 1; which version runs.", "version")
	isReady     = newFigure("ready", "1 if the daemon can do its job now, as /readyz says.")
	isLeader    = newFigure("leader", "1 if this daemon is the one that reads and decides.")
	readAge     = newFigure("source_read_age_seconds", "Seconds since the source was last read to the end without an error.", "source")
	overdue     = newFigure("source_overdue", "1 if the source was not read when it should have been.", "source")
	undecided   = newFigure("events_undecided", "Events that are to be decided.")
	oldestEvent = newFigure("events_oldest_seconds", "Since when the oldest event that is to be decided happened; 0 if there is none.")
	open        = newFigure("outbox_entries", "Entries of the outbox that are not through, by state.", "state")
	oldest      = newFigure("outbox_oldest_seconds", "Age of the oldest entry that waits for nobody; 0 if there is none.", "system")
	approvals   = newFigure("pending_approvals", "Decisions of which something waits for approval.")
	oldestAsked = newFigure("pending_approvals_oldest_seconds", "Age of the oldest entry that waits for approval; 0 if there is none.")
	aside       = newFigure("quarantine_items", "Mails and records that were set aside for a person.")
	paused      = newFigure("paused", "1 if people have paused writing to the system; all is every one.", "system")
	down        = newFigure("system_down", "1 if this daemon has given up writing to the system for now, though there is something to write.", "system")
	apiUsed     = newFigure("salesforce_api_calls_used", "API calls that the org has used within 24 hours.")
	apiLimit    = newFigure("salesforce_api_calls_limit", "API calls that the org may use within 24 hours.")
	apiReserved = newFigure("salesforce_api_calls_reserved", "How many of these are left to others.")
)

func (f figures) Describe(c chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{buildInfo, isReady, isLeader, readAge, overdue, undecided, oldestEvent, open, oldest,
		approvals, oldestAsked, aside, paused, down, apiUsed, apiLimit, apiReserved} {
		c <- one
	}
}

func (f figures) Collect(c chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	now := f.Now()
	gauge := func(of *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, v, labels...)
	}
	failed := func(of *prometheus.Desc, err error) { c <- prometheus.NewInvalidMetric(of, err) }
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	age := func(at time.Time) float64 {
		if at.IsZero() {
			return 0
		}
		return max(now.Sub(at), 0).Seconds()
	}

	gauge(buildInfo, 1, f.Version)
	gauge(isLeader, truth(f.Leads()))
	_, ready := f.checks(ctx)
	gauge(isReady, truth(ready))
	for _, l := range f.Links {
		reading, err := f.Journal.Reading(ctx, l.Name)
		if err != nil {
			failed(readAge, err)
			continue
		}
		gauge(overdue, truth(!linked(l, reading, now).OK), l.Name)
		if !reading.ReadAt.IsZero() {
			gauge(readAge, age(reading.ReadAt), l.Name)
		}
	}
	alone := f.leftAlone(ctx)
	for _, system := range f.Systems {
		gauge(down, truth(slices.Contains(alone, system)), system)
	}
	if used, allowed := f.Budget(); allowed > 0 {
		gauge(apiUsed, float64(used))
		gauge(apiLimit, float64(allowed))
		gauge(apiReserved, float64(f.Reserve))
	}
	if brakes, err := f.Journal.Brakes(ctx); err != nil {
		failed(paused, err)
	} else {
		for _, system := range append([]string{store.AllSystems}, f.Systems...) {
			gauge(paused, truth(slices.ContainsFunc(brakes, func(b store.Brake) bool { return b.Name == system })), system)
		}
	}
	counts, err := f.Journal.Counts(ctx)
	if err != nil {
		failed(open, err)
		return
	}
	gauge(undecided, float64(counts.New))
	gauge(oldestEvent, age(counts.Happened))
	for state, n := range counts.Entries {
		gauge(open, float64(n), string(state))
	}
	for _, system := range f.Systems {
		gauge(oldest, age(counts.OldestOf[system]), system)
	}
	gauge(approvals, float64(counts.Approvals))
	gauge(oldestAsked, age(counts.Asked))
	gauge(aside, float64(counts.Quarantined))
}
