package readertest

import (
	"testing"

	"standdown/mapping/reader"
)

func TestForwardedMailReadsTheSameInEveryStyle(t *testing.T) {
	if len(forwardStyles) < 15 {
		t.Errorf("%d styles, want at least 15", len(forwardStyles))
	}
	forwarded := 0
	for _, f := range Shipped() {
		samples, err := Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range samples {
			if !s.forwards() {
				continue
			}
			forwarded++
			want := reader.Read(s.Mail, s.Patterns)
			for _, how := range forwardStyles {
				if err := s.forward(how); err != nil {
					t.Fatal(err)
				}
				got := reader.Read(s.Mail, s.Patterns)
				if got.Verdict != want.Verdict || got.Asks != want.Asks || got.Words != want.Words || got.Claims != want.Claims {
					t.Errorf("%s:%d: passed on by %s it reads %s %s in words %s of %q, else %s %s in words %s of %q", s.File, s.Line, how.name,
						got.Verdict, got.Asks, got.Words, got.Claims, want.Verdict, want.Asks, want.Words, want.Claims)
				}
			}
		}
	}
	if forwarded < 30 {
		t.Errorf("%d mails are passed on, want at least 30", forwarded)
	}
}

func TestMistakesInAFileAreErrors(t *testing.T) {
	for name, data := range map[string]string{
		"text before the first mail": "hello\n",
		"too few words":              "== request cancel\n\nx\n",
		"no such verdict":            "== yes cancel own\n\nx\n",
		"no such act":                "== request sing own\n\nx\n",
		"an act without a request":   "== none cancel own\n\nx\n",
		"nobody's words":             "== request cancel their\n\nx\n",
		"no such header":             "== none - -\nto: me\n\nx\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(File{Name: "file", Data: []byte(data)}); err == nil {
				t.Error("it is read without an error")
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("names: A, B\n\n== request cancel own\nsubject: x\n\nhello\n-- quoted a@b.example 2\nold\n")
	f.Add("== request cancel own\n\n-- forwarded\n-- \n--")
	f.Fuzz(func(t *testing.T, data string) {
		samples, err := Parse(File{Name: "file", Data: []byte(data)})
		if err == nil && len(samples) > len(data) {
			t.Errorf("%d samples in %d bytes", len(samples), len(data))
		}
	})
}

// BenchmarkRead reads the domain set; MB/s are of text.
func BenchmarkRead(b *testing.B) {
	var all []Sample
	bytes := 0
	for _, f := range Shipped() {
		samples, err := Parse(f)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, samples...)
	}
	for _, s := range all {
		bytes += len(s.Mail.Subject)
		for _, seg := range s.Mail.Segments {
			bytes += len(seg.Text)
		}
	}
	b.SetBytes(int64(bytes))
	for b.Loop() {
		for _, s := range all {
			reader.Read(s.Mail, s.Patterns)
		}
	}
}
