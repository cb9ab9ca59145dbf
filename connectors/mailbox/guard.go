package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
)

// MaxMessage is how long a mail may be that is taken apart, in bytes.
const MaxMessage = 35 << 20

// maxText is how much of the text of one part is read, in bytes. What is
// longer was not written by a person.
const maxText = 8 << 20

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

// guard refuses mails that are built to keep a parser busy. It takes linear
// time itself.
func guard(raw []byte) error {
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
	var boundaries, parameters, multiparts int
	for rest := raw; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(line) >= 3 && len(line) <= 82 && line[0] == '-' && line[1] == '-' {
			boundaries++
		}
		if bytes.IndexByte(line, '*') >= 0 {
			parameters += len(parameterPart.FindAllIndex(line, maxParameters+1))
		}
		multiparts += bytes.Count(bytes.ToLower(line), multipartWord)
	}
	switch {
	case boundaries > maxBoundaries:
		return errors.New("the message has too many parts")
	case parameters > maxParameters:
		return errors.New("the message has too many split parameters")
	case multiparts > maxMultiparts:
		return errors.New("the message is nested too deeply")
	}
	return nil
}
