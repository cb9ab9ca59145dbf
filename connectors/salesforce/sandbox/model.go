package sandbox

import (
	"slices"
	"strings"
)

// A Model is what an org calls things that [Standard] has under other names,
// and what it does without: an org of somebody else, who has never heard of
// Standdown. Fields that begin with Standdown_ are not in it.
type Model struct {
	// Objects are renamed; Standard's names lead to the org's.
	Objects map[string]RenamedObject
	// Without are objects, and fields such as "Case.Workflow__c", by Standard's
	// names, that the org does not have. What refers only to such an object is
	// not there either.
	Without []string
}

// A RenamedObject is an object under the names of an org. Whatever is empty or
// not mentioned is as in [Standard].
type RenamedObject struct {
	Name, Label string
	Fields      map[string]RenamedField
}

// A RenamedField is a field under the names of an org.
type RenamedField struct {
	Name, Label string
	// Values are those of a picklist, by Standard's values.
	Values map[string]string
}

// objects returns those of [Standard] as the org has them; nil is Standard.
func (m *Model) objects() []Object {
	if m == nil {
		return Standard()
	}
	var all []Object
	for _, o := range Standard() {
		if m.lacks(o.Name) {
			continue
		}
		theirs := m.Objects[o.Name]
		var fields []Field
		for _, f := range o.Fields {
			if f, ok := m.field(o.Name, f); ok {
				fields = append(fields, f)
			}
		}
		o.Fields = fields
		if theirs.Name != "" {
			o.Name, o.Label = theirs.Name, theirs.Label
		}
		all = append(all, o)
	}
	return all
}

// field returns a field of an object of [Standard] as the org has it, if it
// does.
func (m *Model) field(object string, f Field) (Field, bool) {
	if strings.HasPrefix(f.Name, "Standdown_") || m.lacks(object+"."+f.Name) {
		return f, false
	}
	if len(f.RefersTo) > 0 {
		var targets []string
		for _, target := range f.RefersTo {
			if !m.lacks(target) {
				targets = append(targets, m.object(target))
			}
		}
		if targets == nil {
			return f, false
		}
		f.RefersTo = targets
	}
	theirs := m.Objects[object].Fields[f.Name]
	if theirs.Name != "" {
		f.Name = theirs.Name
	}
	f.Label = theirs.Label
	f.Values = slices.Clone(f.Values)
	for i, v := range f.Values {
		if renamed, ok := theirs.Values[v]; ok {
			f.Values[i] = renamed
		}
	}
	return f, true
}

func (m *Model) lacks(name string) bool { return slices.Contains(m.Without, name) }

// object is what the org calls an object of [Standard].
func (m *Model) object(name string) string {
	if theirs := m.Objects[name].Name; theirs != "" {
		return theirs
	}
	return name
}

// has reports whether the org has an object of [Standard].
func (m *Model) has(object string) bool { return m == nil || !m.lacks(object) }

// row puts a record in [Standard]'s words into the org's, without what the org
// does not have.
func (m *Model) row(object string, fields map[string]any) (string, map[string]any) {
	if m == nil {
		return object, fields
	}
	theirs := map[string]any{}
	for name, value := range fields {
		if m.lacks(object + "." + name) {
			continue
		}
		renamed := m.Objects[object].Fields[name]
		if text, ok := value.(string); ok && renamed.Values != nil {
			value = renamed.words(text)
		}
		if renamed.Name != "" {
			name = renamed.Name
		}
		theirs[name] = value
	}
	return m.object(object), theirs
}

func (f RenamedField) words(text string) string {
	words := strings.Split(text, ";")
	for i, word := range words {
		if theirs, ok := f.Values[word]; ok {
			words[i] = theirs
		}
	}
	return strings.Join(words, ";")
}
