package rulestest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// expected is what one decision must be.
type expected struct {
	Table     string            `yaml:"table"`
	Row       string            `yaml:"row"`
	Subject   string            `yaml:"subject"`
	Then      []string          `yaml:"then"`
	Because   string            `yaml:"because"`
	Warnings  *[]string         `yaml:"warnings"`
	Facts     map[string]string `yaml:"facts"`
	Deadlines []string          `yaml:"deadlines"`
	Remember  map[string]string `yaml:"remember"`
	Withdraws bool              `yaml:"withdraws"`
}

// check returns what differs between the plan and what the example wants.
func (ex *example) check(plan rules.Plan) []string {
	if len(ex.Want) == 0 {
		return ex.checkOne(plan)
	}
	var rows, want []string
	for _, d := range plan.Decisions {
		rows = append(rows, d.Row)
	}
	for _, w := range ex.Want {
		want = append(want, w.Row)
	}
	if len(rows) != len(want) {
		return differs("rows", strings.Join(want, ", "), strings.Join(rows, ", "))
	}
	var problems []string
	for i, w := range ex.Want {
		problems = append(problems, w.check(plan.Decisions[i])...)
	}
	return problems
}

// checkOne is for the short form: the only decision, or the only one by the
// wanted row.
func (ex *example) checkOne(plan rules.Plan) []string {
	if len(plan.Decisions) == 1 {
		return ex.Expected.check(plan.Decisions[0])
	}
	var rows []string
	var found []rules.Decision
	for _, d := range plan.Decisions {
		rows = append(rows, d.Row)
		if d.Row == ex.Expected.Row {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		return differs("row", ex.Expected.Row, strings.Join(rows, ", "))
	}
	return ex.Expected.check(found[0])
}

func (w expected) check(d rules.Decision) []string {
	var problems []string
	differ := func(what, want, got string) { problems = append(problems, differs(what, want, got)...) }

	if w.Row != "" && w.Row != d.Row {
		differ("row", w.Row, d.Row)
	}
	if w.Table != "" && w.Table != d.Table {
		differ("table", w.Table, d.Table)
	}
	if w.Subject != "" && w.Subject != d.Subject.String() {
		differ("subject", w.Subject, d.Subject.String())
	}
	if !strings.Contains(d.Because, w.Because) {
		differ("because", w.Because, d.Because)
	}
	problems = append(problems, checkActions(w.Then, d.Actions)...)
	if w.Warnings != nil {
		problems = append(problems, checkWarnings(*w.Warnings, d.Warnings)...)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Facts)) {
		problems = append(problems, checkFact(name, w.Facts[name], d.Facts)...)
	}
	if w.Withdraws != d.Withdraws {
		differ("withdraws", fmt.Sprint(w.Withdraws), fmt.Sprint(d.Withdraws))
	}
	problems = append(problems, checkDeadlines(w.Deadlines, d.Deadlines)...)
	for _, key := range slices.Sorted(maps.Keys(w.Remember)) {
		if got, ok := d.Remember[key]; !ok || got != w.Remember[key] {
			differ("remember "+key, fmt.Sprintf("%q", w.Remember[key]), fmt.Sprintf("%q", got))
		}
	}
	return problems
}

func checkActions(want []string, got []rules.Action) (problems []string) {
	if slices.Equal(want, []string{"nothing"}) {
		want = nil
	}
	var did []string
	for _, a := range got {
		did = append(did, a.String())
	}
	var heads []string
	for _, w := range want {
		heads = append(heads, strings.Join(words(w)[:min(3, len(words(w)))], " "))
	}
	if !slices.Equal(heads, did) {
		return differs("then", strings.Join(heads, "; "), strings.Join(did, "; "))
	}
	for i, w := range want {
		for _, arg := range words(w)[3:] {
			problems = append(problems, checkArg(arg, got[i])...)
		}
	}
	return problems
}

// checkArg compares one argument: name=value or name~part.
func checkArg(arg string, a rules.Action) []string {
	at := strings.IndexAny(arg, "=~")
	if at < 0 {
		return differs("argument of "+a.Verb, "name=value or name~part", arg)
	}
	name, want := arg[:at], arg[at+1:]
	got, ok := a.Args[name]
	if name == "approve" {
		got, ok = a.Approve, true
	}
	switch {
	case !ok:
		return differs("argument of "+a.Verb, name, strings.Join(slices.Sorted(maps.Keys(a.Args)), ", "))
	case arg[at] == '=' && got != want, arg[at] == '~' && !strings.Contains(got, want):
		return differs(a.Verb+" "+arg[:at+1], want, got)
	}
	return nil
}

func checkWarnings(want, got []string) (problems []string) {
	if len(want) == 0 && len(got) > 0 {
		return differs("warnings", "", strings.Join(got, " / "))
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, w) }) {
			problems = append(problems, differs("warnings", w, strings.Join(got, " / "))...)
		}
	}
	return problems
}

func checkFact(name, want string, facts []rules.Fact) []string {
	value, reason, _ := strings.Cut(want, ": ")
	for _, f := range facts {
		if f.Name != name {
			continue
		}
		if f.Value != value || !strings.Contains(f.Reason, reason) {
			return differs("fact "+name, want, f.Value+": "+f.Reason)
		}
		return nil
	}
	return differs("fact "+name, want, "no such fact")
}

func checkDeadlines(want []string, got []rules.Deadline) (problems []string) {
	var set []string
	for _, d := range got {
		at := "off"
		if !d.At.IsZero() {
			at = d.At.Format(time.RFC3339)
		}
		set = append(set, d.Kind+" "+d.Subject.String()+" "+at)
	}
	if len(want) != len(got) {
		return differs("deadlines", strings.Join(want, "; "), strings.Join(set, "; "))
	}
	for i, w := range want {
		if w == set[i] {
			continue
		}
		// The same instant may be written in another zone.
		head, at := w[:strings.LastIndex(w, " ")+1], w[strings.LastIndex(w, " ")+1:]
		when, err := time.Parse(time.RFC3339, at)
		if err != nil || !when.Equal(got[i].At) || !strings.HasPrefix(set[i], head) {
			problems = append(problems, differs("deadlines", w, set[i])...)
		}
	}
	return problems
}

// words splits at spaces; quotes keep a value together.
func words(s string) []string {
	var all []string
	var word strings.Builder
	var quote rune
	in := false
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case (r == '\'' || r == '"') && (word.Len() > 0 && strings.ContainsAny(word.String()[word.Len()-1:], "=~")):
			quote, in = r, true
		case r == ' ':
			if in {
				all = append(all, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if in {
		all = append(all, word.String())
	}
	return all
}

func differs(what, want, got string) []string {
	return []string{fmt.Sprintf("%s: want %s", what, orNone(want)), fmt.Sprintf("%s  got  %s", strings.Repeat(" ", len(what)-1), orNone(got))}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
