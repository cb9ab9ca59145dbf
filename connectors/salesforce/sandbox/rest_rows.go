package sandbox

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// routeRows answers calls about one object, or one row of it.
func (o *Org) routeRows(c call, path []string) reply {
	e := c.grants.entity(o.store.schema, path[0])
	if e == nil {
		return notFound("The requested resource does not exist").reply()
	}
	switch {
	case len(path) == 1:
		return c.methods(methods{
			"GET": func(call) reply {
				return reply{http.StatusOK, nil, map[string]any{"objectDescribe": e.summary(c.base, c.grants)}}
			},
			"POST": func(c call) reply { return o.createRow(c, e) },
		})
	case len(path) == 2 && path[1] == "describe":
		return c.methods(methods{"GET": func(c call) reply { return reply{http.StatusOK, nil, o.store.schema.describe(e, c.base, c.grants)} }})
	case len(path) == 2 && path[1] == "updated":
		return c.methods(methods{"GET": func(c call) reply { return o.updated(c, e) }})
	case len(path) == 2 && path[1] == "deleted":
		return c.methods(methods{"GET": func(c call) reply { return o.deleted(c, e) }})
	case len(path) == 2 && strings.EqualFold(path[1], "Id"):
		return c.methods(methods{"POST": func(c call) reply { return o.createRow(c, e) }})
	case len(path) == 2:
		id, ok := parseID(path[1])
		if !ok {
			return notFound("Provided external ID field does not exist or is not accessible: %s", path[1]).reply()
		}
		return o.row(c, e, id)
	case len(path) == 3:
		return o.rowByExternalID(c, e, path[1], path[2])
	}
	return notFound("The requested resource does not exist").reply()
}

func (o *Org) row(c call, e *entity, id string) reply {
	return c.methods(methods{
		"GET": func(c call) reply { return o.readRow(c, e, id) },
		"PATCH": func(c call) reply {
			fields, err := c.rowBody("Id")
			if err == nil {
				err = o.precondition(c, e, id)
			}
			if err == nil {
				err = o.update(c, e, id, fields)
			}
			if err != nil {
				return err.reply()
			}
			return reply{status: http.StatusNoContent}
		},
		"DELETE": func(c call) reply {
			if err := o.delete(c, e, id); err != nil {
				return err.reply()
			}
			return reply{status: http.StatusNoContent}
		},
	})
}

func (o *Org) createRow(c call, e *entity) reply {
	fields, err := c.rowBody("Id")
	if err != nil {
		return err.reply()
	}
	id, err := o.insert(c, e, fields)
	if err != nil {
		return err.reply()
	}
	return reply{http.StatusCreated, map[string]string{"Location": c.base + "/sobjects/" + e.Name + "/" + id},
		map[string]any{"id": id, "success": true, "errors": []any{}}}
}

func (o *Org) readRow(c call, e *entity, id string) reply {
	if _, err := o.store.live(e, id); err != nil {
		return err.reply()
	}
	r := c.grants.visible(o.store.get(id, false))
	if r == nil {
		return notFound("The requested resource does not exist").reply()
	}
	changed := r["LastModifiedDate"].(time.Time)
	if since, err := http.ParseTime(c.header.Get("If-Modified-Since")); err == nil && !changed.After(since) {
		return reply{status: http.StatusNotModified}
	}
	header := map[string]string{"Last-Modified": changed.Format(http.TimeFormat)}
	if tag := etag(e, r); tag != "" {
		header["ETag"] = tag
		if c.header.Get("If-None-Match") == tag {
			return reply{http.StatusNotModified, header, nil}
		}
	}
	out := map[string]any{"attributes": o.store.attributes(r, c.base)}
	var names []string
	for i := range e.Fields {
		if c.grants.to(e, &e.Fields[i]) != NoAccess {
			names = append(names, e.Fields[i].Name)
		}
	}
	if asked := c.query.Get("fields"); asked != "" {
		names = strings.Split(asked, ",")
	}
	for _, name := range names {
		f := c.grants.field(e, strings.TrimSpace(name))
		if f == nil {
			return refuse("INVALID_FIELD", "No such column '%s' on sobject of type %s", name, e.Name).reply()
		}
		out[f.Name] = wire(r[f.Name])
	}
	return reply{http.StatusOK, header, out}
}

// etag marks the version of an account; other objects have none.
func etag(e *entity, r row) string {
	if e.Name != "Account" {
		return ""
	}
	h := fnv.New64a()
	fmt.Fprint(h, r) // maps print in order of their keys
	return fmt.Sprintf(`"%x"`, h.Sum64())
}

func (o *Org) rowByExternalID(c call, e *entity, field, value string) reply {
	if strings.EqualFold(field, "Id") {
		id, ok := parseID(value)
		if !ok {
			return refuse("MALFORMED_ID", "bad id %s", value).reply()
		}
		return o.row(c, e, id)
	}
	f, found, err := o.byExternalID(c, e, field, value)
	if err != nil {
		return err.reply()
	}
	if len(found) > 1 {
		urls := make([]string, len(found))
		for i, r := range found {
			urls[i] = c.base + "/sobjects/" + e.Name + "/" + r["Id"].(string)
		}
		return reply{http.StatusMultipleChoices, nil, urls}
	}
	if c.method == http.MethodPatch {
		return o.upsertRow(c, e, f, value, found)
	}
	if len(found) == 0 {
		return notFound("The requested resource does not exist").reply()
	}
	return o.row(c, e, found[0]["Id"].(string))
}

