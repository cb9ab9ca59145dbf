package config

import (
	"encoding/json"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func example(t *testing.T) *Config {
	t.Helper()
	c, err := Load(exampleFile, func(name string) (string, bool) { return "from " + name, true })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEverythingIsShownButSecrets(t *testing.T) {
	text, err := example(t).Show()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "from MAILBOX") || strings.Contains(string(text), "from SALESFORCE_CLIENT_SECRET") {
		t.Errorf("a secret is shown:\n%s", text)
	}
	d := newDocument("", nil)
	root, ok := d.parse(text)
	if !ok {
		t.Fatal(d.err())
	}
	var again Config
	d.env = func(string) (string, bool) { return "", false }
	d.read(root, reflect.ValueOf(&again).Elem(), "")
	if err := d.err(); err != nil {
		t.Errorf("it cannot be read again: %v", err)
	}
	unset := map[string]bool{ // secrets, and lists that are empty
		"rules.ops_block.clear_fields": true, "rules.calendar.extra_holidays": true, "rules.calendar.drop_holidays": true,
		"rules.calendar.cutoff": true, "rules.cancellation.internal_domains": true,
		"journal.url": true, "journal.key": true, "salesforce.auth.token": true, "mailbox.auth.client_secret": true, "mailbox.auth.refresh_token": true,
		"web.oidc.client_secret": true,
	}
	for _, key := range keysOf(reflect.TypeFor[Config](), "") {
		if !d.stated(key) && !unset[key] && !strings.HasPrefix(key, "mapping.") {
			t.Errorf("%s is not shown", key)
		}
	}
	if again.Salesforce.Auth.ClientSecret != hidden || again.Journal.Retain.Raw != Age(90*day) || again.Log.Level != Level(slog.LevelInfo) {
		t.Errorf("shown is\n%s", text)
	}
}

func TestTheSchemaTellsWhatIsWrong(t *testing.T) {
	text, err := json.Marshal(Schema())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("standdown.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("standdown.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, text []byte) error {
		t.Helper()
		var all any
		if err := yaml.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		return schema.Validate(all)
	}
	sample, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := example(t).Show()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"the example": sample, "what is shown": shown} {
		if err := check(t, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range []string{
		"jurnal: {}",
		"salesforce: {poll: [1]}",
		"salesforce: {write_guard: lax}",
		"mailbox: {others: [{tls: ssl}]}",
		"delivery: {lease: 2 minutes}",
		"journal: {retain: {raw: 90}}",
		"autonomy: {cancel-workflow: maybe}",
		"autonomy: {cancel-workflows: auto}",
		"rules: {calendar: {extra_holidays: [26.11.2026]}}",
		"ceilings: {run: {records: many}}",
		"log: {level: loud}",
		"mapping: {objects: {workflow: {name: X}}}",
	} {
		if check(t, []byte(wrong)) == nil {
			t.Errorf("%s: nothing is wrong", wrong)
		}
	}
}
