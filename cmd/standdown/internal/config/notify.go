package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Ways of [Notify].
const (
	smtpMail       = "smtp"
	salesforceMail = "salesforce"
)

// Notify is how notices are sent.
type Notify struct {
	// Via is smtp, the mail server of the mailbox, or salesforce, which logs
	// each mail on its record.
	Via string `yaml:"via"`
	// From is the organization-wide address that Salesforce sends from; empty
	// is that of the integration user.
	From string `yaml:"from"`
	// PerHour is how many mails one address may get within an hour; 0: any
	// number.
	PerHour int `yaml:"per_hour"`
}

// oldestMailVersion is the first version of the API that sends copies.
const oldestMailVersion = 62

func (n *Notify) check(d *document, apiVersion string) {
	const key = "notify."
	if !d.oneOf(key+"via", n.Via, smtpMail, salesforceMail) {
		return
	}
	if n.PerHour < 0 {
		d.refuse(key+"per_hour", "must be 0 (any number) or more")
	}
	if n.Via == smtpMail {
		if n.From != "" {
			d.refuse(key+"from", "is for mail by salesforce; want mailbox.smtp.from instead")
		}
		return
	}
	if n.From != "" {
		d.address(key+"from", n.From)
	}
	if version, err := strconv.ParseFloat(apiVersion, 64); err == nil && version < oldestMailVersion {
		d.refuse("salesforce.api_version", fmt.Sprintf("sends no copies of mail (notify.via); want %d.0 or newer", oldestMailVersion))
	}
}

// unusedSMTP refuses what the file says about a mail server that gets no mail.
func unusedSMTP(d *document) {
	for key := range d.keys {
		if strings.HasPrefix(key, "mailbox.smtp.") {
			d.refuse(key, "is not used, as notify.via is salesforce; remove it or choose smtp")
		}
	}
}
