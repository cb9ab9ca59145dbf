package reader

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// A sample is a mail of testdata with what a person says of it.
type sample struct {
	name                  string
	mail                  Mail
	verdict, asks, voices string
}

func samples(t testing.TB, file string) []sample {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for n, block := range strings.Split("\n"+string(b), "\n== ")[1:] {
		head, rest, _ := strings.Cut(block, "\n")
		want := strings.Fields(head)
		if len(want) != 3 {
			t.Fatalf("%s, mail %d: want three words after ==, have %q", file, n+1, head)
		}
		s := sample{verdict: want[0], asks: want[1], voices: want[2]}
		s.mail = Mail{From: "maria.alvarez@example.com", Sent: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
		headers, body, _ := strings.Cut(rest, "\n\n")
		for line := range strings.SplitSeq(headers, "\n") {
			key, value, ok := strings.Cut(line, ": ")
			switch key {
			case "from":
				s.mail.From = value
			case "subject":
				s.mail.Subject = value
			case "auto":
				s.mail.Auto = value
			case "attach":
				s.mail.Attachments = append(s.mail.Attachments, value)
			default:
				t.Fatalf("%s, mail %d: no such header %q (%v)", file, n+1, line, ok)
			}
		}
		s.mail.Segments = segments(body)
		s.name = fmt.Sprintf("%03d %s", n+1, s.mail.Subject)
		out = append(out, s)
	}
	return out
}

func segments(body string) []Segment {
	var out []Segment
	for i, text := range strings.Split("\n"+body, "\n-- ") {
		s := Segment{Kind: "new", Text: strings.TrimSpace(text)}
		if i > 0 {
			head, rest, _ := strings.Cut(text, "\n")
			f := strings.Fields(head)
			s = Segment{Kind: f[0], Text: strings.TrimSpace(rest), Depth: 1}
			if len(f) > 1 {
				s.From = f[1]
			}
			if len(f) > 2 {
				s.Depth, _ = strconv.Atoi(f[2])
			}
		}
		out = append(out, s)
	}
	return out
}

// matrix counts what people say (rows) against what the reader says.
type matrix map[string]map[string]int

func (m matrix) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s%9s%9s%9s\n", "a person says \\ reader", Request, None, Unclear)
	for _, want := range []string{Request, None, Unclear} {
		fmt.Fprintf(&b, "%-22s%9d%9d%9d\n", want, m[want][Request], m[want][None], m[want][Unclear])
	}
	return b.String()
}

func (m matrix) share(want, got string) float64 {
	all := m[want][Request] + m[want][None] + m[want][Unclear]
	return float64(m[want][got]) / float64(all)
}

func TestReadAgreesWithPeople(t *testing.T) {
	for _, c := range []struct {
		file          string
		mails         int
		request, none float64 // how many of these must be recognised
	}{
		{"testdata/mails.txt", 220, 0.97, 0.95},
		{"testdata/heldout.txt", 110, 0.90, 0.90},
	} {
		t.Run(c.file, func(t *testing.T) {
			m := matrix{Request: {}, None: {}, Unclear: {}}
			all := samples(t, c.file)
			for _, s := range all {
				got := Read(s.mail, Patterns{Names: []string{"EverBright"}})
				m[s.verdict][got.Verdict]++
				where := fmt.Sprintf("%s: %q %s/%s (%s; %q)", s.name, first(s.mail.Segments), got.Verdict, got.Asks, got.Why, got.Quote)
				switch {
				case got.Verdict == Request && s.verdict != Request:
					t.Errorf("wrong request: %s", where)
				case got.Verdict == None && s.verdict != None:
					t.Errorf("hidden request: %s", where)
				case got.Verdict != s.verdict:
					t.Logf("differs, want %s: %s", s.verdict, where)
				}
				if got.Verdict == Request && (got.Asks != s.asks || got.Words != s.voices) {
					t.Errorf("%s asks %s in words %s, want %s %s", where, got.Asks, got.Words, s.asks, s.voices)
				}
			}
			t.Logf("\n%s", m)
			if len(all) < c.mails {
				t.Errorf("%d mails, want at least %d", len(all), c.mails)
			}
			if got := m.share(Request, Request); got < c.request {
				t.Errorf("%.0f %% of requests recognised, want %.0f %%", 100*got, 100*c.request)
			}
			if got := m.share(None, None); got < c.none {
				t.Errorf("%.0f %% of harmless mails recognised, want %.0f %%", 100*got, 100*c.none)
			}
		})
	}
}

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

func first(s []Segment) string {
	if len(s) == 0 {
		return ""
	}
	return s[0].Text[:min(len(s[0].Text), 160)]
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

// The worst that could be thought of, at the full size that is read.
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
			start := time.Now()
			Read(own(strings.Repeat(unit, MaxText/len(unit))), Patterns{})
			if took := time.Since(start); took > time.Minute { // a hang; speed is the benchmarks' matter
				t.Errorf("reading took %v", took)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Cancel", "I would like to cancel my contract C-204417.", "forwarded", "¿Quiero cancelar? 12/3/2026", "notice.pdf", "")
	f.Add("Re: x", "Don’t\ncancel “my” contract…", "quoted", "— December 3", "", "list")
	f.Add("\xff", "\u0301 i'd n't 's ' - --", "signature", "C-999999999999999999999", "a\x00", "dsn")
	f.Fuzz(func(t *testing.T, subject, text, kind, more, file, auto string) {
		m := Mail{Subject: subject, Segments: []Segment{{Kind: "new", Text: text}, {Kind: kind, From: "A@b.example", Text: more, Depth: 1}},
			Attachments: []string{file}, Auto: auto}
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

func BenchmarkRead(b *testing.B) {
	all := samples(b, "testdata/mails.txt")
	bytes := 0
	for _, s := range all {
		for _, seg := range s.mail.Segments {
			bytes += len(seg.Text)
		}
	}
	b.SetBytes(int64(bytes))
	for b.Loop() {
		for _, s := range all {
			Read(s.mail, Patterns{})
		}
	}
}
