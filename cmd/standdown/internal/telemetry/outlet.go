package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// An outlet sends spans behind the daemon's back. It takes no more than may
// wait, so that one whose other end is dead holds up nothing, and counts what it
// lost, which the library does not tell.
type outlet struct {
	sdk.SpanProcessor // collects what is sent at once
	queue             int64
	waiting           atomic.Int64
	exporter          exporter
}

func newOutlet(o Options, sent, lost prometheus.Counter) (*outlet, error) {
	if u, err := url.Parse(o.Endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("telemetry.traces.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT) is no URL; want one such as http://127.0.0.1:4318")
	}
	otlp, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(o.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("preparing to send traces: %w", err)
	}
	l := &outlet{queue: int64(cmp.Or(o.Queue, sdk.DefaultMaxQueueSize))}
	l.exporter = exporter{SpanExporter: otlp, sent: sent, lost: lost, waiting: &l.waiting, log: o.Log, ended: make(chan struct{})}
	l.exporter.ctx, l.exporter.end = context.WithCancel(context.Background())
	l.SpanProcessor = sdk.NewBatchSpanProcessor(&l.exporter, sdk.WithMaxQueueSize(int(l.queue)), sdk.WithMaxExportBatchSize(int(min(l.queue, sdk.DefaultMaxExportBatchSize))))
	return l, nil
}

// OnEnd takes a span if not too many wait.
func (l *outlet) OnEnd(s sdk.ReadOnlySpan) {
	if l.waiting.Add(1) > l.queue {
		l.waiting.Add(-1)
		l.exporter.lost.Inc()
		return
	}
	l.SpanProcessor.OnEnd(s)
}

// close breaks off what is being sent, after Shutdown, and returns when nothing
// of the outlet runs any more.
func (l *outlet) close() {
	l.exporter.end()
	<-l.exporter.ended
}

// An exporter is the library's, which can be broken off. It is used by one
// goroutine.
type exporter struct {
	sdk.SpanExporter
	sent, lost prometheus.Counter
	waiting    *atomic.Int64
	log        *slog.Logger
	failing    bool
	ctx        context.Context // of everything that is sent
	end        context.CancelFunc
	ended      chan struct{}
}

// ExportSpans returns no error: the library would print it.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	defer context.AfterFunc(e.ctx, done)()
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.waiting.Add(-int64(len(spans)))
	switch {
	case err == nil:
		e.sent.Add(float64(len(spans)))
		if e.failing {
			e.log.Info("traces can be sent again")
		}
	default:
		e.lost.Add(float64(len(spans)))
		if !e.failing {
			e.log.Warn("traces cannot be sent; work goes on", "err", err)
		}
	}
	e.failing = err != nil
	return nil
}

func (e *exporter) Shutdown(ctx context.Context) error {
	defer close(e.ended)
	return e.SpanExporter.Shutdown(ctx)
}
