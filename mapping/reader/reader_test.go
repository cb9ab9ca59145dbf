package reader

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Each line of traps.txt is a mail that names an act and asks for none that
// could be carried out; a person may be asked, nothing more.
func TestNoTrapBecomesARequest(t *testing.T) {
	b, err := os.ReadFile("testdata/traps.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if got := Read(own(line), Patterns{}); got.Verdict == Request {
			t.Errorf("%s: reads a request to %s: %v", line, got.Asks, got.Spans)
		}
	}
}

func own(text string) Mail {
	return Mail{From: "maria@example.com", Segments: []Segment{{Kind: "new", Text: text}},
		Sent: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
}

func TestReadTakesFactsFromAMail(t *testing.T) {
	for _, c := range []struct {
		name string
		mail Mail
		want func(*Reading)
	}{
		{"references are given once, in order, in upper case", own("Please cancel c-204417 and C–204417, W-1042, see JOB-0007."),
			func(r *Reading) { r.References = []string{"C-204417", "W-1042", "JOB-0007"} }},
		{"a longer word is no reference", own("ABC-204417, C-204417x and C-12 are not."),
			func(r *Reading) {}},
		{"dates are read in every form", own("From 2026-12-03, December 5, 2026, 6th of December 2026, 12/7/2026 or 12/8/26."),
			func(r *Reading) {
				r.Dates = []string{"2026-12-03", "2026-12-05", "2026-12-06", "2026-12-07", "2026-12-08"}
			}},
		{"a date without a year is the next such day", own("From December 20 to January 3."),
			func(r *Reading) { r.Dates = []string{"2026-12-20", "2027-01-03"} }},
		{"a day that does not exist is no date", own("On February 30, 2026 and 13/13/2026."),
			func(r *Reading) {}},
		{"a Spanish date with two readings is left out", own("Hola, la fecha de la visita es el 03/05/2026 y no el 25/12/2026."),
			func(r *Reading) { r.Language, r.Dates = "es", []string{"2026-12-25"} }},
		{"a death is noticed", own("My husband passed away in March."),
			func(r *Reading) { r.Deceased = true }},
		{"a dead phone is not a death", own("My phone died."),
			func(r *Reading) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Read(c.mail, Patterns{})
			want := Reading{Language: got.Language, Form: "letter"}
			c.want(&want)
			have := Reading{Language: got.Language, Form: got.Form, Deceased: got.Deceased, References: got.References, Dates: got.Dates}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("facts differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadNamesReasonAndForm(t *testing.T) {
	for text, want := range map[string][2]string{
		"Please cancel my contract, I changed my mind.":                       {"changed-mind", "letter"},
		"Please cancel my contract. We cannot afford it.":                     {"financial", "letter"},
		"Please cancel my contract. We are moving to Ohio.":                   {"moving", "letter"},
		"Please cancel my contract, another company made us a better offer.":  {"other-offer", "letter"},
		"Please cancel my contract, the delays are too much.":                 {"delay", "letter"},
		"Please cancel my contract.":                                          {"", "letter"},
		"Please cancel my contract. The notice of cancellation follows.":      {"", "notice"},
		"Please cancel my contract. This is a telegram.":                      {"", "telegram"},
		"Por favor cancelen mi contrato porque perdí mi trabajo.":             {"financial", "letter"},
		"Quiero cancelar mi contrato. Encontramos otra compañía más barata.":  {"other-offer", "letter"},
		"Quiero cancelar mi contrato. Nos arrepentimos. Vendimos la casa ya.": {"moving", "letter"},
	} {
		t.Run(text, func(t *testing.T) {
			got := Read(own(text), Patterns{})
			if got.Verdict != Request || got.Asks != Cancel {
				t.Errorf("reads %s/%s, want a request to cancel", got.Verdict, got.Asks)
			}
			if got.Reason != want[0] || got.Form != want[1] {
				t.Errorf("reason %q form %q, want %q %q", got.Reason, got.Form, want[0], want[1])
			}
		})
	}
}

func TestForwardedRequestClaimsItsInnermostAuthor(t *testing.T) {
	m := own("Please see below request from customer.")
	m.From = "agent@contact-centre.example"
	m.Segments = append(m.Segments,
		Segment{Kind: "forwarded", From: "rep@installer.example", Text: "See below.", Depth: 1},
		Segment{Kind: "forwarded", From: "Maria.Alvarez@Example.com", Text: "I want to cancel my contract.", Depth: 2})
	got := Read(m, Patterns{})
	if got.Verdict != Request || got.Words != "forwarded" || got.Claims != "maria.alvarez@example.com" {
		t.Errorf("reads %s in words %s of %s, want a forwarded request of maria.alvarez@example.com", got.Verdict, got.Words, got.Claims)
	}
	if got.Quote != "I want to cancel my contract" {
		t.Errorf("quotes %q", got.Quote)
	}
}

func TestSubjectOfAForwardedMailIsNotOverlooked(t *testing.T) {
	m := own("FYI")
	m.From = "agent@contact-centre.example"
	m.Segments = append(m.Segments, Segment{Kind: "forwarded", From: "maria@example.com", Subject: "Please cancel my contract", Text: "Maria Alvarez, 12 Elm Street", Depth: 1})
	if got := Read(m, Patterns{}); got.Verdict != Request || got.Words != "forwarded" || got.Claims != "maria@example.com" {
		t.Errorf("reads %s in words %s of %q, want a forwarded request of maria@example.com", got.Verdict, got.Words, got.Claims)
	}
	m.Segments[1].Subject = "Cancellation"
	if got := Read(m, Patterns{}); got.Verdict != Unclear {
		t.Errorf("a bare word in the subject reads %s, want unclear", got.Verdict)
	}
}

func TestNameOfTheBusinessTellsWhoseContractItIs(t *testing.T) {
	const text = "I want to cancel my contract with Sun Dealer Inc."
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, Request},
		{[]string{"Sun Dealer"}, Request},
		{[]string{"EverBright"}, Unclear},
	} {
		if got := Read(own(text), Patterns{Names: c.names}); got.Verdict != c.want {
			t.Errorf("with names %q it reads %s, want %s", c.names, got.Verdict, c.want)
		}
	}
}

func TestOurOwnQuotedMailAsksForNothing(t *testing.T) {
	m := own("When will the crew come?")
	m.Segments = append(m.Segments, Segment{Kind: "quoted", Text: "Please cancel my contract. I want to cancel my contract.", Depth: 1})
	if got := Read(m, Patterns{}); got.Verdict != None {
		t.Errorf("reads %s (%s), want none", got.Verdict, got.Why)
	}
}

func TestRequestInASignatureIsNotHidden(t *testing.T) {
	m := own("Hello,")
	m.Segments = append(m.Segments, Segment{Kind: "signature", Text: "Thanks, Maria. Please cancel my contract."})
	if got := Read(m, Patterns{}); got.Verdict != Unclear {
		t.Errorf("reads %s, want unclear", got.Verdict)
	}
}

func TestSpansPointAtTheWordsThatDecided(t *testing.T) {
	const text = "Hello. I would like to cancel my solar contract."
	var words []string
	for _, s := range Read(own(text), Patterns{}).Spans {
		words = append(words, s.Label[:strings.Index(s.Label, ":")]+": "+text[s.Start:s.End])
	}
	want := []string{"act: cancel", "about: solar contract", "ask: I would like to"}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Errorf("spans differ (-want +got):\n%s", diff)
	}
}

func TestMailBeyondTheBoundsIsUnclear(t *testing.T) {
	long := own("Please cancel my contract." + strings.Repeat(" Thanks a lot.", MaxText/10))
	many := own("Hello.")
	for range MaxSegments {
		many.Segments = append(many.Segments, Segment{Kind: "quoted", Text: "old"})
	}
	endless := own(strings.Repeat("well ", 2*longest) + "please cancel my contract")
	for name, m := range map[string]Mail{"long text": long, "many segments": many, "endless sentence": endless} {
		if got := Read(m, Patterns{}); got.Verdict != Unclear {
			t.Errorf("%s reads %s, want unclear", name, got.Verdict)
		}
	}
}

// The worst that could be thought of, at the full size that is read: what took
// more than linear time would not end within the time that all tests have.
func TestReadStaysLinear(t *testing.T) {
	for name, unit := range map[string]string{
		"one act again and again": "cancel ",
		"asking without end":      "i want to ",
		"pronouns":                "my appointment please cancel it. ",
		"conditions":              "if i do not want to cancel but ",
		"references":              "C-204417 ",
		"letters and dots":        "a.b@c.",
		"nouns":                   "contract solar plan ",
		"open marks":              "\" ( ¿ ",
		"line breaks":             "\n",
		"accents":                 "é́́",
	} {
		t.Run(name, func(t *testing.T) {
			Read(own(strings.Repeat(unit, MaxText/len(unit))), Patterns{})
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Cancel", "I would like to cancel my contract C-204417.", "forwarded", "¿Quiero cancelar? 12/3/2026", "notice.pdf", "")
	f.Add("Re: x", "Don’t\ncancel “my” contract…", "quoted", "— December 3", "", "list")
	f.Add("\xff", "\u0301 i'd n't 's ' - --", "signature", "C-999999999999999999999", "a\x00", "dsn")
	f.Fuzz(func(t *testing.T, subject, text, kind, more, file, auto string) {
		m := Mail{Subject: subject, Segments: []Segment{{Kind: "new", Text: text}, {Kind: kind, From: "A@b.example", Text: more, Depth: 1}},
			Attachments: []string{file}, Auto: auto, Alternative: []Segment{{Kind: kind, Text: text}, {Kind: "new", Text: more}}, Hidden: file}
		r := Read(m, Patterns{})
		if r.Verdict != Request && r.Verdict != None && r.Verdict != Unclear {
			t.Fatalf("verdict %q", r.Verdict)
		}
		if r.Verdict == Request && (!isRequest(r.Asks) || r.Quote == "" || r.Words != "own" && r.Words != "forwarded") {
			t.Fatalf("a request without act, words or quote: %+v", r)
		}
		if !utf8.ValidString(r.Quote) || utf8.RuneCountInString(r.Quote) > 300 || r.Why == "" {
			t.Fatalf("quote %q, why %q", r.Quote, r.Why)
		}
		for _, s := range r.Spans {
			in := subject
			if s.Segment >= 0 {
				in = m.Segments[s.Segment].Text
			}
			if s.Start < 0 || s.Start >= s.End || s.End > len(in) {
				t.Fatalf("span %+v outside of %q", s, in)
			}
		}
		if diff := cmp.Diff(r, Read(m, Patterns{})); diff != "" {
			t.Fatalf("a second reading differs:\n%s", diff)
		}
	})
}
