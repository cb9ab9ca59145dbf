package main

import (
	"cmp"
	"strings"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/web"
	"standdown/connectors/mailbox"
)

// issuer is where people sign in elsewhere; nil if they do not.
func issuer(o config.OIDC) *web.OIDC {
	if o.Issuer == "" {
		return nil
	}
	return &web.OIDC{Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: string(o.ClientSecret), RedirectURL: o.RedirectURL, Claim: o.Claim}
}

// checker tells who somebody is when approving. Names are the same however
// they are capitalised.
func checker(a config.Approvals) func(name string) store.Checker {
	return func(name string) store.Checker {
		c := store.Checker{Name: name, Own: a.AllowOwn}
		for person, user := range a.People {
			if strings.EqualFold(person, name) {
				c.Users = append(c.Users, user)
			}
		}
		return c
	}
}

// person tells who a user of Salesforce is when answering in a case: whoever
// has that user's id in the configuration, or else whom Salesforce names. Nobody
// passes for somebody else by taking their name.
func person(a config.Approvals) func(user, name string) store.Checker {
	return func(user, name string) store.Checker {
		who := cmp.Or(name, user)
		for known, id := range a.People {
			if id == user {
				return checker(a)(known)
			}
			if strings.EqualFold(known, name) {
				who = name + " (" + user + ")"
			}
		}
		return store.Checker{Name: who, Users: []string{user}, Own: a.AllowOwn}
	}
}

// undoer tells the pages what would take entries back.
func undoer(cfg *config.Config) func(entries []store.Entry, who, reason string) ([]store.Compensation, []web.Stays) {
	return func(entries []store.Entry, who, reason string) ([]store.Compensation, []web.Stays) {
		p := planUndo(cfg, entries, who, reason)
		return p.Writes, p.Stays
	}
}

// mailParts takes a mail apart for the pages. What can be read of one that
// cannot be taken apart comes with the error.
func mailParts(raw []byte) ([]web.MailPart, error) {
	m, err := mailbox.Parse(raw)
	var parts []web.MailPart
	for _, s := range m.Segments {
		parts = append(parts, web.MailPart{Kind: s.Kind, Text: s.Text})
	}
	return parts, err
}
