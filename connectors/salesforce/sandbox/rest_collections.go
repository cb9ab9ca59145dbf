package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

const (
	maxCollection = 200
	maxChunks     = 10
)

// routeCollections answers calls that touch up to 200 rows.
func (o *Org) routeCollections(c call, path []string) reply {
	switch len(path) {
	case 0:
		return c.methods(methods{
			"POST":   func(c call) reply { return o.collection(c, o.createEach) },
			"PATCH":  func(c call) reply { return o.collection(c, o.updateEach) },
			"DELETE": o.deleteCollection,
		})
	case 1:
		e := c.grants.entity(o.store.schema, path[0])
		if e == nil {
			return notFound("The requested resource does not exist").reply()
		}
		return c.methods(methods{
			"GET":  func(c call) reply { return o.retrieve(c, e) },
			"POST": func(c call) reply { return o.retrieve(c, e) },
		})
	case 2:
		e := c.grants.entity(o.store.schema, path[0])
		if e == nil {
			return notFound("The requested resource does not exist").reply()
		}
		f := c.grants.field(e, path[1])
		if f == nil || !f.ExternalID {
			return notFound("Provided external ID field does not exist or is not accessible: %s", path[1]).reply()
		}
		return c.methods(methods{"PATCH": func(c call) reply {
			return o.collection(c, func(c call, of *entity, fields map[string]any) (map[string]any, *Error) {
				if of != e {
					return nil, refuse("INVALID_TYPE", "%s does not match the type of the request, %s", of.Name, e.Name)
				}
				return o.upsertEach(c, e, f, fields)
			})
		}})
	}
	return notFound("The requested resource does not exist").reply()
}

// collection writes each record of the body. The answer is 200 and positional
// whatever becomes of them.
func (o *Org) collection(c call, write func(call, *entity, map[string]any) (map[string]any, *Error)) reply {
	var body struct {
		AllOrNone bool
		Records   []map[string]any
	}
	if err := c.decode(&body); err != nil {
		return err.reply()
	}
	if err := checkSize(len(body.Records)); err != nil {
		return err.reply()
	}
	types := make([]string, len(body.Records))
	chunks := 0
	for i, r := range body.Records {
		attributes, _ := r["attributes"].(map[string]any)
		if types[i], _ = attributes["type"].(string); types[i] == "" {
			return refuse("INVALID_INPUT", "record %d: attributes.type is missing", i).reply()
		}
		if i == 0 || !strings.EqualFold(types[i], types[i-1]) {
			chunks++
		}
	}
	if chunks > maxChunks {
		return refuse("INVALID_INPUT", "the records change type more than %d times", maxChunks).reply()
	}
	return o.each(body.AllOrNone, len(body.Records), func(i int) (map[string]any, *Error) {
		e := c.grants.entity(o.store.schema, types[i])
		if e == nil {
			return nil, refuse("INVALID_TYPE", "sObject type '%s' is not supported.", types[i])
		}
		return write(c, e, body.Records[i])
	})
}

// each makes n changes, all or as many as can be.
func (o *Org) each(allOrNone bool, n int, write func(int) (map[string]any, *Error)) reply {
	restore := func() {}
	if allOrNone {
		restore = o.store.snapshot()
	}
	results := make([]map[string]any, n)
	failed := make([]bool, n)
	for i := range n {
		res, err := write(i)
		if err != nil {
			res, failed[i] = err.rowResult(), true
		} else {
			res["success"], res["errors"] = true, []string{}
		}
		results[i] = res
	}
	if allOrNone && slices.Contains(failed, true) {
		restore()
		for i := range n {
			if !failed[i] {
				results[i] = refuse("ALL_OR_NONE_OPERATION_ROLLED_BACK",
					"Record rolled back because not all records were valid and the request was using AllOrNone header").rowResult()
			}
		}
	}
	return reply{http.StatusOK, nil, results}
}

