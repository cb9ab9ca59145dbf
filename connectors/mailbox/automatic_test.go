package mailbox_test

import (
	"strings"
	"testing"

	"standdown/connectors/mailbox"
)

func TestAMailOfOursThatTheOrgSentIsKnown(t *testing.T) {
	const ours = "From: office@solarworks.test\r\nTo: requests@backoffice.test\r\nSubject: Your cancellation\r\nX-SFDC-LK: 00D000000000001\r\n" +
		"Content-Type: text/html\r\n\r\n<p>It is cancelled.</p><p>Your back office</p><p>[standdown 0123456789ab]</p>"
	for name, test := range map[string]struct {
		mail string
		want string
	}{
		"as it was sent":                 {ours, "standdown 0123456789ab"},
		"answered by its header":         {"In-Reply-To: <a@b>\r\n" + ours, ""},
		"answered by its subject":        {strings.Replace(ours, "Subject: ", "Subject: RE: ", 1), ""},
		"quoted":                         {strings.NewReplacer("<p>It", "No!<blockquote><p>It", "ab]</p>", "ab]</p></blockquote>").Replace(ours), ""},
		"forwarded":                      {strings.Replace(ours, "<p>It", "<p>---------- Forwarded message ----------<br>From: office@solarworks.test<br>Subject: x</p><p>It", 1), ""},
		"copied by hand":                 {strings.Replace(ours, "X-SFDC-LK", "X-Mailer", 1), ""},
		"with something said behind it":  {ours + "<p>Please cancel.</p>", ""},
		"a mail that Salesforce relayed": {strings.Replace(ours, "[standdown 0123456789ab]", "Regards", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mailbox.Parse([]byte(test.mail))
			if err != nil || m.OwnKey != test.want {
				t.Errorf("got %q (%v), want %q; segments %+v", m.OwnKey, err, test.want, m.Segments)
			}
		})
	}
}
