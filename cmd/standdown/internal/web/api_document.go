package web

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
)

// few are the types with few values.
var few = map[reflect.Type]func() []string{
	reflect.TypeFor[store.State]():  func() []string { return strs(store.States()) },
	reflect.TypeFor[store.Signal](): func() []string { return strs(signals()) },
	reflect.TypeFor[Role]():         func() []string { return strs(Roles()) },
}

func signals() (all []store.Signal) {
	for _, a := range answers {
		all = append(all, a.signal)
	}
	return all
}

func strs[T ~string](all []T) []string {
	var out []string
	for _, one := range all {
		out = append(out, string(one))
	}
	return out
}

// An object is JSON.
type object = map[string]any

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// describe returns what the routes are, as an OpenAPI 3.1 document. People are
// known by the cookie.
func describe(all []route, cookie string) []byte {
	d := schemas{names: map[reflect.Type]string{}, all: object{}}
	failure := object{"description": "It was refused; the detail says why, and what would be right.", "content": object{
		"application/problem+json": object{"schema": d.of(reflect.TypeFor[problem]())},
	}}
	paths := object{}
	for _, one := range all {
		good := "What was asked for."
		if one.in != nil {
			good = "It was done."
		}
		operation := object{
			"summary":     one.summary,
			"description": "Needs the role " + string(one.need) + ".",
			"operationId": operationID(one),
			"responses": object{
				"200":     object{"description": good, "content": object{"application/json": object{"schema": d.of(one.out)}}},
				"default": failure,
			},
		}
		parameters := []any{}
		for _, m := range pathParameter.FindAllStringSubmatch(one.path, -1) {
			parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
		}
		for _, p := range one.query {
			schema := d.of(reflect.TypeOf(p.of))
			if p.many {
				schema = object{"type": "array", "items": schema}
			}
			parameters = append(parameters, object{"name": p.name, "in": "query", "description": p.about, "required": p.needed, "schema": schema})
		}
		if len(parameters) > 0 {
			operation["parameters"] = parameters
		}
		if one.in != nil {
			operation["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": d.of(one.in)}}}
		}
		path, ok := paths[apiRoot+one.path].(object)
		if !ok {
			path = object{}
			paths[apiRoot+one.path] = path
		}
		path[strings.ToLower(one.method)] = operation
	}
	document, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Standdown", "version": "1",
			"description": "What the pages are for people: the same things, the same acts, under the same roles and with the same refusals. Each act is kept with the name of whose token it was. " +
				"Times are RFC 3339 in UTC. Lists come page by page: give next as after. Names and meanings do not change; new ones are added.",
		},
		"paths": paths,
		"components": object{
			"schemas": d.all,
			"securitySchemes": object{
				"token":   object{"type": "http", "scheme": "bearer", "description": "made by: standdown web token NAME"},
				"session": object{"type": "apiKey", "in": "cookie", "name": cookie, "description": "of who has signed in on the pages"},
			},
		},
		// The last is for one who only looks, on the daemon's own machine, where no users are configured.
		"security": []any{object{"token": []any{}}, object{"session": []any{}}, object{}},
	}, "", "  ")
	if err != nil {
		panic(err) // it is made of what JSON has
	}
	return document
}

// operationID is what generated programs call it, such as getDecisions.
func operationID(one route) string {
	id := strings.ToLower(one.method)
	for _, part := range strings.FieldsFunc(one.path, func(r rune) bool { return strings.ContainsRune("/{}", r) }) {
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// schemas are those of the types that have been met.
type schemas struct {
	names map[reflect.Type]string
	all   object
}

// of returns the schema of what encoding/json makes of the type.
func (d schemas) of(t reflect.Type) object {
	if values, ok := few[t]; ok {
		return object{"type": "string", "enum": values()}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return d.of(t.Elem())
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": d.of(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": d.of(t.Elem())}
	case t.Kind() == reflect.Interface:
		return object{}
	case t.Kind() == reflect.String:
		return object{"type": "string"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return object{"type": "integer"}
	case t.Kind() == reflect.Struct && strings.Contains(t.Name(), "["):
		return d.fields(t)
	case t.Kind() == reflect.Struct:
		return object{"$ref": "#/components/schemas/" + d.name(t)}
	}
	panic("web: the API cannot show a " + t.String())
}

// name is what the document calls a type of ours.
func (d schemas) name(t reflect.Type) string {
	if name, ok := d.names[t]; ok {
		return name
	}
	name := strings.TrimPrefix(t.Name(), "api")
	name = strings.ToUpper(name[:1]) + name[1:]
	if d.all[name] != nil { // of another package
		pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	d.names[t], d.all[name] = name, object{}
	d.all[name] = d.fields(t)
	return name
}

// fields is the schema of a struct.
func (d schemas) fields(t reflect.Type) object {
	properties, required := object{}, []string{}
	d.add(t, properties, &required)
	slices.Sort(required)
	return object{"type": "object", "properties": properties, "required": required}
}

func (d schemas) add(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			d.add(f.Type, properties, required)
			continue
		case name == "-":
			continue
		case name == "":
			panic("web: the API has no name for " + t.String() + "." + f.Name)
		}
		schema := d.of(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			schema["description"] = doc
		}
		properties[name] = schema
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}
