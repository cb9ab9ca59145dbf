package readertest

import (
	"fmt"
	"io"
	"text/tabwriter"

	"standdown/mapping/reader"
)

var acts = []string{reader.Cancel, reader.Restore, reader.Hold, reader.EndHold, reader.Uncancel, reader.Reschedule}

// classes are what a mail can be in one word, as the matrix lists them.
var classes = append(append([]string{}, acts...), reader.Unclear, reader.None)

// A Score is what the reader made of the samples of a file.
type Score struct {
	File  string `json:"file"`
	Mails int    `json:"mails"`
	// Matrix counts mails by what a person says and what the reader says: an
	// act, unclear or none.
	Matrix map[string]map[string]int `json:"matrix"`
	// Called is how many mails the reader calls a request; Right, of how many of
	// these a person says that the same is asked for, in the same one's words.
	Called int `json:"called"`
	Right  int `json:"right"`
	// Requests is how many a person calls one; Hidden, how many of these the
	// reader calls none, and Left how many it leaves to a person.
	Requests int `json:"requests"`
	Hidden   int `json:"hidden"`
	Left     int `json:"left"`
	// Differs are the mails on which the two do not agree.
	Differs []Difference `json:"differs,omitempty"`
}

// A Difference is one mail of which a person and the reader think differently.
type Difference struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Says  string `json:"says"`
	Reads string `json:"reads"`
	Why   string `json:"why"`
	// Words is set if both see the same request, but not in the same person's
	// words: own or forwarded.
	Words string `json:"words,omitempty"`
}

func (d Difference) String() string {
	if d.Words != "" {
		return fmt.Sprintf("%s:%d: %s is found in words of kind %s", d.File, d.Line, d.Says, d.Words)
	}
	return fmt.Sprintf("%s:%d: a person says %s, the reader %s: %s", d.File, d.Line, d.Says, d.Reads, d.Why)
}

// Run scores the reader on a file. Patterns, where they are given, take the
// place of the file's own.
func Run(f File, given *reader.Patterns) (Score, error) {
	samples, err := Parse(f)
	if err != nil {
		return Score{}, err
	}
	score := Score{File: f.Name, Matrix: map[string]map[string]int{}}
	for _, class := range classes {
		score.Matrix[class] = map[string]int{}
	}
	for _, s := range samples {
		if given != nil {
			s.Patterns = *given
		}
		score.add(s, reader.Read(s.Mail, s.Patterns))
	}
	return score, nil
}

func (s *Score) add(sample Sample, r reader.Reading) {
	says, reads := sample.Says(), inOneWord(r.Verdict, r.Asks)
	s.Mails++
	s.Matrix[says][reads]++
	d := Difference{File: sample.File, Line: sample.Line, Says: says, Reads: reads, Why: r.Why}
	if r.Verdict == reader.Request {
		s.Called++
		switch {
		case says != reads:
		case sample.Words != r.Words:
			d.Words = r.Words
		default:
			s.Right++
		}
	}
	if sample.Verdict == reader.Request {
		s.Requests++
		switch r.Verdict {
		case reader.None:
			s.Hidden++
		case reader.Unclear:
			s.Left++
		}
	}
	if says != reads || d.Words != "" {
		s.Differs = append(s.Differs, d)
	}
}

// Write prints the matrix and what follows from it.
func (s Score) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%s\t", s.File)
	for _, reads := range classes {
		fmt.Fprintf(t, "%s\t", reads)
	}
	for _, says := range classes {
		fmt.Fprintf(t, "\n%s\t", says)
		for _, reads := range classes {
			if n := s.Matrix[says][reads]; n > 0 {
				fmt.Fprintf(t, "%d\t", n)
			} else {
				fmt.Fprint(t, ".\t")
			}
		}
	}
	fmt.Fprintln(t)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d mails. Of %d called a request, %d are (%s). Of %d requests, %d are called none (%s), %d are left to a person (%s).\n",
		s.Mails, s.Called, s.Right, share(s.Right, s.Called), s.Requests, s.Hidden, share(s.Hidden, s.Requests), s.Left, share(s.Left, s.Requests))
	return err
}

func share(part, all int) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(max(all, 1)))
}
