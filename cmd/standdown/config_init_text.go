package main

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"standdown/rules"
)

// text is the configuration: what has no default, and what is not as usual.
func (b *beginning) text() []byte {
	var w strings.Builder
	w.WriteString(`# yaml-language-server: $schema=standdown.schema.json
# Made by "standdown config init". What is not here is as "standdown config show"
# prints it; config.example.yaml explains every key. For editors that complete:
# standdown config schema > standdown.schema.json

`)
	b.salesforce(&w)
	b.mailbox(&w)
	b.rules(&w)
	w.WriteString(`
# Everything is decided and shown, and nothing is done: see what people do
# otherwise with "standdown shadow report". Then take verbs out, one by one
# (except: [post-comment, hold-for-review]), and at last this section.
shadow:
  all: true
`)
	b.mapping(&w)
	return []byte(w.String())
}

func (b *beginning) salesforce(w *strings.Builder) {
	fmt.Fprintf(w, "salesforce:\n  url: %s\n  auth:\n", plain(b.URL))
	switch b.Login {
	case "jwt":
		fmt.Fprintf(w, "    method: jwt\n    client_id: ${SALESFORCE_CLIENT_ID}\n    username: %s\n    private_key_file: %s\n", plain(b.Username), plain(b.KeyFile))
	case "access_token":
		w.WriteString("    method: access_token # to try it: it ends with its session\n    token: ${SALESFORCE_TOKEN}\n")
	case "client_credentials":
		w.WriteString("    client_id: ${SALESFORCE_CLIENT_ID} # of the app that \"standdown org package\" makes\n    client_secret: ${SALESFORCE_CLIENT_SECRET}\n")
	default: // refused when it is read
		fmt.Fprintf(w, "    method: %s\n", plain(b.Login))
	}
}

func (b *beginning) mailbox(w *strings.Builder) {
	if b.Mail == "" {
		w.WriteString("\n# mailbox: # without it no mail is read and none is sent\n")
		return
	}
	w.WriteString("\nmailbox:\n")
	password := "    password: ${MAILBOX_PASSWORD}\n"
	switch b.MailLogin {
	case "microsoft":
		password = ""
		w.WriteString("  auth:\n    method: oauth\n    provider: microsoft\n    tenant: ${MAIL_TENANT} # the directory's id, or its domain\n" +
			"    client_id: ${MAIL_CLIENT_ID}\n    client_secret: ${MAIL_CLIENT_SECRET}\n")
	case "gmail":
		password = ""
		w.WriteString("  auth:\n    method: oauth\n    provider: gmail\n    client_id: ${MAIL_CLIENT_ID}\n    client_secret: ${MAIL_CLIENT_SECRET}\n" +
			"    refresh_token: ${MAIL_REFRESH_TOKEN}\n")
	}
	fmt.Fprintf(w, "  imap:\n    address: %s\n%s    username: %s\n%s", plain(b.IMAP), protected(b.IMAP), plain(b.Mail), password)
	fmt.Fprintf(w, "  smtp:\n    address: %s\n%s    username: %s\n%s    from: %s\n    copy_to: %s # so that what was sent is found after a lost connection\n",
		plain(b.SMTP), protected(b.SMTP), plain(b.Mail), password, plain(b.Mail), plain(b.Mail))
	w.WriteString("  # The mail servers of yours whose word on senders is believed: what stands before\n" +
		"  # the first ; in Authentication-Results of a mail that has arrived. Without them\n" +
		"  # no sender is proven, and each request waits for a person.\n  # auth_serv_ids: [mx.acme.example]\n")
}

// protected is how a connection to a mail server is, where that is not the
// usual.
func protected(address string) string {
	host, port, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	switch {
	case host == "localhost" || ip != nil && ip.IsLoopback():
		return "    tls: none # on this machine only\n"
	case port == "587" || port == "143":
		return "    tls: starttls\n"
	}
	return ""
}

func (b *beginning) rules(w *strings.Builder) {
	reasons := b.Proposal != nil && !slices.Equal(b.Proposal.Reasons, rules.Defaults().Cancellation.Reasons) && len(b.Proposal.Reasons) > 0
	if b.Zone == "" && !reasons {
		return
	}
	w.WriteString("\nrules:\n")
	if b.Zone != "" {
		fmt.Fprintf(w, "  calendar: {zone: %s} # where business days begin and end\n  on_hold: {default_zone: %s} # of visits whose zone nobody names\n", plain(b.Zone), plain(b.Zone))
	}
	if reasons {
		usual := b.Proposal.Usual
		note := "# without one in the mail"
		if usual == "" {
			note = "# without one in the mail: a person is asked"
		}
		fmt.Fprintf(w, "  cancellation:\n    default_reason: %s %s\n    reasons: # the org's drop-down list\n", plain(usual), note)
		for _, reason := range b.Proposal.Reasons {
			fmt.Fprintf(w, "      - %s\n", plain(reason))
		}
	}
}

func (b *beginning) mapping(w *strings.Builder) {
	w.WriteString("\n# What the org calls things, where it differs from the presets (mapping/presets).\n")
	if b.Proposal == nil {
		fmt.Fprintf(w, "mapping:\n  presets: [%s]\n", strings.Join(b.Presets, ", "))
		return
	}
	w.WriteString("# Percentages say how sure the proposal is: read them all. \"-\" is what the org\n# does not have.\n")
	w.WriteString(b.Proposal.YAML())
}

// plain writes a text so that YAML reads it as one, and the configuration takes
// nothing in it for a variable.
func plain(s string) string {
	text, err := yaml.Marshal(strings.ReplaceAll(s, "${", "$${"))
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(text), "\n")
}
