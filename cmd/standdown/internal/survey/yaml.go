package survey

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML is the proposal as the section mapping of a configuration: what differs
// from the presets, each with its confidence and why, and, behind a #, what is
// for a person to decide.
func (p Proposal) YAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mapping:\n  presets: [%s]\n", strings.Join(p.Presets, ", "))
	for _, c := range p.Parts {
		if c.Verdict == Open {
			fmt.Fprintf(&b, "  # %s\n", c)
		}
	}
	tree := &branch{}
	for _, c := range p.Choices {
		if c.Verdict != AsPreset && c.Verdict != Made {
			tree.grow(strings.Split(c.At, "."), c)
		}
	}
	if len(tree.limbs) > 0 {
		(&branch{name: "objects", limbs: tree.limbs}).write(&b, "  ", tree.live())
	}
	return b.String()
}

// note says how sure a choice is and why, or what there is to decide.
func (c Choice) note() string {
	var may []string
	for _, r := range c.Candidates {
		may = append(may, fmt.Sprintf("%s (%d %%: %s)", r.Name, r.Percent, r.Why))
	}
	switch {
	case c.Verdict == Found:
		return fmt.Sprintf("%d %%: %s", c.Percent, c.Why)
	case len(may) == 1:
		return "to decide: is it " + may[0] + "?"
	case len(may) > 0:
		return "to decide: " + strings.Join(may, " or ")
	case c.Verdict == Made:
		return "standdown org package makes it"
	}
	return "not found"
}

// String says what the choice is about and how it stands.
func (c Choice) String() string { return c.At + ": " + c.note() }

// A branch is a key of the section with those below it, in order; or a choice.
type branch struct {
	name   string
	choice *Choice
	limbs  []*branch
}

func (t *branch) grow(path []string, c Choice) {
	if len(path) == 0 {
		t.choice = &c
		return
	}
	for _, limb := range t.limbs {
		if limb.name == path[0] {
			limb.grow(path[1:], c)
			return
		}
	}
	limb := &branch{name: path[0]}
	t.limbs = append(t.limbs, limb)
	limb.grow(path[1:], c)
}

// live tells whether there is anything below that is not behind a #.
func (t *branch) live() bool {
	if t.choice != nil {
		return t.choice.Name != ""
	}
	for _, limb := range t.limbs {
		if limb.live() {
			return true
		}
	}
	return false
}

// write writes the branch; if it is not live, or what it is in is not, behind a #.
func (t *branch) write(b *strings.Builder, indent string, live bool) {
	live = live && t.live()
	if !live {
		indent += "# "
	}
	if t.choice != nil {
		value := ""
		if t.choice.Name != "" {
			value = " " + scalar(t.choice.Name)
		}
		fmt.Fprintf(b, "%s%s:%s # %s\n", indent, scalar(t.name), value, t.choice.note())
		return
	}
	fmt.Fprintf(b, "%s%s:\n", indent, scalar(t.name))
	if !live {
		indent = strings.TrimSuffix(indent, "# ")
	}
	for _, limb := range t.limbs {
		limb.write(b, indent+"  ", live)
	}
}

// scalar writes a text so that YAML reads it as one, and the configuration does
// not take it for a variable.
func scalar(s string) string {
	if s == "-" {
		return `"-"` // as the presets write it
	}
	quoted, err := yaml.Marshal(strings.ReplaceAll(s, "${", "$${"))
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(quoted), "\n")
}
