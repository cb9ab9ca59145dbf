package config

import (
	"cmp"
	"net/url"
	"strings"

	"filippo.io/age"
)

// Name is what opens the journal. It may hold a password: it is not to be
// shown.
func (j Journal) Name() string { return cmp.Or(string(j.URL), j.Path) }

// Where is where the journal is, for people, and what kind it is.
func (j Journal) Where() (place, kind string) {
	if j.URL == "" {
		return j.Path, "SQLite"
	}
	u, err := url.Parse(string(j.URL))
	if err != nil { // then it was not accepted
		return "", "PostgreSQL"
	}
	return strings.TrimPrefix(u.Path, "/") + " on " + cmp.Or(u.Host, u.Query().Get("host")), "PostgreSQL"
}

func (j *Journal) check(d *document) {
	const key = "journal."
	j.checkKey(d)
	if !d.stated(key+"url") && !d.stated(key+"url_file") {
		d.need(key+"path", j.Path, "the file of the journal")
		j.Path = d.path(j.Path)
		return
	}
	if d.stated(key + "path") {
		d.bad(key+"path", "is given beside the URL of a database; want one of them")
	}
	j.Path = ""
	d.secret(key+"url", &j.URL, j.URLFile, "the URL of a PostgreSQL database")
	if j.URL != "" {
		j.checkURL(d)
	}
}

// checkURL never shows any of the URL: it may hold a password.
func (j *Journal) checkURL(d *document) {
	key := "journal.url"
	if !d.stated(key) {
		key += "_file"
	}
	u, err := url.Parse(string(j.URL))
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || len(u.Path) < 2 || u.Host == "" && !u.Query().Has("host") {
		d.bad(key, "is no URL of a PostgreSQL database; want one such as postgres://standdown:PASSWORD@db.acme.example/standdown?sslmode=verify-full")
		return
	}
	// Without the word the driver is content with a connection in the clear.
	if u.Host != "" && !isLoopback(u.Hostname()) && !u.Query().Has("sslmode") {
		d.bad(key, "does not say how the connection is protected; add ?sslmode=verify-full, or sslmode=disable if it may be in the clear")
	}
}

// checkKey never shows any of the key.
func (j *Journal) checkKey(d *document) {
	key := "journal.key"
	if !d.stated(key) && !d.stated(key+"_file") {
		return
	}
	d.secret(key, &j.Key, j.KeyFile, "an age identity")
	if d.stated(key + "_file") {
		key += "_file"
	}
	if j.Key == "" {
		return
	}
	if _, err := age.ParseIdentities(strings.NewReader(string(j.Key))); err != nil {
		d.bad(key, "holds no age identity (AGE-SECRET-KEY-...); make one with age-keygen")
	}
}
