package reader

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMailsReadAtTheSameTimeDoNotMix(t *testing.T) {
	mails := make([]Mail, 20)
	want := make([]Reading, len(mails))
	for i := range mails {
		mails[i] = own(fmt.Sprintf("My name is Robin Number%c. Please cancel my contract C-%d.", 'a'+i, 1000+i))
		mails[i].Alternative = []Segment{{Kind: kindNew, Text: fmt.Sprintf("Please keep my contract C-%d.", 1000+i)}}
		if i%2 == 0 {
			mails[i].Alternative = nil
		}
		want[i] = Read(mails[i], Patterns{})
		if ref := fmt.Sprintf("C-%d", 1000+i); len(want[i].References) != 1 || want[i].References[0] != ref {
			t.Fatalf("references %q, want %s", want[i].References, ref)
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				for i, m := range mails {
					if diff := cmp.Diff(want[i], Read(m, Patterns{})); diff != "" {
						t.Errorf("mail %d is read otherwise:\n%s", i, diff)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestAnIntroductionStandsRightBeforeTheName(t *testing.T) {
	for s, want := range map[string]bool{
		"My name is ": true, "MY NAME IS\n": true, "my name is": false, "Estimada señora \t": true, "x Sra. ": true,
		"cams. ": false, "-ms. ": true, "Mrs. ": true, "full name: ": true, "the name ": false, "": false, " ": false,
	} {
		if introduces(s) != want {
			t.Errorf("%q introduces a name: %t, want %t", s, !want, want)
		}
	}
}
