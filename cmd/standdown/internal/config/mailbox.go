package config

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (m *Mailbox) check(d *document, via string) {
	in := &m.IMAP
	m.Auth.check(d)
	in.check(d, "mailbox.imap.", m.Auth.Method)
	seen := []string{strings.ToLower(in.Address + " " + in.Username)}
	for i := range m.Others {
		key := join("mailbox.others", strconv.Itoa(i)) + "."
		other := &m.Others[i]
		other.complete(d, key)
		other.check(d, key, m.Auth.Method)
		who := strings.ToLower(other.Address + " " + other.Username)
		if slices.Contains(seen, who) {
			d.refuse(key+"username", "is read already; want each mailbox once, with all its folders")
		}
		seen = append(seen, who)
	}

	if via == salesforceMail {
		unusedSMTP(d)
	} else {
		m.SMTP.check(d, m)
	}
	for i, id := range m.AuthServIDs {
		if at := join("mailbox.auth_serv_ids", strconv.Itoa(i)); id == "" || strings.ContainsAny(id, " \t\n;@") {
			d.refuse(at, "is no authserv-id; want the name in front of the first ; of the Authentication-Results header, such as mx.acme.example")
		}
	}
}

func (out *SMTP) check(d *document, m *Mailbox) {
	in := &m.IMAP
	d.server("mailbox.smtp.", out.Address, out.TLS, out.Insecure, "smtp.acme.example:465")
	if out.Username != "" || d.stated("mailbox.smtp.password") || d.stated("mailbox.smtp.password_file") {
		d.need("mailbox.smtp.username", out.Username, "the user to log in as")
		if m.Auth.Method == "password" {
			d.secret("mailbox.smtp.password", &out.Password, out.PasswordFile, "the password to send mail")
		}
	}
	if d.need("mailbox.smtp.from", out.From, `a sender such as "Back office <backoffice@acme.example>"`) {
		d.address("mailbox.smtp.from", out.From)
	}
	if out.CopyTo != "" {
		d.address("mailbox.smtp.copy_to", out.CopyTo)
	}
	if out.SentByServer && out.SentFolder == "" {
		d.refuse("mailbox.smtp.sent_by_server", "needs sent_folder, the folder that the server keeps sent mail in")
	}
	if out.SentFolder != "" && slices.ContainsFunc(append(in.Folders, in.Folder), func(f string) bool { return strings.EqualFold(f, out.SentFolder) }) {
		d.refuse("mailbox.smtp.sent_folder", "is a folder that is read; want another one")
	}
}

// complete sets what the file leaves out of one more mailbox.
func (in *IMAP) complete(d *document, key string) {
	usual := defaults().Mailbox.IMAP
	if !d.stated(key + "tls") {
		in.TLS = usual.TLS
	}
	if !d.stated(key + "folder") {
		in.Folder = usual.Folder
	}
	if !d.stated(key + "done_folder") {
		in.DoneFolder = usual.DoneFolder
	}
}

func (in *IMAP) check(d *document, key, method string) {
	d.server(key, in.Address, in.TLS, in.Insecure, "imap.acme.example:993")
	d.need(key+"username", in.Username, "the user to log in as")
	if method == "password" {
		d.secret(key+"password", &in.Password, in.PasswordFile, "the password of the mailbox")
	}
	d.need(key+"folder", in.Folder, "the folder to read, normally INBOX")
	if in.Folder != "" && strings.EqualFold(in.Folder, in.DoneFolder) {
		d.refuse(key+"done_folder", "is the folder that is read; want another one, or \"\" to leave mail in place")
	}
	seen := []string{strings.ToLower(in.Folder)}
	for i, folder := range in.Folders {
		at := key + join("folders", strconv.Itoa(i))
		switch {
		case !d.need(at, folder, "a folder to read besides"):
		case slices.Contains(seen, strings.ToLower(folder)):
			d.refuse(at, "is read already; want each folder once")
		case strings.EqualFold(folder, in.DoneFolder):
			d.refuse(at, "is the folder that mail is moved to when it has been dealt with; want another one")
		}
		seen = append(seen, strings.ToLower(folder))
	}
}

// oauthPresets are what the providers have in common for all their customers.
// {tenant} stands for the customer's own. A preset without appScope knows no
// client credentials.
//
// Sources: learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection
// using OAuth"; developers.google.com, "Using OAuth 2.0 to Access Google APIs"
// (service accounts sign an assertion instead, which is not supported here).
var oauthPresets = map[string]struct{ tokenURL, appScope, userScope string }{
	"microsoft": {
		tokenURL:  "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
		appScope:  "https://outlook.office365.com/.default",
		userScope: "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
	},
	"gmail": {
		tokenURL:  "https://oauth2.googleapis.com/token",
		userScope: "https://mail.google.com/",
	},
	"other": {},
}

func (a *MailAuth) check(d *document) {
	const key = "mailbox.auth."
	if !d.oneOf(key+"method", a.Method, "password", "oauth") || !d.oneOf(key+"provider", a.Provider, "microsoft", "gmail", "other") {
		return
	}
	var unused []string
	for k := range d.keys {
		if strings.HasPrefix(k, "mailbox.") && (strings.HasSuffix(k, ".password") || strings.HasSuffix(k, ".password_file")) {
			unused = append(unused, k)
		}
	}
	if a.Method == "password" {
		unused = nil
		for _, name := range []string{"provider", "tenant", "token_url", "scope", "client_id", "client_secret", "client_secret_file", "refresh_token", "refresh_token_file"} {
			unused = append(unused, key+name)
		}
	}
	for _, k := range unused {
		if d.stated(k) {
			d.refuse(k, fmt.Sprintf("is not used by the method %s; remove it or choose the other method (%smethod)", a.Method, key))
		}
	}
	if a.Method == "password" {
		return
	}
	asUser := d.stated(key+"refresh_token") || d.stated(key+"refresh_token_file")
	preset := oauthPresets[a.Provider]
	d.need(key+"client_id", a.ClientID, "the id of the application that is registered with the provider")
	if asUser {
		d.secret(key+"refresh_token", &a.RefreshToken, a.RefreshTokenFile, "the token that the mailbox's owner gave the application")
		a.RefreshTokenFile = d.path(a.RefreshTokenFile)
	}
	if !asUser || d.stated(key+"client_secret") || d.stated(key+"client_secret_file") {
		d.secret(key+"client_secret", &a.ClientSecret, a.ClientSecretFile, "the application's secret")
	}
	if a.Provider == "gmail" && !asUser {
		d.bad(key+"refresh_token", "is missing; Gmail lets an application in only as a user who gave it such a token")
	}
	if a.Provider == "microsoft" && a.TokenURL == "" {
		d.need(key+"tenant", a.Tenant, "the directory (tenant) id, or its domain")
	} else if a.Tenant != "" {
		d.refuse(key+"tenant", "goes with the provider microsoft alone, and without token_url")
	}
	if a.TokenURL == "" {
		a.TokenURL = strings.ReplaceAll(preset.tokenURL, "{tenant}", url.PathEscape(a.Tenant))
	}
	if d.need(key+"token_url", a.TokenURL, "the provider's token endpoint, such as https://login.acme.example/oauth2/token") {
		u, err := url.Parse(a.TokenURL)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
			d.refuse(key+"token_url", "is no https:// address; want the provider's token endpoint")
		}
	}
	if a.Scope == "" && asUser {
		a.Scope = preset.userScope
	} else if a.Scope == "" {
		a.Scope = preset.appScope
	}
}
