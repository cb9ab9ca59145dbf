package store

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatNamesAPerson(t *testing.T) {
	p, err := newPerson(Erasing{People: []string{" Ana@Example.com "}, Records: []string{"003Hp00002abcDE"}, Who: "dana", Reason: "request"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"ana@example.com":                           true,
		"write to ANA@EXAMPLE.COM, please":          true,
		"It is ana@example.com.":                    true,
		`"from":"ana@example.com"`:                  true,
		`"Ana \u003cana@example.com\u003e\nsigned"`: true,
		"mailto:ana@example.com?subject=x":          true,
		"'ana@example.com'":                         true,
		"joana@example.com":                         false,
		"jo.ana@example.com":                        false,
		"jo-ana@example.com":                        false,
		"ana@example.com.au":                        false,
		"ana@example.community":                     false,
		"ana@example.org":                           false,
		"client 003Hp00002abcDE":                    true,
		`{"id":"003Hp00002abcDE"}`:                  true,
		"003Hp00002abcDEIAY":                        false,
		"003Hp00002ABCDE":                           false,
		"":                                          false,
	} {
		got := false
		for _, n := range p {
			got = got || n.in(text)
		}
		if got != want {
			t.Errorf("%q names them: %t, want %t", text, got, want)
		}
	}
}

func TestAnErasureThatNobodyOrderedShows(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.inTx(ctx, func(tx conn) error {
		if err := act(ctx, tx, Act{At: time.UnixMilli(1), Who: "kim", Act: "decline", Reason: "what is to be hidden"}); err != nil {
			return err
		}
		return link(ctx, tx, erasedLink, actPrefix+"1", digest("what is to be hidden"))
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ExecContext(ctx, `UPDATE acts SET reason = ?`, erased); err != nil {
		t.Fatal(err)
	}
	v, err := s.Verify(ctx, "")
	if err != nil || !strings.Contains(v.Fault, "act 1 was erased without an act of erasing") {
		t.Errorf("got %+v, %v", v, err)
	}
}
