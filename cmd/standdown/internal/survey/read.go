package survey

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"standdown/connectors/salesforce"
	"standdown/mapping"
)

// most is how many objects are looked at, at most: a call tells of ten.
const most = 120

// A Reader is an org that can be asked.
type Reader interface {
	Objects(context.Context) ([]salesforce.Object, error)
	DescribeAll(context.Context, []string) (map[string]salesforce.Object, error)
}

// Read asks an org about the objects that may matter: those that presets name,
// those that are called alike, and those whose lookups lead to them. It takes
// one API call, and one for every ten of them. The error is that of the org.
func Read(ctx context.Context, org Reader, hints Hints) (Org, error) {
	listed, err := org.Objects(ctx)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, o := range listed {
		there[o.Name] = true
	}
	known := Org{}
	next := slices.DeleteFunc(candidates(listed), func(name string) bool { return said(hints, name) })
	next = append(slices.Sorted(maps.Values(hints.Objects)), next...)
	for len(next) > 0 && len(known) < most {
		found, err := org.DescribeAll(ctx, next[:min(len(next), most-len(known))])
		if err != nil {
			return nil, err
		}
		asked := next
		next = nil
		for _, name := range asked {
			o, ok := found[name]
			if !ok {
				continue
			}
			known[name] = o
			for _, child := range o.Children {
				if there[child.Object] && ownObject(child.Object) {
					next = append(next, child.Object)
				}
			}
		}
		slices.Sort(next)
		next = slices.DeleteFunc(slices.Compact(next), func(name string) bool { _, done := known[name]; return done || slices.Contains(asked, name) })
	}
	return known, nil
}

func said(hints Hints, name string) bool {
	return slices.Contains(slices.Collect(maps.Values(hints.Objects)), name)
}

// candidates are the objects to begin with, those that presets name first, then
// by how much they are called alike.
func candidates(listed []salesforce.Object) []string {
	likeness := map[string]float64{}
	for _, part := range mapping.Parts() {
		for _, preset := range part.Presets {
			names, err := namesOf(preset)
			if err != nil {
				continue // Propose says so
			}
			for _, c := range part.Concepts {
				w := wanted{c.Name, names.Objects[c.Name].Name, objectNames[c.Name], nil}
				for _, o := range listed {
					switch {
					case o.Name == w.theirs:
						likeness[o.Name] = 2
					case ownObject(o.Name):
						likeness[o.Name] = max(likeness[o.Name], w.calls(o.Name, o.Label))
					}
				}
			}
		}
	}
	var all []string
	for name, score := range likeness {
		if score >= 0.4 {
			all = append(all, name)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(likeness[b], likeness[a]), strings.Compare(a, b)) })
	return all
}

// ownObject tells an object that the org has made for itself.
func ownObject(name string) bool {
	bare, custom := strings.CutSuffix(name, "__c")
	return custom && !strings.Contains(bare, "__")
}
