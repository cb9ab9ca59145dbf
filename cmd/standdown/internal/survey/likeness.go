package survey

import (
	"slices"
	"strings"
	"unicode"
)

// A phrase is what is left of a name when it comes down to words that count.
type phrase map[string]float64 // the weight of each word

// phraseOf takes a name apart: Deal_Contract__c, SchedStartTime, sked__Job__c or
// "Photos of the System". Words of about are those of the thing that it is a
// part of, which tell little.
func phraseOf(name string, about ...string) phrase {
	p := phrase{}
	for _, word := range words(name) {
		switch {
		case empty[word]:
		case weak[word]:
			p[word] = 0.3
		default:
			p[same(word)] = 1
		}
	}
	for _, other := range about {
		for word := range phraseOf(other) {
			if p[word] == 1 && len(p) > 1 {
				p[word] = 0.3
			}
		}
	}
	return p
}

// words are the words of a name, in lower case, without the namespace of a
// package and the ending of custom names.
func words(name string) []string {
	name = strings.TrimSuffix(name, "__c")
	if _, bare, packaged := strings.Cut(name, "__"); packaged {
		name = bare
	}
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
		}
		word = nil
	}
	var before rune
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.IsUpper(r) && unicode.IsLower(before) {
			end()
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			word = append(word, r)
		}
		before = r
	}
	end()
	for i := 0; i+1 < len(all); i++ {
		if all[i] == "time" && all[i+1] == "zone" {
			all = slices.Replace(all, i, i+2, "timezone")
		}
	}
	return all
}

// same is the word that stands for all that mean the same.
func same(word string) string {
	if first, ok := alike[word]; ok {
		return first
	}
	if one, plural := strings.CutSuffix(word, "s"); plural && len(one) > 3 {
		return same(one)
	}
	return word
}

// likeness is how much two phrases have in common, from 0 to 1.
func (p phrase) likeness(q phrase) float64 {
	var common, all float64
	for word, weight := range p {
		all += weight
		if other, ok := q[word]; ok {
			common += weight + other
		}
	}
	for _, weight := range q {
		all += weight
	}
	if all == 0 {
		return 0
	}
	return common / all
}

// synonym is what likeness to a further name counts for.
const synonym = 0.95

// A wanted is what something is called: by us, by the preset, and by others.
type wanted struct {
	ours, theirs string
	also         []string
	about        []string // names of the thing it is a part of
}

// calls is how well a thing of the org, with its name and label, may be what is
// wanted; from 0 to 1.
func (w wanted) calls(name, label string) float64 {
	best := 0.0
	for _, is := range []phrase{phraseOf(name, w.about...), phraseOf(label, w.about...)} {
		for _, called := range []string{w.ours, w.theirs} {
			best = max(best, is.likeness(phraseOf(called, w.about...)))
		}
		for _, called := range w.also {
			best = max(best, synonym*is.likeness(phraseOf(called, w.about...)))
		}
	}
	return best
}
