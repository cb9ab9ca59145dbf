package telemetry

import "github.com/prometheus/client_golang/prometheus"

// counters are what this process has done since it began.
type counters struct {
	reads, mails, decisions, effects, calls, spans *prometheus.CounterVec
	held                                           prometheus.Counter
	latency                                        *prometheus.HistogramVec
}

func newCounters() counters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "standdown_" + name, Help: help}, labels)
	}
	return counters{
		reads:     counter("source_reads_total", "Readings of a source, by result: done or failed.", "source", "result"),
		mails:     counter("mail_received_total", "Mails that were taken in, those that ask for nothing too.", "mailbox"),
		decisions: counter("decisions_total", "Decisions, by the row that decided.", "table", "row"),
		effects: counter("effects_total", "Attempts to make a change, by result: done, already, conflict (decided again), "+
			"failed (tried again), unanswered (asked about), refused or unknown (for a person).", "system", "verb", "result"),
		calls: counter("salesforce_api_calls_total", "Calls of Salesforce that count towards the org's limit, by resource.", "op"),
		spans: counter("trace_spans_total", "Spans of traces, by result: sent or lost.", "result"),
		held: prometheus.NewCounter(prometheus.CounterOpts{Name: "standdown_held_runs_total",
			Help: "Runs that asked for more than a ceiling allows and wait for a person."}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "standdown_effect_latency_seconds",
			Help:    "From when a mail came or a record was changed, or a deadline ran out, until its effect was in force.",
			Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600}}, []string{"system"}),
	}
}

func (c counters) all() []prometheus.Collector {
	return []prometheus.Collector{c.reads, c.mails, c.decisions, c.effects, c.calls, c.spans, c.held, c.latency}
}

// Describe implements prometheus.Collector.
func (c counters) Describe(d chan<- *prometheus.Desc) {
	for _, one := range c.all() {
		one.Describe(d)
	}
}

// Collect implements prometheus.Collector.
func (c counters) Collect(m chan<- prometheus.Metric) {
	for _, one := range c.all() {
		one.Collect(m)
	}
}
