package mailbox_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"standdown/connectors"
	"standdown/connectors/mailbox"
)

// TestAnUnusualYesIsAYes is about servers that do not say 250 once they have the
// mail: to take that for a refusal would send it again.
func TestAnUnusualYesIsAYes(t *testing.T) {
	for _, answer := range []string{"251 will forward", "252 cannot say whether, but will try"} {
		t.Run(answer, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprint(conn, "220 ready\r\n")
				data := false
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					switch line := lines.Text(); {
					case data && line == ".":
						data = false
						fmt.Fprintf(conn, "%s\r\n", answer)
					case data:
					case line == "DATA":
						data = true
						fmt.Fprint(conn, "354 go on\r\n")
					case strings.HasPrefix(line, "EHLO"):
						fmt.Fprint(conn, "250 here\r\n")
					default:
						fmt.Fprint(conn, "250 ok\r\n")
					}
				}
			}()
			sink, err := mailbox.NewSink(mailbox.SinkOptions{Address: l.Addr().String(), TLS: mailbox.Plain, From: user})
			if err != nil {
				t.Fatal(err)
			}
			result := sink.Apply(t.Context(), []connectors.Change{notice("k1")})[0]
			l.Close()
			<-done
			if result.Err != nil {
				t.Errorf("got %v, want it sent", result.Err)
			}
		})
	}
}
