package config

import (
	"strings"
	"testing"
)

func TestWhereTracesAreSent(t *testing.T) {
	parse := func(endpoint string) error {
		text := strings.Join([]string{"salesforce:", "  url: https://acme.my.salesforce.com", "  auth: {client_id: a, client_secret: b}",
			"telemetry:", "  traces:", "    endpoint: \"" + endpoint + "\"", ""}, "\n")
		_, err := Parse("standdown.yaml", []byte(text), func(string) (string, bool) { return "", false })
		return err
	}
	for _, good := range []string{"", "http://127.0.0.1:4318", "https://otlp.acme.example/base/"} {
		if err := parse(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"127.0.0.1:4318", "grpc://otlp.acme.example", "https://user:secret@otlp.acme.example", "https://otlp.acme.example?key=secret", "http://"} {
		err := parse(bad)
		if err == nil || !strings.Contains(err.Error(), "standdown.yaml:6: telemetry.traces.endpoint") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want line 6 to be refused without showing what may be a secret", bad, err)
		}
	}
}
