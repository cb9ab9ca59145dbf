package config

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/spelling"
	"standdown/mapping"
	"standdown/rules"
)

// check completes what was read and reports what cannot work.
func (c *Config) check(d *document) {
	c.Journal.check(d)
	for i, file := range c.Examples {
		d.need(join("examples", strconv.Itoa(i)), file, "a file with examples")
		c.Examples[i] = d.path(file)
	}
	c.Salesforce.check(d)
	if c.Mailbox != nil {
		c.Mailbox.check(d, c.Notify.Via)
	}
	c.Notify.check(d, c.Salesforce.APIVersion)
	if c.Start.Adopt && !time.Time(c.Start.Since).IsZero() {
		d.refuse("start.since", "does not go with adopt, which acts on all mail; want one of them")
	}
	c.Ceilings.check(d)
	c.Approvals.check(d)
	c.Operators.check(d, c)
	c.Delivery.check(d)
	c.Delivery.QuietHours.check(d, c.Rules.Calendar.Zone)
	c.Web.check(d)
	c.Telemetry.check(d)
	d.oneOf("log.format", c.Log.Format, "text", "json")

	c.Book = d.loadRules(c.Rules)
	c.Mapping.Approvals = c.Salesforce.Approvals != ""
	c.Names = d.loadMapping(c.Mapping)
	c.Operators.checkCases(d, c)
	c.Autonomy = d.completeAutonomy(c.Autonomy)
	c.Shadow.check(d)
	c.Shadow.apply(d, c.Autonomy)
	if c.Book != nil && c.Names != nil {
		if err := c.Names.Fits(c.Rules); err != nil {
			d.refuse("mapping", err.Error())
		}
	}
}

var apiVersion = regexp.MustCompile(`^[1-9][0-9]\.0$`)

func (s *Salesforce) check(d *document) {
	const key = "salesforce."
	if d.need(key+"url", s.URL, "the org's My Domain URL, such as https://acme.my.salesforce.com") {
		s.URL = d.site(key+"url", s.URL)
	}
	if !apiVersion.MatchString(s.APIVersion) {
		d.refuse(key+"api_version", "is no version of the API; want one such as 64.0")
	}
	d.oneOf(key+"write_guard", s.WriteGuard, "strict", "checked")
	d.atLeast(key+"overlap", s.Overlap, 0)
	d.atLeast(key+"reconcile", s.Reconcile, 0)
	if s.Reserve < 0 {
		d.refuse(key+"reserve", "must be 0 or more")
	}
	if s.Approvals != "" {
		d.oneOf(key+"approvals", s.Approvals, "classic", "flow")
	}
	s.Auth.check(d)
}

func (a *Auth) check(d *document) {
	const key = "salesforce.auth."
	if !d.oneOf(key+"method", a.Method, "client_credentials", "jwt", "access_token") {
		return
	}
	used := []string{"method"}
	switch a.Method {
	case "client_credentials":
		used = append(used, "client_id", "client_secret", "client_secret_file")
		d.need(key+"client_id", a.ClientID, "the consumer key of the connected app")
		d.secret(key+"client_secret", &a.ClientSecret, a.ClientSecretFile, "the consumer secret of the connected app")
	case "jwt":
		used = append(used, "client_id", "username", "private_key_file", "audience")
		d.need(key+"client_id", a.ClientID, "the consumer key of the connected app")
		d.need(key+"username", a.Username, "the user to act as")
		if d.need(key+"private_key_file", a.PrivateKeyFile, "the file with the private key, in PEM") {
			a.PrivateKey = d.privateKey(key+"private_key_file", a.PrivateKeyFile)
		}
		if a.Audience != "" {
			a.Audience = d.site(key+"audience", a.Audience)
		}
	case "access_token":
		used = append(used, "token", "token_file")
		d.secret(key+"token", &a.Token, a.TokenFile, "an access token")
	}
	for _, name := range []string{"client_id", "client_secret", "client_secret_file", "username", "private_key_file", "audience", "token", "token_file"} {
		if d.stated(key+name) && !slices.Contains(used, name) {
			d.refuse(key+name, fmt.Sprintf("is not used by the method %s; remove it or choose another method", a.Method))
		}
	}
}

func (y Delivery) check(d *document) {
	const key = "delivery."
	d.atLeast(key+"call_timeout", y.CallTimeout, time.Second)
	if y.Lease <= y.CallTimeout {
		d.refuse(key+"lease", fmt.Sprintf("must be longer than call_timeout (%s), for an entry must not be claimed twice while it is being applied", y.CallTimeout))
	}
	d.atLeast(key+"quiet", y.Quiet, 0)
	if y.Attempts < 1 {
		d.refuse(key+"attempts", "must be 1 or more")
	}
	d.atLeast(key+"backoff_min", y.BackoffMin, time.Millisecond)
	if y.BackoffMax < y.BackoffMin {
		d.refuse(key+"backoff_max", fmt.Sprintf("must not be less than backoff_min (%s)", y.BackoffMin))
	}
}

func (d *document) loadRules(s rules.Settings) *rules.Book {
	book, err := rules.Load(s)
	d.relay("rules", err)
	return book
}

func (d *document) loadMapping(m mapping.Config) *mapping.Mapping {
	names, err := mapping.New(m)
	d.relay("mapping", err)
	return names
}

