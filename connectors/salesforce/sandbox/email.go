package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
)

const (
	emailObject   = "EmailMessage"
	orgWideObject = "OrgWideEmailAddress"

	recipientsPerMail = 150
	// renamedInputs is the version of the API since when the action's lists of
	// recipients have other names.
	renamedInputs = 65
)

func emailObjects() []Object {
	return []Object{
		{Name: emailObject, Prefix: "02s", Nameless: true, Fields: join(
			Field{Name: "Subject", Type: Text, Length: 3000},
			Field{Name: "TextBody", Type: LongText}, Field{Name: "HtmlBody", Type: LongText},
			Field{Name: "FromAddress", Type: Email, Length: 1000},
			Field{Name: "ToAddress", Type: Text, Length: 4000}, Field{Name: "CcAddress", Type: Text, Length: 4000},
			Field{Name: "Incoming", Type: Checkbox}, Field{Name: "MessageDate", Type: DateTime},
			choice("Status", "0", "1", "2", "3", "4", "5"), // 3 is Sent
			Field{Name: "RelatedToId", Type: Reference})},
		{Name: orgWideObject, Prefix: "0D2", Nameless: true, Fields: join(
			Field{Name: "Address", Type: Email, Required: true},
			Field{Name: "DisplayName", Type: Text, Required: true})},
	}
}

// A Mail is one that the org has sent.
type Mail struct {
	From          string
	To, Cc        []string
	Subject, Body string
	Rich          bool   // Body is HTML
	About         string // id of the record it is logged on; "" if it is not logged
	At            time.Time
}

// Mails returns what the org has sent, in order. It sends to nobody.
func (o *Org) Mails() []Mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.mails)
}

// mailsToday is how many recipients mail of this day (GMT) has had.
func (o *Org) mailsToday() (n int) {
	today := o.now().Format(time.DateOnly)
	for _, m := range o.mails {
		if m.At.Format(time.DateOnly) == today {
			n += len(m.To) + len(m.Cc)
		}
	}
	return n
}

// emailSimple answers POST /actions/standard/emailSimple: it logs mails on
// records and keeps them for [Org.Mails]. Each input stands by itself.
func (o *Org) emailSimple(c call) reply {
	var body struct {
		Inputs []map[string]json.RawMessage
	}
	if err := c.decode(&body); err != nil {
		return err.reply()
	}
	status := http.StatusOK
	results := make([]map[string]any, len(body.Inputs))
	for i, in := range body.Inputs {
		results[i] = map[string]any{"actionName": "emailSimple", "errors": nil, "isSuccess": true, "outputValues": nil}
		if err := o.email(c, in); err != nil {
			results[i]["errors"], results[i]["isSuccess"] = err.rowResult()["errors"], false
			status = http.StatusBadRequest
		}
	}
	return reply{status, nil, results}
}

func (o *Org) email(c call, in map[string]json.RawMessage) *Error {
	var to, cc, sender, senderType, related string
	var logged bool
	m := Mail{At: o.now()}
	inputs := map[string]any{
		"emailSubject": &m.Subject, "emailBody": &m.Body, "sendRichBody": &m.Rich,
		"senderType": &senderType, "senderAddress": &sender, "relatedRecordId": &related, "logEmailOnSend": &logged,
	}
	if c.version() >= renamedInputs {
		maps.Copy(inputs, map[string]any{"recipientAddresses": &to, "ccAddresses": &cc})
	} else {
		maps.Copy(inputs, map[string]any{"emailAddresses": &to, "ccRecipientAddressList": &cc})
	}
	for name, value := range in {
		into := inputs[name]
		if into == nil {
			return refuse("INVALID_INPUT", "The sandbox knows no input %s of emailSimple", abbreviate(name))
		}
		if err := json.Unmarshal(value, into); err != nil {
			return refuse("JSON_PARSER_ERROR", "%s: %s", name, err)
		}
	}
	switch {
	case m.Subject == "":
		return refuse("REQUIRED_FIELD_MISSING", "Missing required input parameter: emailSubject")
	case m.Body == "":
		return refuse("REQUIRED_FIELD_MISSING", "Missing required input parameter: emailBody")
	case logged && related == "":
		return refuse("REQUIRED_FIELD_MISSING", "Missing required input parameter: relatedRecordId")
	}
	var err *Error
	if m.To, err = addressesOf(to); err == nil {
		m.Cc, err = addressesOf(cc)
	}
	if err != nil {
		return err
	}
	if n := len(m.To) + len(m.Cc); n == 0 || n > recipientsPerMail {
		return refuse("INVALID_INPUT", "A mail has 1 to %d recipients, not %d", recipientsPerMail, n)
	}
	if m.From, err = o.senderOf(c, senderType, sender); err != nil {
		return err
	}
	if o.mailsToday()+len(m.To)+len(m.Cc) > o.opts.DailyMails {
		return refuse("SINGLE_EMAIL_LIMIT_EXCEEDED", "The number of emails sent today exceeds the daily limit of %d", o.opts.DailyMails)
	}
	if related != "" {
		id, ok := parseID(related)
		if r := c.grants.visible(o.store.get(id, false)); !ok || r == nil {
			return refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
		}
		if logged {
			m.About = id
			if err := o.logEmail(c, m); err != nil {
				return err
			}
		}
	}
	o.mails = append(o.mails, m)
	return nil
}

func addressesOf(list string) ([]string, *Error) {
	var all []string
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if a, err := mail.ParseAddress(one); err != nil || a.Address != one {
			return nil, refuse("INVALID_EMAIL_ADDRESS", "Invalid email address: %s", one)
		}
		all = append(all, one)
	}
	return all, nil
}

func (o *Org) senderOf(c call, kind, address string) (string, *Error) {
	switch kind {
	case "", "CurrentUser", "DefaultWorkflowUser":
		from, _ := o.store.latest(c.user)["Email"].(string)
		return from, nil
	case "OrgWideEmailAddress":
		for _, r := range o.store.rows(o.store.schema.entity(orgWideObject)) {
			if from, _ := r["Address"].(string); strings.EqualFold(from, address) && r["IsDeleted"] == false {
				return from, nil
			}
		}
		return "", refuse("INVALID_EMAIL_ADDRESS", "%s is no verified organization-wide address", address)
	}
	return "", refuse("INVALID_INPUT", "the sender type is %s", abbreviate(kind))
}

func (o *Org) logEmail(c call, m Mail) *Error {
	row := map[string]any{
		"Subject": m.Subject, "TextBody": m.Body, "FromAddress": m.From, "RelatedToId": m.About,
		"ToAddress": strings.Join(m.To, "; "), "CcAddress": strings.Join(m.Cc, "; "), "MessageDate": m.At, "Status": "3",
	}
	if m.Rich {
		row["HtmlBody"], row["TextBody"] = m.Body, nil
	}
	_, err := o.store.insert(o.store.schema.entity(emailObject), row, stamp{c.user, o.now()})
	return err
}

// version is that of the API, without what is behind the point.
func (c call) version() (n int) {
	if _, err := fmt.Sscanf(c.base, "/services/data/v%d.", &n); err != nil {
		return 0
	}
	return n
}
