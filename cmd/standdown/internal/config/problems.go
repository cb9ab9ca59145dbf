package config

import (
	"fmt"
	"strings"
)

// A Problem is one thing that is wrong with a configuration.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Key is where, in dots: salesforce.auth.client_id.
	Key string `json:"key,omitempty"`
	// Text is what is wrong and what would be right.
	Text string `json:"text"`
}

func (p Problem) String() string {
	if p.Key == "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Key, p.Text)
}

// Problems are all that is wrong with a configuration, by line. There is at
// least one.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}
