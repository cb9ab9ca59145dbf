// Package readertest holds the domain set of package reader and scores the
// reader on it, or on a site's own mails: what people say of each mail against
// what the reader says.
//
// It does not decide what a good score is; its tests and those who read the
// [Score] do. Its mails take the way of real ones: each with nothing but the
// sender's own text, or with one mail passed on, is written out as a mail
// program would send it, and cut up by package mailbox.
//
// It promises: a mistake in a file is an error with its line; the same files
// give the same score.
package readertest

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/connectors/mailbox"
	"standdown/mapping/reader"
)

// A File is mails with what people say of them:
//
//	# a comment
//	names: EverBright
//
//	== request cancel own
//	from: maria@example.com
//	subject: Cancellation
//
//	I would like to cancel my contract.
//	-- quoted care@everbright.example
//	Welcome!
//
// A line "== verdict asks words" begins each, in the words of [reader.Reading]
// with "-" for none. Then come header lines (from, subject, auto, attach), an
// empty line and the sender's text; "-- kind from depth" begins a further
// segment; kinds are those of package mailbox. "names:" before the first mail says what the business is called.
type File struct {
	Name string
	Data []byte
}

// A Sample is a mail with what a person says of it.
type Sample struct {
	File                 string
	Line                 int
	Verdict, Asks, Words string
	Mail                 reader.Mail
	Patterns             reader.Patterns

	written []reader.Segment // as the file has them
}

// Says is what a person says in one word: an act, unclear or none.
func (s Sample) Says() string { return inOneWord(s.Verdict, s.Asks) }

func inOneWord(verdict, asks string) string {
	if verdict == reader.Request {
		return asks
	}
	return verdict
}

//go:embed testdata/development.txt testdata/heldout.txt
var domain embed.FS

// Shipped is the domain set: the mails that the grammar is developed on, and
// the third that is kept out of it.
func Shipped() []File {
	var files []File
	for _, name := range []string{"development.txt", "heldout.txt"} {
		data, err := domain.ReadFile("testdata/" + name)
		if err != nil {
			panic(err) // it is part of the program
		}
		files = append(files, File{Name: name, Data: data})
	}
	return files
}

// sent is when every sample was sent.
var sent = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// Parse reads the samples of a file.
func Parse(f File) ([]Sample, error) {
	var samples []Sample
	patterns := reader.Patterns{}
	lines := strings.Split(string(f.Data), "\n")
	forwards := 0
	for i := 0; i < len(lines); {
		line := lines[i]
		head, begins := strings.CutPrefix(line, "== ")
		if !begins {
			names, ok := strings.CutPrefix(line, "names: ")
			if ok {
				for name := range strings.SplitSeq(names, ",") {
					patterns.Names = append(patterns.Names, strings.TrimSpace(name))
				}
			} else if line != "" && !strings.HasPrefix(line, "#") {
				return nil, fmt.Errorf("%s:%d: want a line \"== verdict asks words\", a comment or \"names:\"", f.Name, i+1)
			}
			i++
			continue
		}
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "== ") {
			end++
		}
		s := Sample{File: f.Name, Line: i + 1, Patterns: patterns}
		if err := s.parse(head, lines[i+1:end], &forwards); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", f.Name, i+1, err)
		}
		samples = append(samples, s)
		i = end
	}
	return samples, nil
}

func (s *Sample) parse(head string, lines []string, forwards *int) error {
	want := strings.Fields(head)
	if len(want) != 3 || !slices.Contains([]string{reader.Request, reader.None, reader.Unclear}, want[0]) || (want[0] == reader.Request) != slices.Contains(acts, want[1]) ||
		(want[0] == reader.Request) != slices.Contains([]string{"own", "forwarded"}, want[2]) {
		return fmt.Errorf("want \"== request ACT own\", \"== request ACT forwarded\", \"== none - -\" or \"== unclear - -\"; acts are %s", strings.Join(acts, ", "))
	}
	s.Verdict, s.Asks, s.Words = want[0], want[1], want[2]
	s.Mail = reader.Mail{From: "maria.alvarez@example.com", Sent: sent}
	n := 0
	for ; n < len(lines) && lines[n] != ""; n++ {
		key, value, _ := strings.Cut(lines[n], ": ")
		switch key {
		case "from":
			s.Mail.From = value
		case "subject":
			s.Mail.Subject = strings.TrimSpace(value)
		case "auto":
			s.Mail.Auto = value
		case "attach":
			s.Mail.Attachments = append(s.Mail.Attachments, value)
		default:
			return fmt.Errorf("there is no header %q; want from, subject, auto or attach", key)
		}
	}
	s.written = segments(strings.Join(lines[n:], "\n"))
	switch {
	case len(s.written) == 1:
		return s.cut(s.written[0].Text)
	case s.forwards():
		*forwards++
		return s.forward(forwardStyles[*forwards%len(forwardStyles)])
	}
	s.Mail.Segments = s.written
	return nil
}

// forwards tells that it does nothing but pass one mail on.
func (s *Sample) forwards() bool {
	return len(s.written) == 2 && s.written[1].Kind == mailbox.Forwarded
}

func (s *Sample) forward(how style) error {
	return s.cut(how.write(s.written[0].Text, s.Mail.Subject, s.written[1]))
}

var kinds = []string{mailbox.New, mailbox.Quoted, mailbox.Forwarded, mailbox.Signature, mailbox.Disclaimer}

// segments reads what a sample says of who wrote what.
func segments(body string) []reader.Segment {
	var out []reader.Segment
	kind, from, depth := mailbox.New, "", 0
	var text []string
	end := func() {
		out = append(out, reader.Segment{Kind: kind, From: from, Depth: depth, Text: strings.TrimSpace(strings.Join(text, "\n"))})
		text = nil
	}
	for line := range strings.SplitSeq(body, "\n") {
		mark, _ := strings.CutPrefix(line, "-- ")
		f := append(strings.Fields(mark), "", "", "")
		if mark == line || !slices.Contains(kinds, f[0]) {
			text = append(text, line)
			continue
		}
		end()
		kind, from, depth = f[0], f[1], 1
		if n, err := strconv.Atoi(f[2]); err == nil {
			depth = n
		}
	}
	end()
	return out
}

// cut lets package mailbox cut the text up.
func (s *Sample) cut(text string) error {
	raw := "From: " + s.Mail.From + "\r\nSubject: " + s.Mail.Subject + "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
		strings.ReplaceAll(text, "\n", "\r\n") + "\r\n"
	m, err := mailbox.Parse([]byte(raw))
	if err != nil {
		return fmt.Errorf("cutting it up: %w", err)
	}
	s.Mail.Segments = nil
	for _, seg := range m.Segments {
		s.Mail.Segments = append(s.Mail.Segments, reader.Segment{Kind: seg.Kind, From: seg.From.Address, Subject: seg.Subject, Depth: seg.Depth, Text: seg.Text})
	}
	return nil
}
