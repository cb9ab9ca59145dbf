package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Retain is how long the journal keeps what is bulky or personal. Decisions,
// and what was done and by whom, are kept for ever.
type Retain struct {
	Raw        Age `yaml:"raw"`        // mails as they came
	Situations Age `yaml:"situations"` // the records that decisions were taken on
}

// An Age is a number of days, written like 90d; zero is written forever.
type Age time.Duration

const day = 24 * time.Hour

func (a Age) String() string {
	if a == 0 {
		return "forever"
	}
	return strconv.Itoa(int(time.Duration(a)/day)) + "d"
}

func (a Age) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText parses an age.
func (a *Age) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "forever" {
		*a = 0
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
	if !strings.HasSuffix(s, "d") || err != nil || n < 1 || n > 36500 {
		return fmt.Errorf("%q is no age; want a number of days such as 90d, or forever", s)
	}
	*a = Age(n) * Age(day)
	return nil
}
