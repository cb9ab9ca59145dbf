package config

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"standdown/mapping"
	"standdown/rules"
)

const exampleFile = "../../../../config.example.yaml"

func TestTheExampleStatesTheDefaults(t *testing.T) {
	example, err := Load(exampleFile, func(name string) (string, bool) { return "from " + name, true })
	if err != nil {
		t.Fatal(err)
	}
	// What a site must say itself has no default.
	want := defaults()
	want.Salesforce.URL = "https://acme.my.salesforce.com"
	want.Salesforce.Auth.ClientID = "from SALESFORCE_CLIENT_ID"
	want.Salesforce.Auth.ClientSecret = "from SALESFORCE_CLIENT_SECRET"
	want.Mailbox.AuthServIDs = []string{"mx.acme.example"}
	in, out := &want.Mailbox.IMAP, &want.Mailbox.SMTP
	in.Address, in.Username, in.Password = "imap.acme.example:993", "cancellations@acme.example", "from MAILBOX_PASSWORD"
	out.Address, out.Username, out.Password = "smtp.acme.example:465", "cancellations@acme.example", "from MAILBOX_PASSWORD"
	out.From, out.CopyTo = "Back office <cancellations@acme.example>", "cancellations@acme.example"
	want.Journal.Path = "../../../../standdown.db"
	want.Autonomy = map[string]string{}
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range book.Verbs() {
		want.Autonomy[v.Name] = v.Autonomy
	}

	options := []cmp.Option{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(Config{}, "Book", "Names"),
		cmp.Comparer(func(a, b Schedule) bool { return a.Equal(b) }),
		cmp.Comparer(func(a, b Instant) bool { return a == b }),
		cmp.Comparer(func(a, b Secret) bool { return string(a) == string(b) }),
	}
	if diff := cmp.Diff(want, example, options...); diff != "" {
		t.Errorf("the example (-defaults +example):\n%s", diff)
	}
}

func TestTheExampleMentionsEveryKey(t *testing.T) {
	mentioned := keysOfExample(t)
	for _, key := range keysOf(reflect.TypeFor[Config](), "") {
		if _, ok := mentioned[key]; !ok {
			t.Errorf("%s is not mentioned", key)
		}
	}
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range book.Verbs() {
		if _, ok := mentioned["autonomy."+v.Name]; !ok {
			t.Errorf("the verb %s is not mentioned", v.Name)
		}
	}
}

var keyLine = regexp.MustCompile(`^( *)(?:# ( *))?([a-z][a-z0-9_-]*):(?: (.*))?$`)

// keysOfExample returns the keys of the example, those behind a # included,
// and what is written behind them.
func keysOfExample(t *testing.T) map[string]string {
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	type level struct {
		indent int
		key    string
	}
	var path []level
	keys := map[string]string{}
	for line := range strings.Lines(string(data)) {
		m := keyLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		indent := len(m[1]) + len(m[2])
		path = slices.DeleteFunc(path, func(l level) bool { return l.indent >= indent })
		key := m[3]
		if len(path) > 0 {
			key = join(path[len(path)-1].key, key)
		}
		path = append(path, level{indent, key})
		keys[key] = m[4]
	}
	return keys
}

// keysOf returns every key that a configuration of type t can have. What has
// names of the site's own in between, such as mapping.objects, is mentioned by
// an example of its own.
func keysOf(t reflect.Type, section string) []string {
	var keys []string
	for name, i := range fieldsOf(t) {
		key := join(section, name)
		keys = append(keys, key)
		field := t.Field(i).Type
		if field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		switch {
		case field == reflect.TypeFor[Schedule]() || field == reflect.TypeFor[Instant]():
		case field.Kind() == reflect.Struct:
			keys = append(keys, keysOf(field, key)...)
		case field == reflect.TypeFor[map[string]mapping.Object]():
			for name := range fieldsOf(field.Elem()) {
				keys = append(keys, fmt.Sprintf("%s.workflow.%s", key, name))
			}
		}
	}
	return keys
}
