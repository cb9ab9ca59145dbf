package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/publicsuffix"
)

// Verdicts on a mail's sender.
const (
	AuthPass = "pass" // the domain in From answers for this mail
	AuthFail = "fail" // somebody tried, or the mail was altered
	AuthNone = "none" // nothing to go by
)

// MicrosoftAuth, as an entry of [Authenticator.ServIDs], accepts the header of
// Microsoft 365, which names no authserv-id.
const MicrosoftAuth = "microsoft"

const (
	lookupTimeout = 5 * time.Second
	maxSignatures = 5
)

// An Authenticator judges whether a mail comes from the domain it claims.
//
// It believes two things: an Authentication-Results field (RFC 8601) if it is
// the topmost one and its authserv-id is listed, and a DKIM signature (RFC
// 6376) that it has verified itself and that is aligned with From (same
// organizational domain, RFC 7489 3.1). A mail without exactly one From field
// holding exactly one address fails, whoever signed it.
//
// The zero value believes DKIM only. Whether the receiving server removes
// forged Authentication-Results fields that carry its own id is for its
// administrator to confirm (RFC 8601 5).
type Authenticator struct {
	// ServIDs are the authserv-ids of the receiving mail servers.
	ServIDs []string
	// LookupTXT asks the DNS for TXT records; nil is the system's resolver.
	LookupTXT func(domain string) ([]string, error)
}

// Verdict judges a mail and says why, in words that hold no address beyond the
// domain.
func (a Authenticator) Verdict(raw []byte) (verdict, reason string) {
	if guard(raw) != nil {
		return AuthNone, "the mail was not read"
	}
	return a.judge(raw, readHeader(raw))
}

func (a Authenticator) judge(raw []byte, header header) (verdict, reason string) {
	if header.malformed {
		return AuthFail, "the header is malformed"
	}
	for _, name := range []string{"From", "Sender", "Subject", "Date", "Content-Type", "Content-Transfer-Encoding"} {
		if n := len(header.all(name)); n > 1 {
			return AuthFail, fmt.Sprintf("the mail has %d %s fields", n, name)
		}
	}
	domain, err := senderDomain(header)
	if err != nil {
		return AuthFail, err.Error()
	}
	if verdict, reason := a.reported(header, domain); verdict != AuthNone {
		return verdict, reason
	}
	return a.signed(raw, domain, header.get("Subject") != "")
}

func senderDomain(header header) (string, error) {
	fields := header.all("From")
	if len(fields) == 0 {
		return "", errors.New("the mail has no From field")
	}
	list, err := addressParser.ParseList(fields[0])
	if err != nil {
		return "", errors.New("the From field is malformed")
	}
	if len(list) != 1 {
		return "", fmt.Errorf("the From field names %d senders", len(list))
	}
	return strings.ToLower(domainOf(list[0].Address)), nil
}

// reported reads what the receiving server found.
func (a Authenticator) reported(header header, domain string) (verdict, reason string) {
	fields := header.all("Authentication-Results")
	if len(fields) == 0 || len(a.ServIDs) == 0 {
		return AuthNone, ""
	}
	servID, results, err := parseAuthResults(fields[0])
	if err != nil {
		return AuthNone, ""
	}
	if servID == "" {
		servID = MicrosoftAuth
	}
	if !slices.ContainsFunc(a.ServIDs, func(id string) bool { return strings.EqualFold(id, servID) }) {
		return AuthNone, ""
	}
	for _, r := range results {
		if r.method == "dmarc" && r.result == "fail" {
			return AuthFail, "dmarc=fail according to " + servID
		}
	}
	for _, r := range results {
		switch {
		case r.result != "pass":
		case r.method == "dmarc" && strings.EqualFold(r.properties["header.from"], domain):
			return AuthPass, fmt.Sprintf("dmarc=pass for %s according to %s", domain, servID)
		case r.method == "dkim" && aligned(r.properties["header.d"], domain):
			return AuthPass, fmt.Sprintf("dkim=pass for %s according to %s", domain, servID)
		}
	}
	return AuthNone, ""
}

