package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestASecretDoesNotPrint(t *testing.T) {
	holder := Auth{ClientSecret: "hunter2", Token: "hunter2", PrivateKey: "hunter2"}
	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		printed["with "+verb] = fmt.Sprintf(verb, Secret("hunter2")) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, &holder)
	}
	asJSON, err1 := json.Marshal(holder)
	asYAML, err2 := yaml.Marshal(holder)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	printed["as JSON"], printed["as YAML"] = string(asJSON), string(asYAML)
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"in a text log": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"in a JSON log": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("auth", "secret", Secret("hunter2"), "auth", holder)
		printed[name] = b.String()
	}
	for name, text := range printed {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("shows the secret: %s", text)
			}
		})
	}
	if string(holder.Token) != "hunter2" {
		t.Error("the secret is lost")
	}
}

func TestExpand(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"text without references stays", "a $ b {c} $d", "a $ b {c} $d"},
		{"a reference is replaced", "x-${SECRET}-y", "x-hunter2-y"},
		{"two references are replaced", "${SECRET}${HOST}", "hunter2acme.my.salesforce.com"},
		{"a default stands in for what is not set", "${NOPE:-local host}", "local host"},
		{"a default stands in for what is empty", "${EMPTY:-x}", "x"},
		{"a default may be empty", "${NOPE:-}", ""},
		{"a default does not replace what is set", "${SECRET:-x}", "hunter2"},
		{"an empty variable is set", "${EMPTY}", ""},
		{"a doubled dollar keeps a reference as text", "$${SECRET}", "${SECRET}"},
		{"a default may hold a dollar", "${NOPE:-$5}", "$5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, errs := expand(test.in, environment)
			if got != test.want || len(errs) > 0 {
				t.Errorf("got %q %v, want %q", got, errs, test.want)
			}
		})
	}
	t.Run("a value is not expanded again", func(t *testing.T) {
		got, errs := expand("${A}", func(string) (string, bool) { return "${B}", true })
		if got != "${B}" || len(errs) > 0 {
			t.Errorf("got %q %v, want ${B}", got, errs)
		}
	})
	t.Run("each variable that is not set is named", func(t *testing.T) {
		_, errs := expand("${ONE} ${SECRET} ${TWO}", environment)
		if len(errs) != 2 || !strings.Contains(errs[0].Error(), "ONE") || !strings.Contains(errs[1].Error(), "TWO") {
			t.Errorf("got %v, want ONE and TWO", errs)
		}
	})
}

func TestAValueFromTheEnvironmentCannotBreakTheYAML(t *testing.T) {
	hostile := "x: [\"\n# ' }"
	c, err := Parse("standdown.yaml", []byte(minimal), func(string) (string, bool) { return hostile, true })
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Salesforce.Auth.ClientSecret); got != hostile {
		t.Errorf("got %q, want %q", got, hostile)
	}
}
