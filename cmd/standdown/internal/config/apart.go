package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// An org is one of several in a directory, while they are read.
type org struct {
	*Config
	*document
}

// apartFrom reports what this org would share with another: a mail or a change
// that both decide about would be acted upon twice.
func (o org) apartFrom(other org) {
	if o.Journal.id() == other.Journal.id() {
		where, _ := o.Journal.Where()
		o.shares(o.journalKey(), other, other.journalKey(), "%s is the journal of %s as well (%s); want one for each org", where)
	}
	if o.Salesforce.URL != "" && strings.EqualFold(o.Salesforce.URL, other.Salesforce.URL) {
		o.shares("salesforce.url", other, "salesforce.url", "%s is the org of %s as well (%s), and each change there would be decided twice; want one file for it, with its further mailboxes in mailbox.others", o.Salesforce.URL)
	}
	if collide(o.Web.Listen, other.Web.Listen) {
		o.shares("web.listen", other, "web.listen", `%s is where %s listens (%s); want an address for each org, or "" for none`, o.Web.Listen)
	}
	if o.Log.Format != other.Log.Format {
		o.shares("log.format", other, "log.format", "%s is not that of %s (%s), and they log to one place; want the same for all orgs", o.Log.Format)
	}
	reads, files := o.Mailbox.folders()
	theirReads, theirFiles := other.Mailbox.folders()
	const twice = "and each mail would be decided twice; want it read for one org only"
	o.meets(reads, other, theirReads, "%s is read for %s as well (%s), "+twice)
	o.meets(reads, other, theirFiles, "%s is where %s files mail (%s); want a folder that nobody files in")
	o.meets(files, other, theirReads, "%s is read for %s (%s); want a folder that nobody reads")
}

// shares reports the value of a key that the other org's key does not allow,
// unless one of them is wrong in itself.
func (o org) shares(key string, other org, theirs, format, value string) {
	if !o.refused(key) && !other.refused(theirs) {
		o.bad(key, fmt.Sprintf(format, value, other.Name, other.where(theirs)))
	}
}

func (o org) meets(folders []mailFolder, other org, theirs []mailFolder, format string) {
	for _, f := range folders {
		for _, g := range theirs {
			if f.account == g.account && strings.EqualFold(f.name, g.name) {
				o.shares(f.key, other, g.key, format, f.name+" of "+f.account)
			}
		}
	}
}

func (o org) journalKey() string {
	for _, key := range []string{"journal.url", "journal.url_file"} {
		if o.stated(key) {
			return key
		}
	}
	return "journal.path"
}

// where is the place of a key.
func (d *document) where(key string) string {
	if !d.stated(key) {
		return d.name + ", by default"
	}
	return d.name + ":" + strconv.Itoa(d.keys[key].line)
}

// id is the same for two journals if they are one, as far as their names tell.
func (j Journal) id() string {
	if j.URL == "" {
		return resolved(j.Path)
	}
	u, err := url.Parse(string(j.URL))
	if err != nil {
		return string(j.URL)
	}
	host := cmp.Or(u.Hostname(), u.Query().Get("host"))
	if isLoopback(host) {
		host = "localhost"
	}
	return strings.ToLower(host) + ":" + cmp.Or(u.Port(), u.Query().Get("port"), "5432") + u.Path
}

// collide tells whether nobody can listen at one of the addresses while somebody
// does at the other.
func collide(a, b string) bool {
	host, port, err := net.SplitHostPort(a)
	if err != nil || port == "0" {
		return false
	}
	otherHost, otherPort, err := net.SplitHostPort(b)
	return err == nil && port == otherPort && (everywhere(host) || everywhere(otherHost) ||
		strings.EqualFold(host, otherHost) || isLoopback(host) && isLoopback(otherHost) && (host == "localhost" || otherHost == "localhost"))
}

func everywhere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// A mailFolder is one of a mailbox that a configuration names.
type mailFolder struct {
	key, account, name string
}

// folders are those that are read, and those that mail is put into.
func (m *Mailbox) folders() (read, filed []mailFolder) {
	if m == nil {
		return nil, nil
	}
	for i, in := range append([]IMAP{m.IMAP}, m.Others...) {
		key := "mailbox.imap."
		if i > 0 {
			key = join("mailbox.others", strconv.Itoa(i-1)) + "."
		}
		if in.Address == "" || in.Username == "" {
			continue
		}
		account := strings.ToLower(in.Username + " at " + in.Address)
		read = append(read, mailFolder{key + "folder", account, in.Folder})
		for n, folder := range in.Folders {
			read = append(read, mailFolder{key + join("folders", strconv.Itoa(n)), account, folder})
		}
		if in.DoneFolder != "" {
			filed = append(filed, mailFolder{key + "done_folder", account, in.DoneFolder})
		}
		if i == 0 && m.SMTP.SentFolder != "" {
			filed = append(filed, mailFolder{"mailbox.smtp.sent_folder", account, m.SMTP.SentFolder})
		}
	}
	return read, filed
}
