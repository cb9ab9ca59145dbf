package config

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
)

const hidden = "<secret>"

// A Secret is a value that does not print: not with any fmt verb, not through
// slog, JSON or YAML. Convert it to a string to use it.
type Secret string

func (s Secret) String() string { return hidden }

// Format hides the value from every verb; String alone would not cover %d.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalYAML tells a secret that is set from one that is not, which is null.
func (s Secret) MarshalYAML() (any, error) {
	if s == "" {
		return nil, nil
	}
	return hidden, nil
}

// maxSecretSize is more than any password, token or private key needs, and
// keeps a wrong path from being read for ever.
const maxSecretSize = 64 << 10

// readSecret returns what the file holds, without the line end that editors
// add. The error is worded to follow the name of the key.
func readSecret(path string) (Secret, error) {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return "", fmt.Errorf("there is no file %s", path)
	case err != nil:
		return "", fmt.Errorf("cannot be read: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxSecretSize:
		return "", fmt.Errorf("%s is larger than %d bytes, too large for a secret", path, maxSecretSize)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return Secret(text), nil
}

// reference matches ${NAME} and ${NAME:-default}, $${ which stands for ${, and
// a ${ that is neither.
var reference = regexp.MustCompile(`\$?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\})?`)

// expand replaces ${NAME} by the environment's value and ${NAME:-default} by
// the default where that is unset or empty, as shells do; $${ stays as ${.
// Values are not expanded again. The errors name each variable that is not set.
func expand(s string, env Env) (string, []error) {
	var errs []error
	var b strings.Builder
	at := 0
	for _, m := range reference.FindAllStringSubmatchIndex(s, -1) {
		whole := s[m[0]:m[1]]
		b.WriteString(s[at:m[0]])
		at = m[1]
		switch {
		case strings.HasPrefix(whole, "$$"):
			b.WriteString(whole[1:])
		case m[2] < 0:
			errs = append(errs, fmt.Errorf("%q does not begin a reference such as ${NAME} or ${NAME:-default}; write $${ for a plain ${", s[m[0]:]))
		default:
			name := s[m[2]:m[3]]
			value, ok := env(name)
			switch {
			case value == "" && m[4] >= 0:
				value = s[m[4]+len(":-") : m[5]]
			case !ok:
				errs = append(errs, fmt.Errorf("the environment variable %s is not set", name))
			}
			b.WriteString(value)
		}
	}
	b.WriteString(s[at:])
	return b.String(), errs
}
