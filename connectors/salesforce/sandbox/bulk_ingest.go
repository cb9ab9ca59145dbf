package sandbox

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var bulkOperations = []string{"insert", "update", "upsert", "delete", "hardDelete"}

func (j *job) prepareIngest(o *Org, externalID string) *Error {
	if j.query {
		return nil
	}
	if !slices.Contains(bulkOperations, j.operation) {
		return refuse("INVALIDJOB", "unknown operation %s", abbreviate(j.operation))
	}
	if j.entity = j.grants.entity(o.store.schema, j.object); j.entity == nil {
		return refuse("INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", abbreviate(j.object))
	}
	j.object = j.entity.Name
	if j.operation != "upsert" {
		return nil
	}
	j.field = j.grants.field(j.entity, externalID)
	if j.field == nil || !j.field.ExternalID && j.field.Type != ID {
		return refuse("INVALIDJOB", "externalIdFieldName: %s is no external id of %s", abbreviate(externalID), j.object)
	}
	return nil
}

func (j *job) upload(c call) reply {
	if j.query || j.state != "Open" {
		return refuse("INVALIDJOBSTATE", "the job takes no data").reply()
	}
	r := csv.NewReader(bytes.NewReader(c.body))
	r.Comma = delimiters[j.delimiter]
	table, err := r.ReadAll()
	if err != nil || len(table) == 0 {
		return refuse("INVALIDBATCH", "the data is no CSV with a header").reply()
	}
	j.header, j.table = table[0], table[1:]
	return reply{status: http.StatusCreated}
}

// ingest writes the rows, each by itself.
func (j *job) ingest(o *Org) {
	j.state = "JobComplete"
	for _, name := range j.header {
		first, _, _ := strings.Cut(name, ".")
		if j.grants.field(j.entity, first) == nil && j.grants.parent(j.entity, first) == nil {
			j.state, j.message = "Failed", "InvalidBatch : Field name not found : "+name
			return
		}
	}
	// Assignment rules run over the Bulk API only when asked for.
	c := call{user: j.user, base: j.base, grants: j.grants, header: http.Header{"Sforce-Auto-Assign": {"FALSE"}}}
	for _, cells := range j.table {
		fields := j.fields(cells)
		given, _ := take(fields, "Id")
		id, _ := given.(string)
		result, err := j.one(o, c, fields)
		if err != nil {
			text := err.Code + ":" + err.Message + ":" + strings.Join(err.Fields, " ") + " --"
			j.refused = append(j.refused, slices.Concat([]string{id, text}, cells))
			continue
		}
		id, _ = result["id"].(string)
		created := j.operation == "insert" || result["created"] == true
		j.succeeded = append(j.succeeded, slices.Concat([]string{id, strconv.FormatBool(created)}, cells))
	}
}

func (j *job) one(o *Org, c call, fields map[string]any) (map[string]any, *Error) {
	switch j.operation {
	case "insert":
		return o.createEach(c, j.entity, fields)
	case "upsert":
		if j.field.Type != ID {
			return o.upsertEach(c, j.entity, j.field, fields)
		}
		if id, rest := take(fields, "Id"); id == nil {
			return o.createEach(c, j.entity, rest)
		}
	case "delete", "hardDelete":
		given, _ := take(fields, "Id")
		text, _ := given.(string)
		id, ok := parseID(text)
		if !ok {
			return nil, refuse("MALFORMED_ID", "malformed id %s", abbreviate(text))
		}
		return map[string]any{"id": id}, o.delete(c, j.entity, id)
	}
	return o.updateEach(c, j.entity, fields)
}

// fields reads a line: an empty cell leaves its field alone, #N/A clears it,
// and a column such as Homeowner__r.Key__c names a parent.
func (j *job) fields(cells []string) map[string]any {
	fields := map[string]any{}
	for i, name := range j.header {
		var value any = cells[i]
		switch relation, key, isParent := strings.Cut(name, "."); {
		case value == "":
		case isParent:
			fields[relation] = map[string]any{key: value}
		case value == "#N/A":
			fields[name] = nil
		default:
			fields[name] = value
		}
	}
	return fields
}

// results answers the rows that came to one end, with what the job adds.
func (j *job) results(added []string, rows [][]string) func(call) reply {
	return func(call) reply {
		return reply{http.StatusOK, nil, j.write(slices.Concat(added, j.header), rows)}
	}
}
