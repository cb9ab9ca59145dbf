package salesforce

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"standdown/connectors"
)

// toRecord makes a record of a row, without its version.
func toRecord(kind string, row map[string]any, fields []string) (connectors.Record, error) {
	id, _ := row["Id"].(string)
	if id == "" {
		return connectors.Record{}, &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("a row of %s has no Id", kind)}
	}
	stamp, _ := row["SystemModstamp"].(string)
	created, _ := row["CreatedDate"].(string)
	deleted, _ := row["IsDeleted"].(bool)
	return connectors.Record{
		Ref:     connectors.Ref{Kind: kind, ID: id},
		At:      parseTime(stamp),
		Created: parseTime(created),
		Deleted: deleted,
		Fields:  pick(row, fields),
	}, nil
}

// versionOf names a version of a record that was made of a row. It holds a digest
// of the fields, as two changes within a second have one timestamp.
func versionOf(r connectors.Record, row map[string]any) (string, error) {
	canonical, err := json.Marshal(r.Fields)
	if err != nil {
		return "", err
	}
	digest := fnv.New64a()
	digest.Write(canonical)
	stamp, _ := row["SystemModstamp"].(string)
	return fmt.Sprintf("%s %t %016x", stamp, r.Deleted, digest.Sum64()), nil
}

// pick takes from a row what was asked for, without what describes the row.
func pick(row map[string]any, paths []string) map[string]any {
	fields := make(map[string]any, len(paths))
	for _, path := range paths {
		pickOne(fields, row, path)
	}
	return fields
}

func pickOne(fields, row map[string]any, path string) {
	name, rest, dotted := strings.Cut(path, ".")
	value := valueOf(row, name)
	if !dotted {
		fields[name] = value
		return
	}
	parent, ok := value.(map[string]any)
	if !ok {
		fields[name] = nil
		return
	}
	nested, ok := fields[name].(map[string]any)
	if !ok {
		nested = map[string]any{}
		fields[name] = nested
	}
	pickOne(nested, parent, rest)
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

func parseTime(s string) time.Time {
	t, err := time.Parse(wireTime, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
