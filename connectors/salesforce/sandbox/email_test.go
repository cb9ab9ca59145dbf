package sandbox

import (
	"maps"
	"testing"
	"time"
)

func TestAMailIsRefusedWithAReason(t *testing.T) {
	for name, test := range map[string]struct {
		set  map[string]any
		want string
	}{
		"an input that is not known":        {map[string]any{"richBody": "x"}, "INVALID_INPUT"},
		"an input of a later version":       {map[string]any{"ccAddresses": "b@x.test"}, "INVALID_INPUT"},
		"a text for a yes":                  {map[string]any{"sendRichBody": "yes"}, "JSON_PARSER_ERROR"},
		"no subject":                        {map[string]any{"emailSubject": ""}, "REQUIRED_FIELD_MISSING"},
		"no body":                           {map[string]any{"emailBody": ""}, "REQUIRED_FIELD_MISSING"},
		"to be logged nowhere":              {map[string]any{"logEmailOnSend": true}, "REQUIRED_FIELD_MISSING"},
		"to be logged on what is not there": {map[string]any{"logEmailOnSend": true, "relatedRecordId": "a00000000000099AAA"}, "INVALID_CROSS_REFERENCE_KEY"},
		"no recipient":                      {map[string]any{"emailAddresses": ""}, "INVALID_INPUT"},
		"a recipient who is none":           {map[string]any{"ccRecipientAddressList": "b@x.test,b"}, "INVALID_EMAIL_ADDRESS"},
		"a sender nobody has verified":      {map[string]any{"senderType": "OrgWideEmailAddress", "senderAddress": "b@x.test"}, "INVALID_EMAIL_ADDRESS"},
		"a kind of sender there is not":     {map[string]any{"senderType": "Nobody"}, "INVALID_INPUT"},
		"more than a day may have":          {map[string]any{"emailAddresses": "a@x.test,b@x.test,c@x.test"}, "SINGLE_EMAIL_LIMIT_EXCEEDED"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, Options{DailyMails: 2})
			good := map[string]any{"emailAddresses": "a@x.test", "emailSubject": "s", "emailBody": "b"}
			bad := maps.Clone(good)
			maps.Copy(bad, test.set)
			got := c.call("POST", "actions/standard/emailSimple", map[string]any{"inputs": []any{bad, good}})
			results := got.body.([]any)
			first, second := results[0].(map[string]any), results[1].(map[string]any)
			if first["isSuccess"] != false || got.status != 400 {
				t.Fatalf("%d %v", got.status, got.body)
			}
			if code := first["errors"].([]any)[0].(map[string]any)["statusCode"]; code != test.want {
				t.Errorf("refused with %v, want %s", code, test.want)
			}
			if second["isSuccess"] != true || len(c.org.Mails()) != 1 {
				t.Errorf("%d mails were sent, want the good one: %v", len(c.org.Mails()), second)
			}
		})
	}
}

func TestMailsCountAgainstTheDay(t *testing.T) {
	c := start(t, Options{DailyMails: 3})
	c.call("POST", "actions/standard/emailSimple", map[string]any{"inputs": []any{
		map[string]any{"emailAddresses": "a@x.test", "ccRecipientAddressList": "b@x.test", "emailSubject": "s", "emailBody": "b"}}})
	left := func() any {
		return c.call("GET", "limits", nil).body.(map[string]any)["SingleEmail"].(map[string]any)["Remaining"]
	}
	if got := left(); got != 1.0 {
		t.Errorf("%v are left of 3, want 1", got)
	}
	c.clock.advance(24 * time.Hour)
	if got := left(); got != 3.0 {
		t.Errorf("a day later %v are left, want 3", got)
	}
}