// during returns a for one reading of several mails: each name is looked up
// once, and the end of ctx ends the looking.
func (a Authenticator) during(ctx context.Context) Authenticator {
	type answer struct {
		texts []string
		err   error
	}
	known := map[string]answer{}
	var mu sync.Mutex
	lookup := a.LookupTXT
	if lookup == nil {
		lookup = func(name string) ([]string, error) {
			ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
			defer cancel()
			return net.DefaultResolver.LookupTXT(ctx, name)
		}
	}
	a.LookupTXT = func(name string) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		found, ok := known[name]
		if !ok {
			found.texts, found.err = lookup(name)
			known[name] = found
		}
		return found.texts, found.err
	}
	return a
}

// signed verifies the mail's own signatures.
func (a Authenticator) signed(raw []byte, domain string, subject bool) (verdict, reason string) {
	lookup := a.LookupTXT
	if lookup == nil {
		lookup = a.during(context.Background()).LookupTXT
	}
	checks, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: lookup, MaxVerifications: maxSignatures})
	if err != nil && len(checks) == 0 {
		return AuthNone, "the signatures cannot be read"
	}
	verdict, reason = AuthNone, "no signature by "+domain
	for _, check := range checks {
		switch {
		case !aligned(check.Domain, domain):
		case check.Err == nil && subject && !covers(check.HeaderKeys, "Subject"):
			verdict, reason = AuthNone, fmt.Sprintf("the signature by %s does not cover the subject", check.Domain)
		case check.Err == nil:
			return AuthPass, fmt.Sprintf("signed by %s (DKIM)", check.Domain)
		case dkim.IsTempFail(check.Err):
			verdict, reason = AuthNone, fmt.Sprintf("the key of %s could not be looked up", check.Domain)
		default:
			verdict, reason = AuthFail, fmt.Sprintf("the signature by %s does not hold", check.Domain)
		}
	}
	return verdict, reason
}

// covers tells whether a signature covers a field.
func covers(keys []string, field string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(strings.TrimSpace(key), field) })
}

// aligned tells whether two domains belong to one organization.
func aligned(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSuffix(a, ".")), strings.ToLower(strings.TrimSuffix(b, "."))
	if a == "" || b == "" {
		return false
	}
	if a == b {
		return true
	}
	orgA, errA := publicsuffix.EffectiveTLDPlusOne(a)
	orgB, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && orgA == orgB
}

// header is a mail's header as it came, in order. Unlike the MIME parser it
// repairs nothing.
type header struct {
	fields    []headerField
	malformed bool // not lines of "name: value"
}

type headerField struct{ name, value string }

func readHeader(raw []byte) (h header) {
	var value []byte // of the last field, which may go on in the next line
	end := func() {
		if n := len(h.fields); n > 0 {
			h.fields[n-1].value = string(value)
		}
	}
	for len(raw) > 0 {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			break
		}
		if bytes.ContainsAny(line, "\r\x00") {
			h.malformed = true
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(h.fields) == 0 {
				h.malformed = true
				continue
			}
			value = append(append(value, ' '), bytes.TrimSpace(line)...)
			continue
		}
		name, first, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			// The "From " line that mbox files put on top is not a field.
			h.malformed = h.malformed || len(h.fields) > 0 || !bytes.HasPrefix(name, []byte("From "))
			continue
		}
		end()
		h.fields = append(h.fields, headerField{name: string(bytes.TrimRight(name, " \t"))})
		value = append([]byte(nil), bytes.TrimSpace(first)...)
	}
	end()
	return h
}

func (h header) all(name string) (values []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

func (h header) get(name string) string {
	if values := h.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

var addressParser = mail.AddressParser{WordDecoder: wordDecoder}
