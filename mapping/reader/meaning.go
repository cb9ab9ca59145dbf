package reader

import "strings"

// meanings says what a verb means with what it is about. "?" wants evidence in
// the rest of the mail, "weak" is left to a person, "other" is somebody else's
// business, "-" says nothing.
const meanings = `
| verb         | contract | project    | vague      | part       | visit      | cancellation | cancelled-visit | message | hold     | when       | other | none        | unknown |
|--------------|----------|------------|------------|------------|------------|--------------|-----------------|---------|----------|------------|-------|-------------|---------|
| cancel       | cancel   | cancel     | cancel?    | weak       | visit      | restore      | weak            | weak    | end-hold | cancel?    | other | cancel?     | weak    |
| other-cancel | cancel   | cancel     | cancel?    | weak       | visit      | restore      | weak            | weak    | weak     | cancel?    | other | cancel?     | weak    |
| drop         | cancel   | weak       | weak       | weak       | weak       | restore      | weak            | weak    | end-hold | -          | -     | -           | -       |
| terminate    | cancel   | weak       | weak       | weak       | weak       | restore      | weak            | weak    | end-hold | weak       | other | weak        | weak    |
| disregard    | weak     | weak       | -          | -          | -          | restore      | uncancel        | weak    | end-hold | -          | -     | -           | -       |
| restore      | restore  | restore?   | restore?   | weak       | uncancel   | weak         | weak            | -       | weak     | restore?   | other | restore?    | weak    |
| uncancel     | restore  | restore?   | weak       | weak       | uncancel   | weak         | weak            | weak    | weak     | uncancel   | other | uncancel?   | weak    |
| resume       | keep     | keep       | end-hold   | weak       | end-hold   | -            | -               | -       | -        | -          | -     | weak        | weak    |
| hold         | hold     | weak       | hold       | hold       | hold       | weak         | weak            | -       | hold     | -          | other | weak        | weak    |
| keepoff      | hold     | -          | hold?      | -          | hold       | -            | -               | -       | -        | -          | -     | -           | -       |
| lift         | -        | -          | -          | -          | -          | -            | -               | -       | end-hold | -          | -     | -           | -       |
| offhold      | end-hold | weak       | end-hold   | end-hold   | end-hold   | -            | weak            | -       | end-hold | end-hold   | other | end-hold    | weak    |
| reschedule   | weak     | weak       | weak       | reschedule | reschedule | -            | -               | -       | -        | reschedule? | other | reschedule  | weak    |
| move         | -        | -          | -          | weak       | reschedule | -            | -               | -       | -        | reschedule? | -     | -           | -       |
| close        | weak     | -          | -          | -          | -          | -            | -               | -       | -        | -          | -     | -           | -       |
| keep         | keep     | keep       | -          | -          | -          | -            | -               | -       | -        | -          | -     | -           | -       |
| policy       | weak     | weak       | weak       | weak       | weak       | weak         | weak            | weak    | weak     | weak       | weak  | weak        | weak    |
| weak         | weak     | weak       | weak       | weak       | weak       | weak         | weak            | weak    | weak     | weak       | weak  | weak        | weak    |
| aside        | -        | -          | -          | -          | -          | -            | -               | -       | -        | -          | -     | -           | -       |
`

var meaning = parseMeanings(meanings)

func parseMeanings(table string) map[string]map[string]string {
	m := make(map[string]map[string]string)
	var head []string
	for line := range strings.SplitSeq(strings.TrimSpace(table), "\n") {
		f := strings.Fields(strings.ReplaceAll(line, "|", " "))
		switch {
		case head == nil:
			head = f
		case len(f) != len(head):
			panic("the table of meanings needs a cell in every column: " + line)
		case strings.HasPrefix(f[0], "-"):
		default:
			m[f[0]] = make(map[string]string)
			for i, cell := range f {
				m[f[0]][head[i]] = cell
			}
		}
	}
	return m
}
