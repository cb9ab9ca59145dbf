package salesforce_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"standdown/connectors"
	"standdown/connectors/salesforce"
	"standdown/connectors/salesforce/sandbox"
)

// A mailingOrg sends mail about one workflow.
type mailingOrg struct {
	*org
	sandbox *sandbox.Org
	mailer  *salesforce.Mailer
	about   string
}

func newMailingOrg(t *testing.T, version string, theirs func(*sandbox.Options)) *mailingOrg {
	t.Helper()
	o := newOrg(t, func(options *sandbox.Options, ours *salesforce.Options) {
		ours.APIVersion = version
		if theirs != nil {
			theirs(options)
		}
	})
	o.insert(t, "OrgWideEmailAddress", map[string]any{"Address": "office@solarworks.test", "DisplayName": "Back office"})
	mailer, err := o.Mailer(salesforce.MailOptions{From: "Back office <office@solarworks.test>"})
	if err != nil {
		t.Fatal(err)
	}
	return &mailingOrg{o, o.org, mailer, o.insert(t, "Workflow__c", map[string]any{"Name": "W-1042"}).ID}
}

func (o *mailingOrg) notice(key string) connectors.Change {
	return connectors.Change{Key: key, Op: connectors.Send, Ref: connectors.Ref{Kind: "message"}, Fields: map[string]any{
		"to": []any{"rita@sunny.test", "Ingo <ingo@roofs.test>"}, "cc": []any{"boss@sunny.test"},
		"subject": "Cancelled:\r\nBcc: everybody@sunny.test", "text": "It is cancelled.\n",
		"html":  "<html><body><p>It is <b>cancelled</b>.</p></body></html>",
		"about": o.about, "in_reply_to": nil, "references": []any{},
	}}
}