func (o *Org) createEach(c call, e *entity, fields map[string]any) (map[string]any, *Error) {
	if id, _ := take(fields, "Id"); id != nil {
		return nil, refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call").on("Id")
	}
	id, err := o.insert(c, e, fields)
	return map[string]any{"id": id}, err
}

func (o *Org) updateEach(c call, e *entity, fields map[string]any) (map[string]any, *Error) {
	value, rest := take(fields, "Id")
	given, _ := value.(string)
	if given == "" {
		return nil, refuse("MISSING_ARGUMENT", "Id not specified in an update call")
	}
	id, ok := parseID(given)
	if !ok {
		return nil, refuse("MALFORMED_ID", "Id: id value of incorrect type: %s", given).on("Id")
	}
	return map[string]any{"id": id}, o.update(c, e, id, rest)
}

func (o *Org) upsertEach(c call, e *entity, f *Field, fields map[string]any) (map[string]any, *Error) {
	if id, _ := take(fields, "Id"); id != nil {
		return nil, refuse("INVALID_FIELD", "The Id field should not be specified in the sobject data.").on("Id")
	}
	value, rest := take(fields, f.Name)
	if value == nil {
		return nil, refuse("MISSING_ARGUMENT", "%s not specified", f.Name).on(f.Name)
	}
	_, found, err := o.byExternalID(c, e, f.Name, value)
	if err != nil {
		return nil, err
	}
	if len(found) > 1 {
		return nil, refuse("DUPLICATE_EXTERNAL_ID", "%s: more than one record found for external id field", f.Name).on(f.Name)
	}
	id, created, err := o.upsert(c, e, f, value, rest, found)
	return map[string]any{"id": id, "created": created}, err
}

func (o *Org) deleteCollection(c call) reply {
	ids := strings.Split(c.query.Get("ids"), ",")
	if c.query.Get("ids") == "" {
		ids = nil
	}
	if err := checkSize(len(ids)); err != nil {
		return err.reply()
	}
	return o.each(c.query.Get("allOrNone") == "true", len(ids), func(i int) (map[string]any, *Error) {
		id, ok := parseID(strings.TrimSpace(ids[i]))
		e := o.store.schema.byPrefix[(id + "   ")[:3]]
		if !ok || e == nil {
			return nil, refuse("MALFORMED_ID", "malformed id %s", ids[i])
		}
		return map[string]any{"id": id}, o.delete(c, e, id)
	})
}

// retrieve answers rows by id, null for each that is not there.
func (o *Org) retrieve(c call, e *entity) reply {
	body := struct{ IDs, Fields []string }{strings.Split(c.query.Get("ids"), ","), strings.Split(c.query.Get("fields"), ",")}
	if c.method == http.MethodPost {
		if err := c.decode(&body); err != nil {
			return err.reply()
		}
	}
	records := make([]any, len(body.IDs))
	for i, given := range body.IDs {
		id, ok := parseID(given)
		if !ok {
			return refuse("MALFORMED_ID", "malformed id %s", given).reply()
		}
		r := c.grants.visible(o.store.get(id, false))
		if r == nil || o.store.schema.byPrefix[id[:3]] != e {
			continue
		}
		out := map[string]any{"attributes": o.store.attributes(r, c.base)}
		for _, name := range body.Fields {
			f := c.grants.field(e, name)
			if f == nil {
				return refuse("INVALID_FIELD", "No such column '%s' on sobject of type %s", name, e.Name).reply()
			}
			out[f.Name] = wire(r[f.Name])
		}
		records[i] = out
	}
	return reply{http.StatusOK, nil, records}
}

func checkSize(n int) *Error {
	if n == 0 {
		return refuse("REQUIRED_FIELD_MISSING", "At least 1 record is required")
	}
	if n > maxCollection {
		return refuse("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than %d records into this call", maxCollection)
	}
	return nil
}

// take returns the value of a field and the other fields.
func take(fields map[string]any, name string) (value any, rest map[string]any) {
	rest = map[string]any{}
	for k, v := range fields {
		if strings.EqualFold(k, name) {
			value = v
		} else {
			rest[k] = v
		}
	}
	return value, rest
}
