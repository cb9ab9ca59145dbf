package readertest_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"standdown/mapping/reader/readertest"
)

var update = flag.Bool("update", false, "write testdata/matrix.txt again")

// Of what the reader calls a request 99 % must be one, and of real requests it
// may call 1 % none: on mails it was not developed on. On those it was, there
// is no excuse.
func TestReaderAgreesWithPeople(t *testing.T) {
	scores := map[string]readertest.Score{}
	var matrices bytes.Buffer
	mails, requests := 0, 0
	for _, f := range readertest.Shipped() {
		score, err := readertest.Run(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range score.Differs {
			t.Log(d)
		}
		if err := score.Write(&matrices); err != nil {
			t.Fatal(err)
		}
		scores[f.Name] = score
		mails += score.Mails
		requests += score.Requests
	}
	seen, kept := scores["development.txt"], scores["heldout.txt"]
	if seen.Right < seen.Called || seen.Hidden > 0 {
		t.Errorf("of the mails it was developed on, %d are wrongly called a request and %d requests are called none", seen.Called-seen.Right, seen.Hidden)
	}
	if 100*kept.Right < 99*kept.Called || 100*kept.Hidden > kept.Requests {
		t.Errorf("of the mails kept out, %d of %d are wrongly called a request and %d of %d requests are called none", kept.Called-kept.Right, kept.Called, kept.Hidden, kept.Requests)
	}
	if mails < 400 || 3*kept.Mails < mails || 2*requests > mails {
		t.Errorf("%d mails, %d of them requests, %d kept out; want 400, at most half of them requests, a third kept out", mails, requests, kept.Mails)
	}

	const file = "testdata/matrix.txt"
	if *update {
		if err := os.WriteFile(file, matrices.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), matrices.String()); diff != "" {
		t.Errorf("%s is not what the reader does; run this test with -update (-file +reader):\n%s", file, diff)
	}
}
