package config

import (
	"encoding"
	"reflect"
	"time"

	"standdown/rules"
)

// Schema is a JSON Schema (draft 2020-12) of the file, for editors. It says
// which keys there are, of what kind their values are, and which words are a
// choice; what holds between keys only [Parse] knows.
func Schema() map[string]any {
	c := defaults()
	s := schema{choices: c.choices(), verbs: c.Autonomy}
	root := s.of(reflect.TypeFor[Config](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of Standdown"
	return root
}

// choices are the words of each key that has a choice. The checks themselves
// are asked, with a value for each key that they look at only if it is set.
func (c *Config) choices() map[string][]string {
	d := newDocument("", func(string) (string, bool) { return "", false })
	d.choices = map[string][]string{}
	c.Salesforce.Approvals = "-"
	c.Mailbox.Others = []IMAP{{}}
	c.check(d)
	return d.choices
}

type schema struct {
	choices map[string][]string
	verbs   map[string]string
}

// variable is how a text holds one of the environment.
const variable = `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`

var patterns = map[reflect.Type]string{
	reflect.TypeFor[time.Duration](): `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`,
	reflect.TypeFor[Age]():           `^[1-9][0-9]{0,4}d$|^forever$`,
	reflect.TypeFor[rules.Date]():    `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`,
}

func (s schema) of(t reflect.Type, key string) map[string]any {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	text := func(more map[string]any) map[string]any {
		more["type"] = "string"
		return map[string]any{"anyOf": []any{more, map[string]any{"type": "string", "pattern": variable}}}
	}
	if key == "autonomy" {
		verbs := map[string]any{}
		for verb := range s.verbs {
			verbs[verb] = text(map[string]any{"enum": modes})
		}
		return object(verbs)
	}
	if words, ok := s.choices[key]; ok {
		if key == "salesforce.approvals" {
			words = append([]string{""}, words...)
		}
		return text(map[string]any{"enum": words})
	}
	switch pattern := patterns[t]; {
	case pattern != "":
		return text(map[string]any{"pattern": pattern})
	case t == reflect.TypeFor[Level]():
		return text(map[string]any{"enum": []string{"debug", "info", "warn", "error"}})
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem(), join(key, "0"))}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem(), join(key, "*"))}
	}
	keys := map[string]any{}
	for name, i := range fieldsOf(t) {
		keys[name] = s.of(t.Field(i).Type, join(key, name))
	}
	return object(keys)
}

func object(keys map[string]any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": keys}
}
