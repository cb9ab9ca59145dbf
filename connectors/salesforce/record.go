package salesforce

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"standdown/connectors"
)

// toRecord makes a record of a row. The version holds a digest of the fields,
// as two changes within a second have one timestamp.
func toRecord(kind string, row map[string]any, fields []string) (connectors.Record, error) {
	id, _ := row["Id"].(string)
	if id == "" {
		return connectors.Record{}, &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("a row of %s has no Id", kind)}
	}
	stamp, _ := row["SystemModstamp"].(string)
	created, _ := row["CreatedDate"].(string)
	deleted, _ := row["IsDeleted"].(bool)
	record := connectors.Record{
		Ref:     connectors.Ref{Kind: kind, ID: id},
		At:      parseTime(stamp),
		Created: parseTime(created),
		Deleted: deleted,
		Fields:  pick(row, fields),
	}
	canonical, err := json.Marshal(record.Fields)
	if err != nil {
		return connectors.Record{}, err
	}
	digest := fnv.New64a()
	digest.Write(canonical)
	record.Version = fmt.Sprintf("%s %t %016x", stamp, deleted, digest.Sum64())
	return record, nil
}

// pick takes from a row what was asked for, without what describes the row.
func pick(row map[string]any, paths []string) map[string]any {
	fields := map[string]any{}
	for _, path := range paths {
		name, rest, dotted := strings.Cut(path, ".")
		if !dotted {
			fields[name] = valueOf(row, name)
			continue
		}
		parent, ok := valueOf(row, name).(map[string]any)
		if !ok {
			fields[name] = nil
			continue
		}
		nested, ok := fields[name].(map[string]any)
		if !ok {
			nested = map[string]any{}
			fields[name] = nested
		}
		merge(nested, pick(parent, []string{rest}))
	}
	return fields
}

// valueOf finds a field that was asked for in other letters than its name has.
func valueOf(row map[string]any, name string) any {
	if value, ok := row[name]; ok {
		return value
	}
	for field, value := range row {
		if strings.EqualFold(field, name) {
			return value
		}
	}
	return nil
}

// valueAt follows a dotted path into the parents.
func valueAt(row map[string]any, path string) any {
	for {
		name, rest, dotted := strings.Cut(path, ".")
		value := valueOf(row, name)
		if !dotted {
			return value
		}
		row, _ = value.(map[string]any)
		path = rest
	}
}

func merge(into, from map[string]any) {
	for name, value := range from {
		if deeper, ok := value.(map[string]any); ok {
			if already, ok := into[name].(map[string]any); ok {
				merge(already, deeper)
				continue
			}
		}
		into[name] = value
	}
}

func parseTime(s string) time.Time {
	t, err := time.Parse(wireTime, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
