package web

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics answers with figures that are looked up when they are asked for, so
// that they are true whichever daemon is asked.
func (s *Server) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), figures{s})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: nil, ErrorHandling: promhttp.ContinueOnError})
}

type figures struct{ *Server }

var (
	buildInfo = prometheus.NewDesc("standdown_build_info", "Always 1; which version runs.", []string{"version"}, nil)
	isReady   = prometheus.NewDesc("standdown_ready", "1 if the daemon can do its job now, as /readyz says.", nil, nil)
	isLeader  = prometheus.NewDesc("standdown_leader", "1 if this daemon is the one that reads and decides.", nil, nil)
	readAge   = prometheus.NewDesc("standdown_source_read_age_seconds", "Seconds since the source was last read to the end without an error.", []string{"source"}, nil)
	open      = prometheus.NewDesc("standdown_outbox_entries", "Entries of the outbox that are not through, by state.", []string{"state"}, nil)
	oldest    = prometheus.NewDesc("standdown_outbox_oldest_seconds", "Age of the oldest entry that waits for nobody; 0 if there is none.", nil, nil)
	undecided = prometheus.NewDesc("standdown_events_undecided", "Events that are to be decided.", nil, nil)
	aside     = prometheus.NewDesc("standdown_quarantine_items", "Mails and records that were set aside for a person.", nil, nil)
	apiUsed   = prometheus.NewDesc("standdown_salesforce_api_calls_used", "API calls that the org has used within 24 hours.", nil, nil)
	apiLimit  = prometheus.NewDesc("standdown_salesforce_api_calls_limit", "API calls that the org may use within 24 hours.", nil, nil)
	paused    = prometheus.NewDesc("standdown_paused", "1 for each system that people have paused.", []string{"system"}, nil)
)

func (f figures) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{buildInfo, isReady, isLeader, readAge, open, oldest, undecided, aside, apiUsed, apiLimit, paused} {
		c <- d
	}
}

func (f figures) Collect(c chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	now := f.Now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	gauge(buildInfo, 1, f.Version)
	gauge(isLeader, truth(f.Leads()))
	_, ready := f.checks(ctx)
	gauge(isReady, truth(ready))
	for _, l := range f.Links {
		reading, err := f.Journal.Reading(ctx, l.Name)
		if err != nil {
			c <- prometheus.NewInvalidMetric(readAge, err)
		} else if !reading.ReadAt.IsZero() {
			gauge(readAge, max(now.Sub(reading.ReadAt), 0).Seconds(), l.Name)
		}
	}
	if used, allowed := f.Budget(); allowed > 0 {
		gauge(apiUsed, float64(used))
		gauge(apiLimit, float64(allowed))
	}
	if brakes, err := f.Journal.Brakes(ctx); err != nil {
		c <- prometheus.NewInvalidMetric(paused, err)
	} else {
		for _, b := range brakes {
			gauge(paused, 1, b.Name)
		}
	}
	counts, err := f.Journal.Counts(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(open, err)
		return
	}
	for state, n := range counts.Entries {
		gauge(open, float64(n), string(state))
	}
	age := 0.0
	if !counts.Oldest.IsZero() {
		age = max(now.Sub(counts.Oldest), 0).Seconds()
	}
	gauge(oldest, age)
	gauge(undecided, float64(counts.New))
	gauge(aside, float64(counts.Quarantined))
}
