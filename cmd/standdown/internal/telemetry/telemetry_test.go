package telemetry

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	start = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	mail  = store.Arrival{ID: "mail:1", Kind: rules.CancellationRequested, At: start, State: store.New, Fresh: true, Ref: connectors.Ref{Kind: "message", ID: "INBOX/1/1"}}
	event = store.Event{Event: rules.Event{ID: "mail:1", Kind: rules.CancellationRequested, At: start}, Source: "mailbox"}
	entry = store.Entry{ID: 7, Event: "mail:1", Decision: store.DecisionID("mail:1", 0, 0), System: "salesforce", Verb: "cancel-workflow", Attempts: 1}
)

func period(from, to int) engine.Period {
	return engine.Period{Began: start.Add(time.Duration(from) * time.Second), Ended: start.Add(time.Duration(to) * time.Second)}
}

func decided(t *Telemetry) {
	t.Decided(store.Verdict{Event: event, Decisions: []rules.Decision{{Table: "cancellation.request", Row: "C4"}}}, period(2, 3))
}

func delivered(t *Telemetry, signal store.Signal, err error) {
	t.Delivered(engine.Delivered{Entry: entry, Settlement: store.Settlement{ID: 7, Signal: signal}, Err: err, Happened: start, Call: period(4, 5), Settled: start.Add(6 * time.Second)})
}

// A collector takes what is sent to it.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []sentSpan
	orgs  []string // that the spans are of, one for each sending
}

type sentSpan struct{ Trace, ID, Parent, Name, Said string }

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent v1.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, of := range sent.ResourceSpans {
			for _, a := range of.Resource.Attributes {
				if a.Key == "standdown.org" {
					c.orgs = append(c.orgs, a.Value.GetStringValue())
				}
			}
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					var said []string
					for _, a := range s.Attributes {
						value := a.Value.GetStringValue()
						if n := a.Value.GetIntValue(); n != 0 {
							value = string(rune('0' + n))
						}
						said = append(said, strings.TrimPrefix(a.Key, "standdown.")+"="+value)
					}
					if s.Status.GetMessage() != "" {
						said = append(said, "failed: "+s.Status.Message)
					}
					c.spans = append(c.spans, sentSpan{hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), s.Name, strings.Join(said, " ")})
				}
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, o Options) *Telemetry {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	all, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSpansSayWhichOrgTheyAreOf(t *testing.T) {
	c := newCollector(t)
	for _, org := range []string{"acme", "", "bravo"} {
		daemon := open(t, Options{Endpoint: c.URL + "/v1/traces", Org: org})
		decided(daemon)
		daemon.Close()
	}
	if diff := cmp.Diff([]string{"acme", "bravo"}, c.orgs); diff != "" {
		t.Errorf("orgs of the spans (-want +got):\n%s", diff)
	}
}

func TestSpansOfAnEventAreOneTraceWhicheverDaemonMadeThem(t *testing.T) {
	c := newCollector(t)
	for _, work := range []func(*Telemetry){
		func(d *Telemetry) { d.Arrived("mailbox", []store.Arrival{mail}, period(0, 1)) },
		decided,
		func(d *Telemetry) { delivered(d, store.Lost, &connectors.Error{Class: connectors.Unknown}) },
		func(d *Telemetry) { delivered(d, store.Applied, nil) },
	} {
		daemon := open(t, Options{Endpoint: c.URL + "/v1/traces"})
		work(daemon)
		daemon.Close()
	}
	id := func(name string, n int) string {
		for _, s := range c.spans {
			if s.Name == name {
				if n--; n < 0 {
					return s.ID
				}
			}
		}
		t.Fatalf("no span %s: %v", name, c.spans)
		return ""
	}
	of := c.spans[0].Trace
	decision := "decision=" + entry.Decision
	want := []sentSpan{
		{of, id("read", 0), "", "read", "kind=cancellation.requested happened=2026-03-03T14:00:00Z"},
		{of, id("decide", 0), id("read", 0), "decide", "kind=cancellation.requested " + decision + " table=cancellation.request row=C4"},
		{of, id("apply", 0), id("decide", 0), "apply", decision + " system=salesforce verb=cancel-workflow attempt=1 result=unanswered failed: unknown"},
		{of, id("settle", 0), id("apply", 0), "settle", ""},
		{of, id("apply", 1), id("decide", 0), "apply", decision + " system=salesforce verb=cancel-workflow attempt=1 result=done"},
		{of, id("settle", 1), id("apply", 1), "settle", ""},
	}
	if diff := cmp.Diff(want, c.spans); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if id("apply", 0) == id("apply", 1) {
		t.Error("two attempts have the same id")
	}
}

func TestWhatWasNotReadBeginsATrace(t *testing.T) {
	t.Run("a deadline's decision", func(t *testing.T) {
		c := newCollector(t)
		daemon := open(t, Options{Endpoint: c.URL + "/v1/traces"})
		due := event
		due.Source = ""
		daemon.Decided(store.Verdict{Event: due, Decisions: []rules.Decision{{Table: "cancellation.finish", Row: "F1"}}}, period(2, 3))
		daemon.Close()
		if len(c.spans) != 1 || c.spans[0].Parent != "" {
			t.Errorf("%+v, want one without parent", c.spans)
		}
	})
	t.Run("a change that a person ordered", func(t *testing.T) {
		c := newCollector(t)
		daemon := open(t, Options{Endpoint: c.URL + "/v1/traces"})
		undo := entry
		undo.Undoes = 3
		daemon.Delivered(engine.Delivered{Entry: undo, Settlement: store.Settlement{Signal: store.Applied}, Call: period(4, 5), Settled: start})
		daemon.Close()
		if len(c.spans) != 2 || c.spans[0].Name != "apply" || c.spans[0].Parent != "" {
			t.Errorf("%+v, want an apply without parent and its settle", c.spans)
		}
	})
}

func TestADeadCollectorHoldsUpNothing(t *testing.T) {
	const n, queue = 5_000, 64
	for name, endpoint := range map[string]func(*testing.T) string{
		"it never answers": func(t *testing.T) string {
			released := make(chan struct{})
			silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-released:
				case <-r.Context().Done():
				}
			}))
			t.Cleanup(silent.Close)
			t.Cleanup(func() { close(released) })
			return silent.URL
		},
		"nobody listens": func(t *testing.T) string {
			gone := httptest.NewServer(nil)
			gone.Close()
			return gone.URL
		},
		"it is always busy": func(t *testing.T) string {
			busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
			t.Cleanup(busy.Close)
			return busy.URL
		},
		"it refuses everything": func(t *testing.T) string {
			wrong := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(wrong.Close)
			return wrong.URL
		},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			daemon := open(t, Options{Endpoint: endpoint(t), Queue: queue, Log: slog.New(slog.NewTextHandler(&said, nil))})
			for range n {
				decided(daemon)
			}
			daemon.Close()
			if lost := testutil.ToFloat64(daemon.spans.WithLabelValues("lost")); lost != n {
				t.Errorf("%v spans are told as lost, want all %d", lost, n)
			}
			if sent := testutil.ToFloat64(daemon.spans.WithLabelValues("sent")); sent != 0 {
				t.Errorf("%v spans are told as sent, though nobody took them", sent)
			}
			if got := strings.Count(said.String(), "traces cannot be sent"); got != 1 {
				t.Errorf("the log tells it %d times, want once:\n%s", got, said.String())
			}
			if decisions := testutil.ToFloat64(daemon.decisions.WithLabelValues("cancellation.request", "C4")); decisions != n {
				t.Errorf("%v decisions are counted, want %d", decisions, n)
			}
		})
	}
}

