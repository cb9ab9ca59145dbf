package sandbox

import (
	"fmt"
	"strings"
)

// A Type is a field type, in the words of a Salesforce describe.
type Type string

// The field types an org knows.
const (
	ID            Type = "id"
	Text          Type = "string"
	LongText      Type = "textarea" // cannot be filtered in SOQL
	Checkbox      Type = "boolean"  // never null
	Number        Type = "double"
	Date          Type = "date"
	DateTime      Type = "datetime" // whole seconds
	Email         Type = "email"
	Phone         Type = "phone"
	Picklist      Type = "picklist"
	MultiPicklist Type = "multipicklist" // values joined by ";"
	Reference     Type = "reference"
)

// A Field is one field of an [Object]. The zero value of each flag is what is
// usual in an org: filterable, createable, updateable, nillable.
type Field struct {
	Name string
	Type Type
	// Label is what people see; empty is made of the name.
	Label string
	// Length is the longest text in characters; zero means what the type
	// usually has (255 for text, 80 for e-mail, 32000 for long text).
	Length int
	// Values are the entries of a picklist. With Restricted no other is taken.
	Values     []string
	Restricted bool
	// RefersTo names the objects a reference may point to; none means any.
	RefersTo []string
	// Children is the name of the list of rows that point here, as a child
	// subquery of the parent spells it, such as "Milestones__r".
	Children   string
	Unique     bool
	ExternalID bool
	Required   bool
	// ReadOnly fields are set by the org alone, CreateOnly ones never change.
	ReadOnly   bool
	CreateOnly bool
	// Auto numbers rows whose value is not given: "JOB-%04d".
	Auto string
}

// An Object is a type of record. [New] adds the fields every object has: Id,
// Name unless Nameless, the audit fields and IsDeleted.
type Object struct {
	Name  string
	Label string
	// Prefix is the first three characters of its ids; empty for custom
	// objects, which are numbered from a00.
	Prefix string
	// Nameless objects have no Name field.
	Nameless bool
	// Person objects compose Name from FirstName and LastName.
	Person bool
	// Managed objects are written by the org alone.
	Managed bool
	Fields  []Field
}

// Filterable reports whether SOQL may use the field in WHERE.
func (f *Field) Filterable() bool { return f.Type != LongText }

func (f *Field) length() int {
	switch {
	case f.Length > 0:
		return f.Length
	case f.Type == ID || f.Type == Reference:
		return 18
	case f.Type == Email:
		return 80
	case f.Type == Phone:
		return 40
	case f.Type == LongText:
		return 32000
	case f.Type == MultiPicklist:
		return 4099
	case f.Type == Text || f.Type == Picklist:
		return 255
	}
	return 0
}

// relationship is the name by which SOQL reaches the parent of a reference:
// AccountId -> Account, Homeowner__c -> Homeowner__r.
func (f *Field) relationship() string {
	if f.Type != Reference {
		return ""
	}
	if base, ok := strings.CutSuffix(f.Name, "__c"); ok {
		return base + "__r"
	}
	return strings.TrimSuffix(f.Name, "Id")
}

func (f *Field) custom() bool { return strings.HasSuffix(f.Name, "__c") }

// An entity is an Object made ready for use: complete, and indexed without
// regard to case, as Salesforce compares names.
type entity struct {
	Object
	fields   map[string]*Field
	parents  map[string]*Field
	children map[string]child
}

// A child is a list of rows of another entity that point here.
type child struct {
	entity *entity
	field  *Field
}

// A schema is all entities of an org, in order.
type schema struct {
	entities []*entity
	byName   map[string]*entity
	byPrefix map[string]*entity
}

// newSchema completes and links the objects; of two with one name the later
// holds.
func newSchema(objects []Object) (*schema, error) {
	s := &schema{byName: map[string]*entity{}, byPrefix: map[string]*entity{}}
	for _, o := range objects {
		e := newEntity(o)
		if old := s.byName[strings.ToLower(o.Name)]; old != nil {
			*old = *e
			continue
		}
		s.entities = append(s.entities, e)
		s.byName[strings.ToLower(o.Name)] = e
	}
	custom := 0
	for _, e := range s.entities {
		if e.Prefix == "" {
			e.Prefix = "a" + base62(custom, 2)
			custom++
		}
		if other := s.byPrefix[e.Prefix]; other != nil {
			return nil, fmt.Errorf("objects %s and %s have the same id prefix %s", other.Name, e.Name, e.Prefix)
		}
		s.byPrefix[e.Prefix] = e
	}
	for _, e := range s.entities {
		for i := range e.Fields {
			if err := s.link(e, &e.Fields[i]); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func newEntity(o Object) *entity {
	e := &entity{Object: o, fields: map[string]*Field{}, parents: map[string]*Field{}, children: map[string]child{}}
	e.Fields = []Field{{Name: "Id", Type: ID, ReadOnly: true}}
	if !o.Nameless && !o.has("Name") {
		e.Fields = append(e.Fields, Field{Name: "Name", Type: Text, Length: 80, ReadOnly: o.Person})
	}
	e.Fields = append(e.Fields, o.Fields...)
	e.Fields = append(e.Fields,
		Field{Name: "CreatedDate", Type: DateTime, ReadOnly: true},
		Field{Name: "CreatedById", Type: Reference, RefersTo: []string{"User"}, ReadOnly: true},
		Field{Name: "LastModifiedDate", Type: DateTime, ReadOnly: true},
		Field{Name: "LastModifiedById", Type: Reference, RefersTo: []string{"User"}, ReadOnly: true},
		Field{Name: "SystemModstamp", Type: DateTime, ReadOnly: true},
		Field{Name: "IsDeleted", Type: Checkbox, ReadOnly: true})
	return e
}

func (o *Object) has(name string) bool {
	for _, f := range o.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

func (s *schema) link(e *entity, f *Field) error {
	key := strings.ToLower(f.Name)
	if e.fields[key] != nil {
		return fmt.Errorf("object %s has two fields named %s", e.Name, f.Name)
	}
	e.fields[key] = f
	if f.Type != Reference {
		return nil
	}
	e.parents[strings.ToLower(f.relationship())] = f
	for _, name := range f.RefersTo {
		parent := s.byName[strings.ToLower(name)]
		if parent == nil {
			return fmt.Errorf("field %s.%s refers to the unknown object %s", e.Name, f.Name, name)
		}
		if f.Children != "" {
			parent.children[strings.ToLower(f.Children)] = child{e, f}
		}
	}
	return nil
}

func (s *schema) entity(name string) *entity { return s.byName[strings.ToLower(name)] }

func (e *entity) field(name string) *Field { return e.fields[strings.ToLower(name)] }

// targets lists the entities a reference may point to.
func (s *schema) targets(f *Field) []*entity {
	if len(f.RefersTo) == 0 {
		return s.entities
	}
	list := make([]*entity, len(f.RefersTo))
	for i, name := range f.RefersTo {
		list[i] = s.entity(name)
	}
	return list
}
