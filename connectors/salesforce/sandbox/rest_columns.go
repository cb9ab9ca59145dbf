package sandbox

import "net/http"

// columns answers what a query would return, instead of running it:
// /query?q=...&columns=true, which clients use to lay out tables.
func (o *Org) columns(c call, soql string) reply {
	p, err := o.store.compile(soql, c.base, c.path[0] == "queryAll", c.grants)
	if err != nil {
		return err.reply()
	}
	return reply{http.StatusOK, nil, map[string]any{
		"columnMetadata": p.columns(), "entityName": p.entity.Name, "keyPrefix": p.entity.Prefix, "groupBy": false, "idSelected": false,
	}}
}

func (p *plan) columns() []map[string]any {
	list := []map[string]any{}
	for _, item := range p.items {
		switch {
		case item.children != nil:
			list = append(list, joined(item.name, true, item.children.columns()))
		case p.aggregate:
			list = append(list, joined(item.name, true, nil))
		default:
			leaf := describeColumn(item.column.field)
			for i := len(item.column.parents) - 1; i >= 0; i-- {
				leaf = joined(item.column.parents[i].relationship(), false, []map[string]any{leaf})
			}
			list = append(list, leaf)
		}
	}
	return list
}

func describeColumn(f *Field) map[string]any {
	column := joined(f.Name, false, nil)
	column["custom"], column["insertable"], column["updatable"] = f.custom(), !f.ReadOnly, !f.ReadOnly && !f.CreateOnly
	column["booleanType"], column["numberType"], column["textType"] = f.Type == Checkbox, f.Type == Number, f.Type != Checkbox && f.Type != Number
	return column
}

func joined(name string, aggregate bool, inner []map[string]any) map[string]any {
	return map[string]any{"columnName": name, "displayName": name, "aggregate": aggregate, "foreignKeyName": nil, "joinColumns": append([]map[string]any{}, inner...)}
}