func TestEndpoint(t *testing.T) {
	for _, test := range []struct {
		name, configured string
		env              map[string]string
		want             string
	}{
		{"nothing is said: nothing is sent", "", nil, ""},
		{"the configuration says where", "http://127.0.0.1:4318", nil, "http://127.0.0.1:4318/v1/traces"},
		{"the configuration counts more than the environment", "https://a.example/otlp/", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b.example"}, "https://a.example/otlp/v1/traces"},
		{"the environment says where", "", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b.example:4318"}, "http://b.example:4318/v1/traces"},
		{"an address for traces alone is taken as it is", "", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b.example", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c.example/x"}, "http://c.example/x"},
		{"the environment switches it off", "", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b.example", "OTEL_SDK_DISABLED": "true"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Endpoint(test.configured, func(name string) (string, bool) { v, ok := test.env[name]; return v, ok })
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	t.Run("what is no URL is refused", func(t *testing.T) {
		for _, wrong := range []string{"127.0.0.1:4318", "grpc://a.example", "http://", "%"} {
			if _, err := New(Options{Endpoint: wrong}); err == nil || !strings.Contains(err.Error(), "want one such as") {
				t.Errorf("%s: %v", wrong, err)
			}
		}
	})
}

func TestEachOutcomeHasItsWord(t *testing.T) {
	daemon := open(t, Options{})
	for signal, word := range map[store.Signal]string{
		store.Applied: "done", store.Changed: "conflict", store.Failed: "failed", store.Lost: "unanswered", store.Refused: "refused", store.Guess: "unknown",
	} {
		delivered(daemon, signal, nil)
		if got := testutil.ToFloat64(daemon.effects.WithLabelValues("salesforce", "cancel-workflow", word)); got != 1 {
			t.Errorf("%s: %v attempts are counted as %s, want 1", signal, got, word)
		}
	}
	const want = `
# HELP standdown_effect_latency_seconds From when a mail came or a record was changed, or a deadline ran out, until its effect was in force.
# TYPE standdown_effect_latency_seconds histogram
standdown_effect_latency_seconds_bucket{system="salesforce",le="0.1"} 0
standdown_effect_latency_seconds_bucket{system="salesforce",le="0.5"} 0
standdown_effect_latency_seconds_bucket{system="salesforce",le="1"} 0
standdown_effect_latency_seconds_bucket{system="salesforce",le="5"} 0
standdown_effect_latency_seconds_bucket{system="salesforce",le="15"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="60"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="300"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="900"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="3600"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="14400"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="43200"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="86400"} 1
standdown_effect_latency_seconds_bucket{system="salesforce",le="+Inf"} 1
standdown_effect_latency_seconds_sum{system="salesforce"} 6
standdown_effect_latency_seconds_count{system="salesforce"} 1
`
	if err := testutil.CollectAndCompare(daemon.latency, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestOnlyWhatIsNewToTheJournalIsCounted(t *testing.T) {
	daemon := open(t, Options{})
	again, change := mail, mail
	again.Fresh = false
	change.Ref.Kind = "Contact"
	daemon.Arrived("mailbox", []store.Arrival{mail, again, change}, period(0, 1))
	if got := testutil.ToFloat64(daemon.mails.WithLabelValues("mailbox")); got != 1 {
		t.Errorf("%v mails are counted, want 1", got)
	}
}

func TestASystemThatIsBackIsNotLeftAlone(t *testing.T) {
	daemon := open(t, Options{})
	daemon.Down("salesforce", true)
	daemon.Down("mail", true)
	daemon.Down("salesforce", false)
	if diff := cmp.Diff([]string{"mail"}, daemon.LeftAlone()); diff != "" {
		t.Errorf("left alone (-want +got):\n%s", diff)
	}
}
