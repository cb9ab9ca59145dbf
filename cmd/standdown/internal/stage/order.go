package stage

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"slices"
)

// Order describes in which order things were said: on each record of the org,
// and by mail to the people that were written to together. Like State it can be
// compared with another world.
func (s *Stage) Order() ([]string, error) {
	dump := s.Org.Dump()
	names := namesOf(dump)
	said := map[string]int{}
	var lines []string
	add := func(where, what string) {
		said[where]++
		lines = append(lines, fmt.Sprintf("%d. on %s: %s", said[where], where, what))
	}
	for _, post := range dump["FeedItem"] { // in order of creation
		add(names[fmt.Sprint(post["ParentId"])], unmarked(fmt.Sprint(post["Body"])))
	}
	for _, m := range s.Mail.Accepted() {
		message, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			return nil, err
		}
		people := slices.DeleteFunc(slices.Sorted(slices.Values(m.To)), func(to string) bool { return to == Mailbox })
		add(fmt.Sprintf("mail to %v", people), message.Header.Get("Subject"))
	}
	slices.Sort(lines)
	return lines, nil
}
