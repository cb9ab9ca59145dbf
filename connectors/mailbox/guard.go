package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
)

// MaxMessage is how long a mail may be that is taken apart, in bytes.
const MaxMessage = 35 << 20

// maxText is how much text of a mail is read, in bytes. What is longer was not
// written by a person.
const maxText = 4 << 20

// Limits of what is given to the MIME parser, whose time otherwise grows with
// the square of them and more.
const (
	maxHeader     = 256 << 10
	maxBoundaries = 2000
	maxParameters = 200
	maxMultiparts = 100
)

var (
	multipartWord = []byte("multipart/")
	parameterPart = regexp.MustCompile(`\*[0-9]+\*?\s*=`)
)

// guard refuses a mail that is built to keep a parser busy.
func guard(raw []byte) error { return new(load).add(raw) }

// A load is how much work a parser has with a mail and the mails within it.
type load struct{ boundaries, parameters, multiparts int }

// add counts what is in raw, in linear time, and returns an error if it is too
// much.
func (l *load) add(raw []byte) error {
	if len(raw) > MaxMessage {
		return fmt.Errorf("the message is larger than %d bytes", MaxMessage)
	}
	end := bytes.Index(raw, []byte("\n\r\n"))
	if lf := bytes.Index(raw, []byte("\n\n")); end < 0 || lf >= 0 && lf < end {
		end = lf
	}
	if end < 0 {
		end = len(raw)
	}
	if end > maxHeader {
		return fmt.Errorf("the message's header is larger than %d bytes", maxHeader)
	}
	for rest := raw; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(line) >= 3 && line[0] == '-' && line[1] == '-' {
			l.boundaries++
		}
		if bytes.IndexByte(line, '*') >= 0 {
			l.parameters += len(parameterPart.FindAllIndex(line, maxParameters+1))
		}
		if bytes.IndexByte(line, '/') >= 0 {
			l.multiparts += bytes.Count(bytes.ToLower(line), multipartWord)
		}
	}
	switch {
	case l.boundaries > maxBoundaries:
		return errors.New("the message has too many parts")
	case l.parameters > maxParameters:
		return errors.New("the message has too many split parameters")
	case l.multiparts > maxMultiparts:
		return errors.New("the message is nested too deeply")
	}
	return nil
}