// modes are what a verb can have in autonomy.
var modes = []string{"auto", "approve", "shadow", "off"}

// completeAutonomy checks the modes that the file gives and adds the
// recommended ones. Verbs do not depend on settings, so that they can be
// checked beside settings that are wrong.
func (d *document) completeAutonomy(stated map[string]string) map[string]string {
	book, err := rules.Load(rules.Defaults())
	if err != nil {
		d.add(1, "", "the rule books are wrong, which is a defect of this program: "+err.Error())
		return nil
	}
	complete := map[string]string{}
	var verbs []string
	for _, v := range book.Verbs() {
		verbs = append(verbs, v.Name)
		complete[v.Name] = v.Autonomy
	}
	slices.Sort(verbs)
	for verb, mode := range stated {
		key := "autonomy." + verb
		if !slices.Contains(verbs, verb) {
			d.bad(key, "no such verb; "+spelling.Suggest(verb, verbs))
			continue
		}
		d.oneOf(key, mode, modes...)
		complete[verb] = mode
	}
	return complete
}

// relay reports each part of an error about a section, at the deepest key of
// the section that the part names in front.
func (d *document) relay(section string, err error) {
	if err == nil {
		return
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			d.relay(section, one)
		}
		return
	}
	text := strings.TrimPrefix(err.Error(), section+".")
	head, rest, ok := strings.Cut(text, ": ")
	if ok && !strings.ContainsAny(head, " \"") {
		d.bad(join(section, head), rest)
		return
	}
	d.bad(section, text)
}

// refuse reports a problem with a key that has none yet.
func (d *document) refuse(key, text string) {
	if d.refused(key) {
		return
	}
	if d.stated(key) {
		if written := d.keys[key].text; written != "" {
			text = d.quote(key) + " " + text
		}
	}
	d.bad(key, text)
}

// need reports whether a value is there, and a problem if it is not.
func (d *document) need(key, value, want string) bool {
	switch {
	case value != "" || d.refused(key):
		return !d.refused(key)
	case d.stated(key):
		d.refuse(key, "is empty; want "+want)
	default:
		d.bad(key, "is missing; want "+want)
	}
	return false
}

// oneOf reports whether value is one of the words, and a problem if it is not.
func (d *document) oneOf(key, value string, words ...string) bool {
	if d.choices != nil {
		d.choices[key] = words
	}
	if slices.Contains(words, value) {
		return !d.refused(key)
	}
	if !d.refused(key) {
		d.bad(key, fmt.Sprintf("%s is no choice; want one of %s", d.quote(key), strings.Join(words, ", ")))
	}
	return false
}

func (d *document) atLeast(key string, value, least time.Duration) {
	if value < least {
		d.refuse(key, fmt.Sprintf("is too short; want %s or more", least))
	}
}

// secret completes value from its file, if it has one, and reports a secret
// that is missing, empty, or given twice.
func (d *document) secret(key string, value *Secret, file, what string) {
	fileKey := key + "_file"
	switch {
	case d.stated(key) && d.stated(fileKey):
		d.bad(fileKey, "is given beside "+key+"; want one of them")
	case d.stated(fileKey):
		if d.need(fileKey, file, "the file that holds "+what) {
			text, err := readSecret(d.path(file))
			if err != nil {
				d.bad(fileKey, err.Error())
			}
			*value = text
		}
	case d.stated(key):
		if *value == "" && !d.refused(key) {
			d.bad(key, "is empty; want "+what)
		}
	default:
		d.need(key, "", what+", as ${VARIABLE} from the environment, or "+fileKey+" instead")
	}
}

func (d *document) privateKey(key, file string) Secret {
	text, err := readSecret(d.path(file))
	if err != nil {
		d.bad(key, err.Error())
		return ""
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		d.bad(key, d.path(file)+" holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
	}
	return text
}

// site checks the address of a web site and returns it without a trailing
// slash. Only this machine may be spoken to without TLS.
func (d *document) site(key, value string) string {
	value = strings.TrimSuffix(value, "/")
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		d.refuse(key, "is no URL; want one such as https://acme.my.salesforce.com")
	case u.User != nil:
		d.bad(key, "holds a user name; remove it, credentials go below auth")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		d.refuse(key, "has more than a host; want "+strconv.Quote(u.Scheme+"://"+u.Host))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		d.refuse(key, "would send credentials in the clear; want https://")
	}
	return value
}

// server checks the address of a mail server and how it is protected.
func (d *document) server(section, address, tls string, insecure bool, example string) {
	known := d.oneOf(section+"tls", tls, "tls", "starttls", "none")
	if !d.need(section+"address", address, "host and port, such as "+example) {
		return
	}
	host, port, err := net.SplitHostPort(address)
	if n, atoi := strconv.ParseUint(port, 10, 16); err != nil || host == "" || atoi != nil || n == 0 {
		d.refuse(section+"address", "is no address; want host and port, such as "+example)
		return
	}
	if known && tls == "none" && !insecure && !isLoopback(host) {
		d.refuse(section+"tls", "would send the password in the clear; want tls or starttls, or insecure: true beside it if that is meant")
	}
}

func (d *document) address(key, value string) {
	if _, err := mail.ParseAddress(value); err != nil {
		d.refuse(key, "is no mail address; want one such as backoffice@acme.example")
	}
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
