package main

import (
	"maps"
	"slices"
	"strings"

	"standdown/mapping"
)

// A need is what the mapping asks of one object of the org.
type need struct {
	concepts []string // what it stands for, such as workflow
	object   string
	key      string // external id field, for objects that are created
	create   bool
	update   bool
	remove   bool
	post     bool // its feed is written to
	watched  bool
	fields   []fieldNeed
}

// A fieldNeed is what the mapping asks of one field.
type fieldNeed struct {
	concept, name string // ours, such as workflow and status
	path          string // the org's, perhaps through a lookup
	create        bool
	update        bool
	values        []string // the org's words that must be among its values
}

func (f fieldNeed) at() string { return f.concept + "." + f.name }

// An effect is what the rules have done to the records of a concept: fields
// that are set when one is created and when one is changed.
type effect struct {
	create, update string
	remove, post   bool
	// status is the field without which a record is removed instead of changed.
	status string
}

// effects are those of all verbs. A concept that is not here is only read.
var effects = map[string]effect{
	"workflow":               {update: "status cancel_reason"},
	"review":                 {update: "status"},
	"milestone":              {update: "status"},
	"case":                   {create: "subject description contact workflow assignment block request_type owner status", update: "owner status"},
	"referral":               {create: "case workflow team reason comments"},
	"contact":                {update: "service_state", post: true},
	"job":                    {update: "status abort_reason resource"},
	"allocation":             {create: "job resource status", update: "status", status: "status"},
	"assignment":             {update: "status requested_by cancelled_by cancelled_at ask waive waived_by", post: true},
	"assignment_interpreter": {update: "status"},
	"billing":                {create: "assignment status charge_minutes payout_minutes travel mileage expenses details waived_by", update: "status waived_by"},
	"block":                  {update: "state event_at reset_service reason notes job ticket contact sale", post: true},
	"ops_job":                {update: "state"},
	"ticket":                 {update: "state"},
	"sale":                   {update: "state"},
	"meeting":                {remove: true},
}

// needsOf lists what the mapping asks of the org, by object.
func needsOf(names *mapping.Mapping) []need {
	byObject := map[string]*need{}
	objects := names.Effective().Objects
	for _, concept := range slices.Sorted(maps.Keys(objects)) {
		o := objects[concept]
		if o.Name == "" || o.Name == "-" {
			continue
		}
		n := byObject[o.Name]
		if n == nil {
			n = &need{object: o.Name}
			byObject[o.Name] = n
		}
		e := effects[concept]
		n.concepts = append(n.concepts, concept)
		n.remove = n.remove || e.remove || e.status != "" && !mapped(o, e.status)
		n.post = n.post || e.post || concept == "case" && names.Answers()
		created, updated := strings.Fields(e.create), strings.Fields(e.update)
		if len(created) > 0 && o.Key != "" {
			n.key = o.Key
			n.create = true
		}
		for _, name := range slices.Sorted(maps.Keys(o.Fields)) {
			path := o.Fields[name]
			if !mapped(o, name) {
				continue
			}
			f := fieldNeed{concept: concept, name: name, path: path, create: slices.Contains(created, name), update: slices.Contains(updated, name)}
			n.update = n.update || f.update
			for _, value := range o.Values[name] {
				if value != "-" {
					f.values = append(f.values, value)
				}
			}
			slices.Sort(f.values)
			n.fields = append(n.fields, f)
		}
	}
	for _, w := range names.Watches() {
		if n := byObject[w.Object]; n != nil {
			n.watched = true
		}
	}
	var all []need
	for _, object := range slices.Sorted(maps.Keys(byObject)) {
		all = append(all, *byObject[object])
	}
	return all
}

// mapped tells whether the org has the field.
func mapped(o mapping.Object, field string) bool {
	return o.Fields[field] != "" && o.Fields[field] != "-"
}
