package config

import "net/url"

// Telemetry is what is told to other programs of what the daemon does.
type Telemetry struct {
	Traces Traces `yaml:"traces"`
}

// Traces go to a collector of OpenTelemetry.
type Traces struct {
	// Endpoint is the base URL of OTLP over HTTP; empty for what the standard
	// environment variables say.
	Endpoint string `yaml:"endpoint"`
}

func (t Telemetry) check(d *document) {
	if t.Traces.Endpoint == "" {
		return
	}
	u, err := url.Parse(t.Traces.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		d.bad("telemetry.traces.endpoint", "is no base URL of a collector; want one such as http://127.0.0.1:4318, and credentials in OTEL_EXPORTER_OTLP_HEADERS")
	}
}
