package config

import (
	"bytes"
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"standdown/cmd/standdown/internal/spelling"
)

// A document is one configuration while it is being read: where each key
// stands, and what is wrong so far.
type document struct {
	name     string
	env      Env
	keys     map[string]place
	problems Problems
	choices  map[string][]string // what oneOf was asked; nil unless somebody wants to know
}

// A place is where and how a key is written, before variables are replaced;
// messages show that text, never the value of a variable.
type place struct {
	line int
	text string
	bad  bool
}

func newDocument(name string, env Env) *document {
	return &document{name: name, env: env, keys: map[string]place{"": {line: 1}}}
}

// parse returns the root of the one YAML document in data, nil if it is empty.
// It reports whether the text is YAML at all.
func (d *document) parse(data []byte) (root *yaml.Node, ok bool) {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, true
	case err != nil:
		d.syntax(err)
		return nil, false
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.syntax(err)
		return nil, false
	default:
		d.add(second.Line, "", "a second document begins here; want one")
	}
	root = doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, true
	}
	return root, true
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

func (d *document) syntax(err error) {
	line, text := 1, err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		text = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	d.add(line, "", "not YAML: "+text)
	d.keys[""] = place{line: 1, bad: true}
}

// read sets v from the node. What cannot be read keeps its value and becomes a
// problem, and reading goes on.
func (d *document) read(n *yaml.Node, v reflect.Value, key string) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.bad(key, "aliases are not supported; write the value out")
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.bad(key, "has no value; give it one or remove the key")
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.read(n, v.Elem(), key)
	case isScalar(v):
		d.readScalar(n, v, key)
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		d.readSection(n, v, key)
	case v.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		d.readMap(n, v, key)
	case v.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
		for i, item := range n.Content {
			at := join(key, strconv.Itoa(i))
			d.keys[at] = place{line: item.Line, text: item.Value}
			d.read(item, list.Index(i), at)
		}
		v.Set(list)
	default:
		d.bad(key, "want "+want(v))
	}
}

func (d *document) readSection(n *yaml.Node, v reflect.Value, key string) {
	fields := fieldsOf(v.Type())
	var known []string
	for name := range fields {
		known = append(known, name)
	}
	slices.Sort(known)
	d.pairs(n, key, func(name, at string, value *yaml.Node) {
		i, ok := fields[name]
		if !ok {
			d.bad(at, "no such key; "+spelling.Suggest(name, known))
			return
		}
		d.read(value, v.Field(i), at)
	})
}

func (d *document) readMap(n *yaml.Node, v reflect.Value, key string) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.pairs(n, key, func(name, at string, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.read(value, item, at)
		v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), item)
	})
}

// pairs calls do for each key of a mapping, in the order they are written.
func (d *document) pairs(n *yaml.Node, key string, do func(name, at string, value *yaml.Node)) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
			d.add(k.Line, key, "want plain keys; merging and keys that are lists or sections are not supported")
			continue
		}
		at := join(key, k.Value)
		if first, again := d.keys[at]; again {
			d.add(k.Line, at, fmt.Sprintf("stands in line %d already", first.line))
			continue
		}
		d.keys[at] = place{line: k.Line, text: value.Value}
		do(k.Value, at, value)
	}
}

func (d *document) readScalar(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.ScalarNode {
		d.bad(key, "want "+want(v))
		return
	}
	resolved := *n
	if n.Tag == "!!str" {
		text, errs := expand(n.Value, d.env)
		for _, err := range errs {
			d.bad(key, err.Error())
		}
		if len(errs) > 0 {
			return
		}
		resolved.Value = text
	}
	err := resolved.Decode(v.Addr().Interface())
	if v.CanInt() && n.Tag == "!!float" {
		err = errors.New("a fraction, which the decoder would cut off")
	}
	switch _, own := v.Addr().Interface().(encoding.TextUnmarshaler); {
	case err == nil:
	case own:
		d.bad(key, err.Error())
	default:
		d.bad(key, fmt.Sprintf("%q is wrong; want %s", n.Value, want(v)))
	}
}

// bad reports a problem with the value of a key, at the key or, if the file
// does not have it, at the section it belongs in.
func (d *document) bad(key, text string) {
	if p, ok := d.keys[key]; ok {
		p.bad = true
		d.keys[key] = p
	}
	at := key
	for !d.stated(at) {
		at = section(at)
	}
	d.add(d.keys[at].line, key, text)
}

func (d *document) add(line int, key, text string) {
	d.problems = append(d.problems, Problem{File: d.name, Line: line, Key: key, Text: text})
}

func (d *document) stated(key string) bool { _, ok := d.keys[key]; return ok }

// refused tells that the key has a problem already, or that a section it is in
// could not be read.
func (d *document) refused(key string) bool {
	for key != "" && !d.keys[key].bad {
		key = section(key)
	}
	return d.keys[key].bad
}

// quote is the value of a key as it is written.
func (d *document) quote(key string) string { return strconv.Quote(d.keys[key].text) }

// path resolves a relative path against the file's directory.
func (d *document) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(d.name), p)
}

func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return d.problems
}

// fieldsOf maps the keys of a section to the fields of its struct.
func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(t.Field(i).Name)
		}
		if name != "-" && t.Field(i).IsExported() {
			fields[name] = i
		}
	}
	return fields
}

func isScalar(v reflect.Value) bool {
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return true
	}
	return v.Kind() == reflect.String || v.Kind() == reflect.Bool || v.CanInt() || v.CanUint() || v.CanFloat()
}

// want describes the values that v can have.
func want(v reflect.Value) string {
	switch v.Interface().(type) {
	case time.Duration:
		return "a duration such as 90s, 10m or 2h"
	}
	switch {
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt() || v.CanUint():
		return "a whole number"
	case v.CanFloat():
		return "a number"
	case v.Kind() == reflect.Slice:
		return "a list"
	case isScalar(v):
		return "a text"
	}
	return "a section of keys and values"
}

// section is the key of the section that the key is in; "" is the whole file.
func section(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }

func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}
