package sandbox

import "strings"

const (
	digits62     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	suffixDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
)

// makeID builds the n-th id of a prefix. Ids of one prefix sort by n.
func makeID(prefix string, n int) string {
	return complete(prefix + "Sb0" + base62(n, 9))
}

// complete adds to a 15-character id the three characters that carry its
// upper and lower case.
func complete(id string) string {
	var suffix [3]byte
	for i := range suffix {
		bits := 0
		for j := range 5 {
			if c := id[i*5+j]; c >= 'A' && c <= 'Z' {
				bits |= 1 << j
			}
		}
		suffix[i] = suffixDigits[bits]
	}
	return id + string(suffix[:])
}

// parseID returns the 18-character form of an id of 15 or 18 characters.
func parseID(s string) (id string, ok bool) {
	if len(s) != 15 && len(s) != 18 {
		return "", false
	}
	for i := range len(s) {
		if strings.IndexByte(digits62, s[i]) < 0 {
			return "", false
		}
	}
	id = complete(s[:15])
	return id, len(s) == 15 || id[15:] == strings.ToUpper(s[15:])
}

func base62(n, width int) string {
	out := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		out[i] = digits62[n%62]
		n /= 62
	}
	return string(out)
}
