package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/rules"
)

// Endpoint is the URL to which spans are sent, empty for nowhere: that of the
// configuration, or else what the environment says, see
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/. Headers,
// certificates and timeouts come from the environment in any case.
func Endpoint(configured string, env func(name string) (string, bool)) string {
	get := func(name string) string { value, _ := env(name); return value }
	base := configured
	if base == "" {
		if get("OTEL_SDK_DISABLED") == "true" {
			return ""
		}
		if whole := get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); whole != "" {
			return whole
		}
		base = get("OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	if base == "" {
		return ""
	}
	u, err := url.Parse(base)
	if err != nil {
		return base // New refuses it
	}
	return u.JoinPath("v1", "traces").String()
}

// traces makes one trace of each event: read, then decide for each decision,
// then apply and settle for each attempt at a change. Hours, restarts and other
// daemons may lie between them, so the ids by which spans find each other are
// made of what the journal calls their subjects.
type traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	outlet   *outlet
}

func newTraces(o Options, sent, lost prometheus.Counter) (*traces, error) {
	// What the environment says of this process counts more.
	self := []attribute.KeyValue{attribute.String("service.name", "standdown"), attribute.String("service.version", o.Version)}
	if o.Org != "" {
		self = append(self, attribute.String("standdown.org", o.Org))
	}
	about, err := resource.New(context.Background(), resource.WithAttributes(self...), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	out, err := newOutlet(o, sent, lost)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(out), sdk.WithIDGenerator(given{}), sdk.WithResource(about), sdk.WithSampler(sdk.AlwaysSample()))
	return &traces{provider, provider.Tracer("standdown"), out}, nil
}

// close sends what waits, for so long at most.
func (t *traces) close(within time.Duration) {
	ctx, done := context.WithTimeout(context.Background(), within)
	defer done()
	_ = t.provider.Shutdown(ctx) // what could not be sent has been counted
	t.outlet.close()
}

func (t *traces) read(a store.Arrival, took engine.Period) {
	t.span(span{
		event: a.ID, name: "read", id: spanID("read", a.ID), took: took,
		attributes: []attribute.KeyValue{attribute.String("standdown.kind", a.Kind), attribute.String("standdown.happened", a.At.UTC().Format(time.RFC3339))},
	})
}

func (t *traces) decided(e store.Event, decision string, d rules.Decision, took engine.Period) {
	s := span{
		event: e.ID, name: "decide", id: spanID("decide", decision), took: took,
		attributes: []attribute.KeyValue{
			attribute.String("standdown.kind", e.Kind), attribute.String("standdown.decision", decision),
			attribute.String("standdown.table", d.Table), attribute.String("standdown.row", d.Row),
		},
	}
	if e.Source != "" {
		s.parent = spanID("read", e.ID)
	}
	t.span(s)
}

func (t *traces) delivered(d engine.Delivered) {
	e, result := d.Entry, result(d.Settlement)
	apply := span{
		event: e.Event, name: "apply", id: randomID(), took: d.Call,
		attributes: []attribute.KeyValue{
			attribute.String("standdown.decision", e.Decision), attribute.String("standdown.system", e.System), attribute.String("standdown.verb", e.Verb),
			attribute.Int("standdown.attempt", e.Attempts), attribute.String("standdown.result", result),
		},
	}
	if e.Undoes == 0 { // a person's order to undo is no decision that was traced
		apply.parent = spanID("decide", e.Decision)
	}
	if d.Err != nil {
		apply.failure = connectors.ClassOf(d.Err).String()
	}
	t.span(apply)
	t.span(span{event: e.Event, name: "settle", id: randomID(), parent: apply.id, took: engine.Period{Began: d.Call.Ended, Ended: d.Settled}})
}

// A span is something that has been done.
type span struct {
	event      string
	name       string
	id, parent trace.SpanID
	took       engine.Period
	failure    string // empty if it went well
	attributes []attribute.KeyValue
}

func (t *traces) span(s span) {
	of := traceID(s.event)
	ctx := context.WithValue(context.Background(), idsKey{}, ids{of, s.id})
	if s.parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: of, SpanID: s.parent, TraceFlags: trace.FlagsSampled}))
	}
	_, told := t.tracer.Start(ctx, s.name, trace.WithTimestamp(s.took.Began), trace.WithAttributes(s.attributes...))
	if s.failure != "" {
		told.SetStatus(codes.Error, s.failure)
	}
	told.End(trace.WithTimestamp(s.took.Ended))
}

func traceID(event string) (id trace.TraceID) {
	sum := sha256.Sum256([]byte(event))
	copy(id[:], sum[:])
	return id
}

func spanID(what, of string) (id trace.SpanID) {
	sum := sha256.Sum256([]byte(what + "\n" + of))
	copy(id[:], sum[:])
	return id
}

func randomID() (id trace.SpanID) {
	binary.NativeEndian.PutUint64(id[:], rand.Uint64()|1) // zero is none
	return id
}

type ids struct {
	trace trace.TraceID
	span  trace.SpanID
}

type idsKey struct{}

// given has each span get the ids that its context holds.
type given struct{}

func (given) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	all := ctx.Value(idsKey{}).(ids)
	return all.trace, all.span
}

func (given) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	return ctx.Value(idsKey{}).(ids).span
}
