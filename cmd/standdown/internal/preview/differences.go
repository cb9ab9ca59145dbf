package preview

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"standdown/rules"
)

// Differences says, for people, in what something that was planned is otherwise
// now; nil if it is the same: the same event, decided by the same rows, with the
// same changes of the same values in the same states, called the same. What else
// is said of it (reasons, warnings) does not count, nor do the moments of deadlines, which are
// reckoned from now.
func Differences(planned, now Record) []string {
	now = plain(now)
	var all differences
	if now.Problem != "" {
		all.say("%s", now.Problem)
		return all
	}
	if planned.Event != now.Event {
		all.say("it was changed on %s", now.At.UTC().Format(time.RFC3339))
	}
	type matter struct {
		table string
		about rules.Ref
	}
	decided := map[matter]Decision{}
	for _, d := range now.Decisions {
		decided[matter{d.Table, d.About}] = d
	}
	for _, d := range planned.Decisions {
		at := matter{d.Table, d.About}
		other, found := decided[at]
		delete(decided, at)
		switch {
		case !found:
			all.say("nothing of %s is decided about %s any more", d.Table, d.About)
		case other.Row != d.Row:
			all.say("row %s of %s decides about %s now (%s), the plan says %s", other.Row, d.Table, d.About, other.Because, d.Row)
		default:
			all.changes(d.Changes, other.Changes, planned.Event == now.Event)
		}
	}
	for _, d := range now.Decisions {
		if _, left := decided[matter{d.Table, d.About}]; left {
			all.say("row %s of %s decides about %s as well (%s)", d.Row, d.Table, d.About, d.Because)
		}
	}
	return all
}

type differences []string

func (all *differences) say(format string, args ...any) {
	*all = append(*all, fmt.Sprintf(format, args...))
}

// changes compares those of one decision. Keys are made of the event, and
// compared if that is the same.
func (all *differences) changes(planned, now []Change, keys bool) {
	type act struct {
		verb, system, op, record string
		nth                      int
	}
	name := func(changes []Change) (acts []act) {
		seen := map[act]int{}
		for _, c := range changes {
			a := act{verb: c.Verb, system: c.System, op: c.Op, record: c.Record}
			seen[a]++
			a.nth = seen[a]
			acts = append(acts, a)
		}
		return acts
	}
	before, after := name(planned), name(now)
	same := len(*all)
	for i, a := range before {
		j := slices.Index(after, a)
		if j < 0 {
			all.say("%s of %s is not asked for any more", a.verb, a.record)
			continue
		}
		all.change(planned[i], now[j], keys)
	}
	for _, a := range after {
		if !slices.Contains(before, a) {
			all.say("%s of %s is asked for as well", a.verb, a.record)
		}
	}
	if len(*all) == same && !slices.Equal(before, after) {
		all.say("the changes of %s come in another order", planned[0].Record)
	}
}

func (all *differences) change(planned, now Change, keys bool) {
	if planned.State != now.State {
		words := strings.NewReplacer("-", " ")
		all.say("%s of %s: %s now, the plan says %s", now.Verb, now.Record, words.Replace(now.State), words.Replace(planned.State))
	}
	if keys && planned.Key != now.Key {
		all.say("%s of %s has another key", now.Verb, now.Record)
	}
	same := len(*all)
	before, after := fieldsOf(planned), fieldsOf(now)
	fields := maps.Clone(before)
	maps.Copy(fields, after)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		was, is := before[field], after[field]
		if !reflect.DeepEqual(was.Old, is.Old) {
			all.say("%s of %s is %s now, the plan saw %s", field, now.Record, Shown(is.Old), Shown(was.Old))
		}
		switch {
		case reflect.DeepEqual(was.New, is.New):
		case Shown(was.New) == Shown(is.New):
			all.say("%s of %s would be otherwise than planned", field, now.Record)
		default:
			all.say("%s of %s would be %s, the plan says %s", field, now.Record, Shown(is.New), Shown(was.New))
		}
	}
	if len(*all) == same && planned.Text != now.Text { // a worker whose allocation it is, say
		all.say("%s of %s is %q now, the plan says %q", now.Verb, now.Record, now.Text, planned.Text)
	}
}

func fieldsOf(c Change) map[string]Set {
	all := make(map[string]Set, len(c.Fields))
	for _, s := range c.Fields {
		all[s.Field] = s
	}
	return all
}

// plain is the record as it is when it is read from a file.
func plain(r Record) (read Record) {
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		panic(err) // what systems say is JSON, and the rest is ours
	}
	return read
}

// Shown is a value on one line, not too long.
func Shown(v any) string {
	text := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	switch short := []rune(text); {
	case v == nil || text == "":
		return "(empty)"
	case len(short) > 60:
		return string(short[:59]) + "…"
	}
	return text
}