func TestTheOrgSendsAMailAndLogsItOnItsRecord(t *testing.T) {
	for _, version := range []string{"64.0", "66.0"} { // the inputs have other names since 65.0
		t.Run("version "+version, func(t *testing.T) {
			o := newMailingOrg(t, version, nil)
			wantAll(t, apply(t, o.mailer, o.notice("k1")))
			want := []sandbox.Mail{{
				From: "office@solarworks.test", To: []string{"rita@sunny.test", "ingo@roofs.test"}, Cc: []string{"boss@sunny.test"},
				Subject: "Cancelled: Bcc: everybody@sunny.test", Rich: true, About: o.about, At: o.clock.Now(),
			}}
			mails := o.sandbox.Mails()
			if diff := cmp.Diff(want, mails, cmpopts.IgnoreFields(sandbox.Mail{}, "Body")); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			body, mark, found := strings.Cut(mails[0].Body, "[standdown ")
			if !strings.Contains(body, "<b>cancelled</b>") || !found || !strings.HasSuffix(mark, "]</p></body></html>") {
				t.Errorf("the body is %q, want the text and a mark behind it", mails[0].Body)
			}
			rows := o.query(t, "SELECT ToAddress, CcAddress FROM EmailMessage WHERE RelatedToId = '"+o.about+"'")
			if diff := cmp.Diff([]map[string]any{{"ToAddress": "rita@sunny.test; ingo@roofs.test", "CcAddress": "boss@sunny.test"}}, rows); diff != "" {
				t.Errorf("on the record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMailByTheOrgInDoubtIsSentOnce(t *testing.T) {
	o := newMailingOrg(t, "64.0", nil)
	c := o.notice("k1")
	for _, kind := range []sandbox.FaultKind{sandbox.Lose, sandbox.Truncate, sandbox.Drop} {
		c.Key, c.Doubt = "key "+string(kind), false
		before := len(o.sandbox.Mails())
		o.sandbox.Fault(sandbox.Fault{Kind: kind, Path: "/actions"})
		if r := apply(t, o.mailer, c)[0]; connectors.ClassOf(r.Err) != connectors.Unknown {
			t.Fatalf("%s: got %v, want it unknown", kind, r.Err)
		}
		c.Doubt = true
		arrived := kind != sandbox.Drop
		first, second := apply(t, o.mailer, c)[0], apply(t, o.mailer, c)[0]
		if first.Err != nil || first.Already != arrived || second.Err != nil || !second.Already || first.Ref != second.Ref || first.Ref.ID == "" {
			t.Errorf("%s: results %+v and %+v", kind, first, second)
		}
		if n := len(o.sandbox.Mails()) - before; n != 1 {
			t.Errorf("%s: %d mails were sent, want 1", kind, n)
		}
	}
}

func TestAMailByTheOrgThatCannotBeLookedForStaysUnknown(t *testing.T) {
	o := newMailingOrg(t, "64.0", nil)
	o.sandbox.Allow(sandbox.NoAccess, "EmailMessage")
	c := o.notice("k1")
	c.Doubt = true
	if r := apply(t, o.mailer, c)[0]; connectors.ClassOf(r.Err) != connectors.Unknown || r.Already {
		t.Errorf("got %+v, want it unknown", r)
	}
	if n := len(o.sandbox.Mails()); n != 0 {
		t.Errorf("%d mails were sent blindly", n)
	}
}

func TestWhatTheOrgSaysAboutAMailIsJudged(t *testing.T) {
	answer := func(code, message string) sandbox.Fault {
		return sandbox.Fault{Kind: sandbox.Answer, Path: "/actions", Status: 200,
			Body: `[{"actionName":"emailSimple","errors":[{"statusCode":"` + code + `","message":"` + message + `","fields":[]}],"isSuccess":false,"outputValues":null}]`}
	}
	for name, test := range map[string]struct {
		fault  *sandbox.Fault
		change map[string]any
		want   connectors.Class
		code   string
	}{
		"no permission to send":       {fault: new(answer("NO_SINGLE_MAIL_PERMISSION", "Single email is not enabled for your organization or profile.")), want: connectors.Denied},
		"an error with status 200":    {fault: new(answer("UNKNOWN_EXCEPTION", "for rita@sunny.test")), want: connectors.Temporary},
		"no outcome":                  {fault: &sandbox.Fault{Kind: sandbox.Answer, Path: "/actions", Status: 200, Body: "[]"}, want: connectors.Unknown},
		"an address it does not like": {change: map[string]any{"to": []any{`rita@sunny_.test`}}, fault: new(answer("INVALID_EMAIL_ADDRESS", "Invalid email address: rita@sunny_.test")), want: connectors.Rejected, code: "INVALID_EMAIL_ADDRESS"},
		"no address at all":           {change: map[string]any{"to": []any{"Rita"}}, want: connectors.Rejected},
		"an address within another":   {change: map[string]any{"to": []any{`"a,b"@sunny.test`}}, want: connectors.Rejected},
		"no recipient":                {change: map[string]any{"to": nil, "cc": nil}, want: connectors.Rejected},
		"no record":                   {change: map[string]any{"about": nil}, want: connectors.Rejected},
		"a record that is not there":  {change: map[string]any{"about": "a00000000000099AAA"}, want: connectors.Rejected, code: "INVALID_CROSS_REFERENCE_KEY"},
		"no subject":                  {change: map[string]any{"subject": ""}, want: connectors.Rejected, code: "REQUIRED_FIELD_MISSING"},
		"a text of the wrong kind":    {change: map[string]any{"html": 7.0}, want: connectors.Rejected},
		"a body that is too long":     {change: map[string]any{"html": strings.Repeat("x", 32000)}, want: connectors.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			o := newMailingOrg(t, "64.0", nil)
			if test.fault != nil {
				o.sandbox.Fault(*test.fault)
			}
			c := o.notice("k1")
			for field, value := range test.change {
				c.Fields[field] = value
			}
			err := apply(t, o.mailer, c)[0].Err
			if err == nil || connectors.ClassOf(err) != test.want || !contains(err, test.code) {
				t.Errorf("got %v of class %v, want %v %s", err, connectors.ClassOf(err), test.want, test.code)
			}
			if contains(err, "rita@") {
				t.Errorf("the error holds an address: %v", err)
			}
			if n := len(o.sandbox.Mails()); n != 0 {
				t.Errorf("%d mails were sent", n)
			}
		})
	}
	t.Run("what is not a mail", func(t *testing.T) {
		o := newMailingOrg(t, "64.0", nil)
		if err := apply(t, o.mailer, connectors.Change{Key: "k", Op: connectors.Post})[0].Err; connectors.ClassOf(err) != connectors.Rejected {
			t.Errorf("got %v, want it rejected", err)
		}
	})
}

func TestTheOrgsMailsOfADayRunOut(t *testing.T) {
	o := newMailingOrg(t, "64.0", func(theirs *sandbox.Options) { theirs.DailyMails = 4 })
	results := apply(t, o.mailer, o.notice("k1"), o.notice("k2"))
	if err := results[1].Err; results[0].Err != nil || connectors.ClassOf(err) != connectors.Throttled || connectors.RetryAfter(err) != time.Hour {
		t.Fatalf("got %v and %v, want the second to wait", results[0].Err, err)
	}
	o.clock.Advance(24 * time.Hour)
	wantAll(t, apply(t, o.mailer, o.notice("k2")))
}

func TestAMailerThatCannotWorkIsRefused(t *testing.T) {
	for _, version := range []string{"58.0", "61.0"} {
		o := newOrg(t, func(_ *sandbox.Options, ours *salesforce.Options) { ours.APIVersion = version })
		if _, err := o.Mailer(salesforce.MailOptions{}); !contains(err, "62.0") {
			t.Errorf("version %s: got %v, want the version that it takes", version, err)
		}
	}
	if _, err := newOrg(t, nil).Mailer(salesforce.MailOptions{From: "office"}); err == nil {
		t.Error("a sender without an address was taken")
	}
}

func TestWithoutAnAddressTheUserIsTheSender(t *testing.T) {
	o := newMailingOrg(t, "64.0", nil)
	mailer, err := o.Mailer(salesforce.MailOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := o.notice("k1")
	c.Fields["html"], c.Fields["cc"] = "", nil
	wantAll(t, apply(t, mailer, c))
	m := o.sandbox.Mails()[0]
	if m.From != sandbox.IntegrationUser || m.Rich || !strings.HasPrefix(m.Body, "It is cancelled.\n\n[standdown ") || !slices.Equal(m.To, []string{"rita@sunny.test", "ingo@roofs.test"}) {
		t.Errorf("got %+v", m)
	}
}
