package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (o *Org) describeGlobal(c call) reply {
	var list []map[string]any
	for _, e := range o.store.schema.entities {
		if c.grants.object(e) != NoAccess {
			list = append(list, e.summary(c.base, c.grants))
		}
	}
	return reply{http.StatusOK, nil, map[string]any{"encoding": "UTF-8", "maxBatchSize": maxCollection, "sobjects": list}}
}

// summary describes an entity, as one user may use it, without its fields.
func (e *entity) summary(base string, g grants) map[string]any {
	label := e.Label
	if label == "" {
		label = strings.ReplaceAll(strings.TrimSuffix(e.Name, "__c"), "_", " ")
	}
	url := base + "/sobjects/" + e.Name
	writable := !e.Managed && g.object(e) == FullAccess
	return map[string]any{
		"name": e.Name, "label": label, "labelPlural": label + "s", "keyPrefix": e.Prefix,
		"custom": strings.HasSuffix(e.Name, "__c"), "customSetting": false,
		"createable": writable, "updateable": writable, "deletable": writable, "queryable": true, "retrieveable": true,
		"searchable": false, "undeletable": false, "mergeable": e.field("MasterRecordId") != nil, "triggerable": false, "layoutable": false,
		"replicateable": true, "activateable": false, "feedEnabled": true, "deprecatedAndHidden": false,
		"urls": map[string]any{"sobject": url, "describe": url + "/describe", "rowTemplate": url + "/{ID}"},
	}
}

// describe adds to the summary the fields and the lists of children.
func (s *schema) describe(e *entity, base string, g grants) map[string]any {
	out := e.summary(base, g)
	list := []map[string]any{}
	for i := range e.Fields {
		if access := g.to(e, &e.Fields[i]); access != NoAccess {
			list = append(list, e.Fields[i].describe(access == FullAccess && out["updateable"] == true))
		}
	}
	out["fields"] = list
	children := []map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(e.children)) {
		c := e.children[key]
		if g.object(c.entity) == NoAccess {
			continue
		}
		children = append(children, map[string]any{
			"childSObject": c.entity.Name, "field": c.field.Name, "relationshipName": c.field.Children,
			"cascadeDelete": false, "deprecatedAndHidden": false, "restrictedDelete": false,
		})
	}
	out["childRelationships"] = children
	out["recordTypeInfos"] = []any{}
	return out
}

func (f *Field) describe(writable bool) map[string]any {
	var relationship any
	if f.Type == Reference {
		relationship = f.relationship()
	}
	entries := []map[string]any{}
	for _, v := range f.Values {
		entries = append(entries, map[string]any{"value": v, "label": v, "active": true, "defaultValue": false, "validFor": nil})
	}
	label := f.Label
	if label == "" {
		label = strings.ReplaceAll(strings.TrimSuffix(f.Name, "__c"), "_", " ")
	}
	length := f.length()
	return map[string]any{
		"name": f.Name, "label": label, "type": f.Type,
		"soapType": f.soapType(), "length": length, "byteLength": 3 * length, "precision": f.digits(), "scale": 0, "digits": 0,
		"custom": f.custom(), "externalId": f.ExternalID, "idLookup": f.ExternalID || f.Type == ID,
		"unique": f.Unique, "caseSensitive": false, "nillable": !f.Required && f.Type != Checkbox && f.Type != ID,
		"createable": writable && !f.ReadOnly, "updateable": writable && !f.ReadOnly && !f.CreateOnly,
		"filterable": f.Filterable(), "sortable": f.Type != LongText && f.Type != MultiPicklist, "groupable": false,
		"aggregatable": true, "calculated": false, "calculatedFormula": nil, "autoNumber": f.Auto != "",
		"defaultedOnCreate": f.Type == Checkbox, "defaultValue": nil, "inlineHelpText": nil, "htmlFormatted": false,
		"nameField": f.Name == "Name" || f.Name == "CaseNumber", "namePointing": f.Type == Reference && len(f.RefersTo) != 1,
		"picklistValues": entries, "restrictedPicklist": f.Restricted, "dependentPicklist": false, "controllerName": nil,
		"referenceTo": append([]string{}, f.RefersTo...), "relationshipName": relationship, "relationshipOrder": nil,
		"deprecatedAndHidden": false, "encrypted": false, "permissionable": !f.ReadOnly,
	}
}

func (f *Field) soapType() string {
	switch f.Type {
	case ID, Reference:
		return "tns:ID"
	case Checkbox:
		return "xsd:boolean"
	case Number:
		return "xsd:double"
	case Date:
		return "xsd:date"
	case DateTime:
		return "xsd:dateTime"
	}
	return "xsd:string"
}

func (f *Field) digits() int {
	if f.Type == Number {
		return 18
	}
	return 0
}
