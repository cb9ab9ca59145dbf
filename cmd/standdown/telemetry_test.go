package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
)

// TestADaemonIsWatchedFromOutside has a daemon play parts of the story and
// reads what it tells to Prometheus and to a collector of traces.
func TestADaemonIsWatchedFromOutside(t *testing.T) {
	collector := newCollector(t)
	h := openHouse(t, tracedAt(collector.URL))
	for _, act := range slices.Concat(stage.Acts()[:4], stage.Acts()[6:8], stage.Acts()[9:10]) {
		if err := h.play(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}

	page := fetch(t, h.url+"/metrics")
	t.Run("the figures are those of the journal", func(t *testing.T) {
		if diff := cmp.Diff(expected(t, h.journal, h.cfg), counted(page)); diff != "" {
			t.Errorf("figures (-journal +metrics):\n%s", diff)
		}
	})
	t.Run("the figures are as Prometheus wants them", func(t *testing.T) {
		problems, err := promlint.New(strings.NewReader(page)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	})
	t.Run("each figure in deploy is told", func(t *testing.T) { figuresOfDeploy(t, page) })

	h.stop() // sends what waits to be sent
	entries, err := h.journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a mail is one trace, from when it is read to its last effect", func(t *testing.T) {
		whole, effects := 0, 0
		for id, all := range collector.traces {
			if whole++; all["read"] == nil {
				t.Errorf("trace %s does not begin with a reading: %v", id, all)
				continue
			}
			effects += all.follows(t)
		}
		events, err := h.journal.Events(t.Context(), store.Decided)
		if err != nil {
			t.Fatal(err)
		}
		if whole != len(events) {
			t.Errorf("%d traces, want one for each of the %d events that were decided", whole, len(events))
		}
		done := 0
		for _, e := range entries {
			if e.State == store.Done {
				done++
			}
		}
		if done == 0 || effects != done {
			t.Errorf("%d effects are traced, want %d", effects, done)
		}
	})
	t.Run("neither people nor records are named in traces", func(t *testing.T) {
		said := collector.said()
		for _, e := range entries {
			for _, secret := range []string{e.Change.Ref.ID, e.Change.Key} {
				if secret != "" && strings.Contains(said, secret) {
					t.Errorf("a span names %q", secret)
				}
			}
		}
		for _, secret := range []string{"@", "Alvarez", "maria", "W-1042", "C-204417", "mail:"} {
			if strings.Contains(said, secret) {
				t.Errorf("a span names %q", secret)
			}
		}
	})
}

// tracedAt has traces sent to the collector.
func tracedAt(collector string) func(string) string {
	return func(configuration string) string {
		return configuration + fmt.Sprintf("telemetry: {traces: {endpoint: %q}}\n", collector)
	}
}

// expected are the figures that can be told from the journal.
func expected(t *testing.T, journal *store.Store, cfg *config.Config) map[string]float64 {
	t.Helper()
	want := map[string]float64{`standdown_held_runs_total`: 0}
	var tables []string
	for _, table := range cfg.Book.Tables() {
		tables = append(tables, table.Name)
	}
	tallies, err := journal.Tallies(t.Context(), tables, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tally := range tallies {
		want[fmt.Sprintf(`standdown_decisions_total{row=%q,table=%q}`, tally.Row, tally.Table)] = float64(tally.Times)
	}
	entries, err := journal.Entries(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.State == store.Done {
			want[fmt.Sprintf(`standdown_effects_total{result="done",system=%q,verb=%q}`, e.System, e.Verb)]++
			want[fmt.Sprintf(`standdown_effect_latency_seconds_count{system=%q}`, e.System)]++
		}
	}
	mails, err := journal.Events(t.Context(), store.New, store.Decided, store.Ignored, store.Quarantined)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range mails {
		if e.Source == "mailbox" {
			want[`standdown_mail_received_total{mailbox="mailbox"}`]++
		}
	}
	counts, err := journal.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for state, n := range counts.Entries {
		want[fmt.Sprintf(`standdown_outbox_entries{state=%q}`, state)] = float64(n)
	}
	want[`standdown_pending_approvals`] = float64(counts.Approvals)
	want[`standdown_ready`], want[`standdown_leader`] = 1, 1
	return want
}

// counted are those of the figures on a page of /metrics that expected tells.
func counted(page string) map[string]float64 {
	got := map[string]float64{}
	for line := range strings.Lines(page) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if at := strings.LastIndexByte(line, '}'); at >= 0 {
			name, value = line[:at+1], strings.TrimSpace(line[at+1:])
		}
		for _, known := range []string{"standdown_held_runs_total", "standdown_decisions_total", "standdown_effects_total", "standdown_effect_latency_seconds_count",
			"standdown_mail_received_total", "standdown_outbox_entries", "standdown_ready", "standdown_leader", "standdown_pending_approvals"} {
			if family, _, _ := strings.Cut(name, "{"); family == known {
				got[name], _ = strconv.ParseFloat(value, 64)
			}
		}
	}
	return got
}

// A traceCollector takes spans as OTLP over HTTP.
type traceCollector struct {
	*httptest.Server
	mu     sync.Mutex
	traces map[string]traced
}

// A traced is the spans of a trace, by name.
type traced map[string][]*spans.Span

func newCollector(t *testing.T) *traceCollector {
	c := &traceCollector{traces: map[string]traced{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collect.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, of := range sent.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					id := hex.EncodeToString(s.TraceId)
					if c.traces[id] == nil {
						c.traces[id] = traced{}
					}
					c.traces[id][s.Name] = append(c.traces[id][s.Name], s)
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// said is everything that was said in spans.
func (c *traceCollector) said() string {
	var all strings.Builder
	for _, trace := range c.traces {
		for _, named := range trace {
			for _, s := range named {
				fmt.Fprintln(&all, s.Name, s.Status, s.Attributes, s.Events, s.Links)
			}
		}
	}
	return all.String()
}

// follows checks that each span of a trace has the right parent and begins
// after it. It returns how many effects the trace has.
func (trace traced) follows(t *testing.T) (effects int) {
	t.Helper()
	if len(trace["read"]) != 1 || len(trace["read"][0].ParentSpanId) > 0 {
		t.Fatalf("a trace has not one beginning: %v", trace["read"])
	}
	for name, before := range map[string]string{"decide": "read", "apply": "decide", "settle": "apply"} {
		for _, s := range trace[name] {
			i := slices.IndexFunc(trace[before], func(p *spans.Span) bool {
				return string(p.SpanId) == string(s.ParentSpanId) && (name != "apply" || attribute(p, "standdown.decision") == attribute(s, "standdown.decision"))
			})
			if i < 0 {
				t.Errorf("%s %v does not follow from a span %q", name, s, before)
			} else if s.StartTimeUnixNano < trace[before][i].StartTimeUnixNano {
				t.Errorf("%s begins before the %s that it follows from", name, before)
			}
			if name == "apply" && attribute(s, "standdown.result") == "done" {
				effects++
			}
		}
	}
	return effects
}

func attribute(s *spans.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}