func (o *Org) upsertRow(c call, e *entity, f *Field, value string, found []row) reply {
	fields, err := c.rowBody("Id", f.Name)
	if err != nil {
		return err.reply()
	}
	if len(found) == 0 && c.query.Get("updateOnly") == "true" {
		return notFound("The requested resource does not exist").reply()
	}
	if len(found) == 1 {
		if err := o.precondition(c, e, found[0]["Id"].(string)); err != nil {
			return err.reply()
		}
	}
	id, created, err := o.upsert(c, e, f, value, fields, found)
	if err != nil {
		return err.reply()
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return reply{status, nil, map[string]any{"id": id, "success": true, "errors": []any{}, "created": created}}
}

// byExternalID finds the rows that an external id names.
func (o *Org) byExternalID(c call, e *entity, field string, value any) (*Field, []row, *Error) {
	f := c.grants.field(e, field)
	if f == nil || !f.ExternalID {
		return nil, nil, notFound("Provided external ID field does not exist or is not accessible: %s", field)
	}
	found, err := o.store.find(e, f, value)
	return f, slices.DeleteFunc(found, func(r row) bool { return !c.grants.sees(r) }), err
}

// rowBody decodes the fields of a row, some of which belong in the path.
func (c call) rowBody(inPath ...string) (map[string]any, *Error) {
	var fields map[string]any
	if err := c.decode(&fields); err != nil {
		return nil, err
	}
	for name := range fields {
		for _, p := range inPath {
			if strings.EqualFold(name, p) {
				return nil, refuse("INVALID_FIELD", "The %s field should not be specified in the sobject data.", p).on(p)
			}
		}
	}
	return fields, nil
}

// precondition checks If-Match, of accounts, and If-Unmodified-Since against
// the last change, by whole seconds: an edit within the same second passes, as
// it does in Salesforce.
func (o *Org) precondition(c call, e *entity, id string) *Error {
	match, header := c.header.Get("If-Match"), c.header.Get("If-Unmodified-Since")
	if match == "" && header == "" {
		return nil
	}
	r, err := o.store.live(e, id)
	if err != nil {
		return err
	}
	if tag := etag(e, r); match != "" && tag != "" && match != tag {
		return modified("the record no longer matches " + match)
	}
	since, perr := http.ParseTime(header)
	if header != "" && perr != nil {
		return refuse("INVALID_ARGUMENT_TYPE", "If-Unmodified-Since: %q is no HTTP date", header)
	}
	if header != "" && r["LastModifiedDate"].(time.Time).After(since) {
		return modified("the record was modified after " + header)
	}
	return nil
}

func modified(message string) *Error {
	return &Error{Status: http.StatusPreconditionFailed, Code: "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", Message: message}
}

func (o *Org) insert(c call, e *entity, fields map[string]any) (string, *Error) {
	fields, err := o.admit(c, e, "", fields)
	if err != nil {
		return "", err
	}
	id, err := o.store.insert(e, fields, stamp{c.user, o.now()})
	if err == nil {
		o.origins[id] = c.origin()
	}
	return id, err
}

func (o *Org) update(c call, e *entity, id string, fields map[string]any) *Error {
	fields, err := o.admit(c, e, id, fields)
	if err == nil {
		err = o.store.update(e, id, fields, stamp{c.user, o.now()})
	}
	if err == nil {
		o.origins[id] = c.origin()
	}
	return err
}

func (o *Org) delete(c call, e *entity, id string) *Error {
	_, err := o.admit(c, e, id, nil)
	if err == nil {
		err = o.store.delete(e, id, stamp{c.user, o.now()})
	}
	if err == nil {
		o.origins[id] = c.origin()
	}
	return err
}

// origin names the API and the client of a call.
func (c call) origin() string {
	name := "com/salesforce/api/rest/" + strings.TrimPrefix(c.base, "/services/data/v")
	for part := range strings.SplitSeq(c.client, ",") {
		if client, ok := strings.CutPrefix(strings.TrimSpace(part), "client="); ok {
			name += ";client=" + client
		}
	}
	return name
}

// admit checks all that stands before a write but the rules of the entity,
// and returns the fields with the owner an assignment rule gives. Nil fields
// are those of a delete.
func (o *Org) admit(c call, e *entity, id string, fields map[string]any) (map[string]any, *Error) {
	if e.Managed {
		return nil, unmanageable(e)
	}
	if err := c.grants.mayWrite(e, id, fields); err != nil {
		return nil, err
	}
	if err := o.lockFault(e, id); err != nil {
		return nil, err
	}
	if err := o.unlocked(id, c.user); err != nil {
		return nil, err
	}
	owner := o.ownerID(o.opts.AssignTo[e.Name])
	if fields == nil || owner == "" || strings.EqualFold(c.header.Get("Sforce-Auto-Assign"), "FALSE") {
		return fields, nil
	}
	_, fields = take(fields, "OwnerId")
	fields["OwnerId"] = owner
	return fields, nil
}

func unmanageable(e *entity) *Error {
	return refuse("INVALID_TYPE_FOR_OPERATION", "entity type %s does not support this operation", e.Name)
}

// upsert changes the one row found, or makes one that carries the value.
func (o *Org) upsert(c call, e *entity, f *Field, value any, fields map[string]any, found []row) (id string, created bool, err *Error) {
	if len(found) == 1 {
		id = found[0]["Id"].(string)
		return id, false, o.update(c, e, id, fields)
	}
	fields = maps.Clone(fields)
	if fields == nil {
		fields = map[string]any{}
	}
	fields[f.Name] = value
	id, err = o.insert(c, e, fields)
	return id, true, err
}
