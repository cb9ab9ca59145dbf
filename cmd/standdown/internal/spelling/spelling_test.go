package spelling

import "testing"

func TestSuggest(t *testing.T) {
	known := []string{"cancel-workflow", "post-comment", "poll"}
	for _, test := range []struct{ name, word, want string }{
		{"a missing letter is found", "cancel-worflow", `did you mean "cancel-workflow"?`},
		{"a letter too many is found", "polll", `did you mean "poll"?`},
		{"another case is found", "Post-Comment", `did you mean "post-comment"?`},
		{"a word like none lists them all", "zzzzzzzz", "there are cancel-workflow, post-comment, poll"},
		{"an empty word lists them all", "", "there are cancel-workflow, post-comment, poll"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Suggest(test.word, known); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
