package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/cmd/standdown/internal/store"
)

func TestWhoAnswersIsKnownByTheirIDToo(t *testing.T) {
	for _, test := range []struct {
		answer store.Answer
		want   store.Checker
	}{
		{store.Answer{User: "005E", Name: "Elena Rossi"}, store.Checker{Name: "Elena Rossi", Users: []string{"005E"}}},
		{store.Answer{User: "005E"}, store.Checker{Name: "005E", Users: []string{"005E"}}},
	} {
		if diff := cmp.Diff(test.want, (&Engine{}).checker(&test.answer)); diff != "" {
			t.Errorf("checker (-want +got):\n%s", diff)
		}
	}
}
