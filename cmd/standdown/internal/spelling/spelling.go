// Package spelling says what a mistyped word may have meant.
//
// It does not correct anything: a word that is not known stays refused.
package spelling

import (
	"fmt"
	"strings"
)

// Suggest returns a phrase for the end of a message about a word that is not
// among the known ones: a question naming the nearest of them or, if none is
// near, the list of them all.
func Suggest(word string, known []string) string {
	best, distance := "", 1+max(2, len(word)/3)
	for _, k := range known {
		if n := editDistance(strings.ToLower(word), k); n < distance {
			best, distance = k, n
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "there are " + strings.Join(known, ", ")
}

// editDistance is the number of bytes to insert, delete or replace to make b
// of a (Levenshtein). It looks at the first 64 of each only.
func editDistance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
