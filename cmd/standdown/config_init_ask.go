package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"standdown/mapping"
)

// ask asks for what no flag has given.
func (b *beginning) ask(ctx context.Context, i *interview, given func(flag string) bool, fromOrg *bool) error {
	question := func(flag string, answer *string, text, usual string, check func(string) error) {
		if !given(flag) {
			*answer = i.ask(ctx, text, usual, check)
		}
	}
	question("org-url", &b.URL, "The org's My Domain URL, such as https://acme.my.salesforce.com", b.URL, isURL)
	question("login", &b.Login, "How does Standdown log in to it: client_credentials, jwt or access_token", b.Login, isOneOf("client_credentials", "jwt", "access_token"))
	if b.Login == "jwt" {
		question("username", &b.Username, "The integration user's name", b.Username, isSaid)
		question("key-file", &b.KeyFile, "The file with its private key, in PEM", "salesforce.pem", isSaid)
	}
	if !given("from-org") {
		*fromOrg = i.ask(ctx, "Look at the org now, and propose what it calls things? Its variables must be set: yes or no", "no", isOneOf("yes", "no")) == "yes"
	}
	if !given("preset") && !*fromOrg {
		answer := i.ask(ctx, "What does it deal with: "+strings.Join(mapping.Presets(), ", "), "milestone skedulo", arePresets)
		b.Presets = wordsOf(answer)
	}
	question("zone", &b.Zone, "The time zone in which business days begin", "America/New_York", isZone)
	question("mail", &b.Mail, "The address of the mailbox in which requests arrive; nothing if no mail is to be read", "", isAddressOrNothing)
	if b.Mail != "" {
		question("mail-login", &b.MailLogin, "How does Standdown log in to it: password, microsoft or gmail", b.MailLogin, isOneOf("password", "microsoft", "gmail"))
		_, domain, _ := strings.Cut(b.Mail, "@")
		usual, known := mailServers[b.MailLogin]
		if !known {
			usual.imap, usual.smtp = "imap."+domain+":993", "smtp."+domain+":465"
		}
		question("imap", &b.IMAP, "The server with the mailbox, and its port (IMAP)", usual.imap, isServer)
		question("smtp", &b.SMTP, "The server that sends, and its port (SMTP)", usual.smtp, isServer)
	}
	return i.err
}

// An interview asks questions on a terminal until something goes wrong, and then
// asks no more.
type interview struct {
	lines <-chan string
	out   io.Writer
	err   error
}

// newInterview reads answers from in, line by line. A read from a terminal cannot
// be ended, so that the one under way ends with the process.
func newInterview(in io.Reader, out io.Writer) *interview {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(in); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	return &interview{lines: lines, out: out}
}

// ask asks until the answer is right; an empty one is the usual.
func (i *interview) ask(ctx context.Context, text, usual string, check func(string) error) string {
	for i.err == nil {
		prompt := text
		if usual != "" {
			prompt += " [" + usual + "]"
		}
		fmt.Fprint(i.out, prompt, ": ")
		select {
		case <-ctx.Done():
			i.err = ctx.Err()
		case line, ok := <-i.lines:
			if !ok {
				i.err = errors.New("no answer; what is not asked for can be given by flags, see --help")
				break
			}
			answer := strings.TrimSpace(line)
			if answer == "" {
				answer = usual
			}
			if wrong := check(answer); wrong != nil {
				fmt.Fprintln(i.out, " ", wrong)
				continue
			}
			return answer
		}
	}
	return ""
}

func isSaid(s string) error {
	if s == "" {
		return errors.New("it cannot be left out")
	}
	return nil
}

func isURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("that is no URL; want one such as https://acme.my.salesforce.com")
	}
	return nil
}

func isOneOf(words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("want one of %s", strings.Join(words, ", "))
		}
		return nil
	}
}

func arePresets(s string) error {
	if _, err := mapping.New(mapping.Config{Presets: wordsOf(s), Approvals: true}); err != nil {
		return err
	}
	return nil
}

// wordsOf are words that blanks or commas part.
func wordsOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })
}

func isZone(s string) error {
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
		return errors.New("that is no time zone; want one such as America/Denver")
	}
	return nil
}

func isAddressOrNothing(s string) error {
	if a, err := mail.ParseAddress(s); s != "" && (err != nil || a.Address != s) {
		return errors.New("that is no mail address; want one such as cancellations@acme.example")
	}
	return nil
}

func isServer(s string) error {
	if host, port, err := net.SplitHostPort(s); err != nil || host == "" || port == "" {
		return errors.New("want host and port, such as imap.acme.example:993")
	}
	return nil
}
