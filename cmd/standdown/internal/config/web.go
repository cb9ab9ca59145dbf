package config

import (
	"net"
	"strconv"
)

// Web is where the daemon tells how it is, over HTTP.
type Web struct {
	// Listen is an address such as 127.0.0.1:8470; empty for none.
	Listen string `yaml:"listen"`
}

func (w Web) check(d *document) {
	if w.Listen == "" {
		return
	}
	const want = `want an address and a port, such as 127.0.0.1:8470, or "" for none`
	_, port, err := net.SplitHostPort(w.Listen)
	if err != nil {
		d.refuse("web.listen", "is no address with a port; "+want)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		d.refuse("web.listen", "has no port number; "+want)
	}
}
