package mapping

// A Part is what one rule book needs of an org, for whoever proposes a
// configuration.
type Part struct {
	// Presets name it; they are for different products, and only one is used.
	Presets []string
	// Anchor is the concept without which there is nothing to decide.
	Anchor string
	// Concepts are the kinds of records that the rule book deals with.
	Concepts []Concept
}

// A Concept is a kind of record in the business's words.
type Concept struct {
	Name     string
	Optional bool // an org may do without
	Created  bool // records of it are created, so it needs a key
	Fields   []Field
}

// A Field is one thing known about a concept.
type Field struct {
	Name     string
	Optional bool
	To       string   // the concept it leads to, if it is a lookup to one
	Values   []string // what it can be; each must stand for a value of the org
	Also     []string // what it can be in some orgs
}

// Parts returns everything that a configuration can be about. The caller owns
// the result.
func Parts() []Part {
	var all []Part
	for _, p := range parts {
		part := Part{Presets: p.presets(), Anchor: p.anchor}
		for _, c := range p.concepts {
			concept := Concept{Name: c.name, Optional: c.optional, Created: c.created}
			for _, f := range c.fields {
				concept.Fields = append(concept.Fields, Field{f.name, f.optional, f.to, append([]string(nil), f.values...), append([]string(nil), f.also...)})
			}
			part.Concepts = append(part.Concepts, concept)
		}
		all = append(all, part)
	}
	return all
}
