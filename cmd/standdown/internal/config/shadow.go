package config

import (
	"slices"
	"strconv"

	"standdown/cmd/standdown/internal/spelling"
)

// Shadow is about verbs that are decided and not done, so that it can be seen
// where people do otherwise: those whose mode is shadow.
type Shadow struct {
	// All puts every verb into shadow that is not off, whatever Autonomy says,
	// and leaves mails where and as they are.
	All bool `yaml:"all"`
	// Except are verbs for which All does not count.
	Except []string `yaml:"except"`
	// After is how many business days people have before it is looked what they
	// did.
	After int `yaml:"after"`
	// Report is when operators are told how people did.
	Report Schedule `yaml:"report"`
}

func (s Shadow) check(d *document) {
	if s.After < 0 || s.After > 60 {
		d.refuse("shadow.after", "is no number of business days here; want 0 (the same day) to 60")
	}
	if len(s.Except) > 0 && !s.All {
		d.refuse("shadow.except", "is not used without all")
	}
}

// apply puts verbs into shadow.
func (s Shadow) apply(d *document, autonomy map[string]string) {
	var verbs []string
	for verb, mode := range autonomy {
		verbs = append(verbs, verb)
		if s.All && mode != "off" && !slices.Contains(s.Except, verb) {
			autonomy[verb] = "shadow"
		}
	}
	slices.Sort(verbs)
	for i, verb := range s.Except {
		if !slices.Contains(verbs, verb) {
			d.bad(join("shadow.except", strconv.Itoa(i)), "no such verb; "+spelling.Suggest(verb, verbs))
		}
	}
}
