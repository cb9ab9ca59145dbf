package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// Web is where the daemon shows, over HTTP, how it is, what it did and what
// waits for people.
type Web struct {
	// Listen is an address such as 127.0.0.1:8470; empty for none.
	Listen string `yaml:"listen"`
	// UsersFile names who may see and do what; empty if nobody may do anything.
	UsersFile string `yaml:"users_file"`
	// TrustedHeader names the user in requests from TrustedProxies.
	TrustedHeader string `yaml:"trusted_header"`
	// TrustedProxies are addresses, or networks such as 10.0.0.0/8.
	TrustedProxies []string `yaml:"trusted_proxies"`
	OIDC           OIDC     `yaml:"oidc"`

	// Proxies are what TrustedProxies name.
	Proxies []netip.Prefix `yaml:"-"`
}

// OIDC is where people sign in elsewhere; without an issuer they do not.
type OIDC struct {
	Issuer           string `yaml:"issuer"`
	ClientID         string `yaml:"client_id"`
	ClientSecret     Secret `yaml:"client_secret"`
	ClientSecretFile string `yaml:"client_secret_file"`
	RedirectURL      string `yaml:"redirect_url"`
	Claim            string `yaml:"claim"`
}

func (w *Web) check(d *document) {
	if w.Listen != "" {
		const want = `want an address and a port, such as 127.0.0.1:8470, or "" for none`
		_, port, err := net.SplitHostPort(w.Listen)
		if err != nil {
			d.refuse("web.listen", "is no address with a port; "+want)
		} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			d.refuse("web.listen", "has no port number; "+want)
		}
	}
	w.UsersFile = d.path(w.UsersFile)
	for i, text := range w.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			var address netip.Addr
			if address, err = netip.ParseAddr(text); err == nil {
				prefix = netip.PrefixFrom(address, address.BitLen())
			}
		}
		if err != nil {
			d.refuse(join("web.trusted_proxies", strconv.Itoa(i)), "is neither an address nor a network; want one such as 10.0.0.5 or 10.0.0.0/8")
		}
		w.Proxies = append(w.Proxies, prefix)
	}
	if w.TrustedHeader != "" {
		if len(w.TrustedProxies) == 0 {
			d.refuse("web.trusted_header", "could be sent by anybody; name the proxies that set it in web.trusted_proxies")
		}
	} else if len(w.TrustedProxies) > 0 {
		d.refuse("web.trusted_proxies", "is of no use without web.trusted_header")
	}
	elsewhere := w.TrustedHeader != ""
	if d.stated("web.oidc") {
		w.OIDC.check(d)
		elsewhere = true
	}
	if elsewhere {
		d.need("web.users_file", w.UsersFile, "the file that says what those may do who sign in elsewhere")
	}
}

func (o *OIDC) check(d *document) {
	const key = "web.oidc."
	if d.need(key+"issuer", o.Issuer, "the URL of the issuer") {
		o.secure(d, key+"issuer", o.Issuer)
	}
	d.need(key+"client_id", o.ClientID, "the id under which the issuer knows this site")
	d.secret(key+"client_secret", &o.ClientSecret, o.ClientSecretFile, "the secret that goes with it")
	if d.need(key+"redirect_url", o.RedirectURL, "this site's own URL, with /login/oidc/back at its end") {
		o.secure(d, key+"redirect_url", o.RedirectURL)
	}
	d.need(key+"claim", o.Claim, "email, or another claim that holds the name in the users file")
}

func (o *OIDC) secure(d *document, key, value string) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.refuse(key, "is no URL; want one that begins with https://")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		d.refuse(key, "would send credentials in the clear; want https://")
	}
}
