package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"standdown/connectors"
)

const (
	emailMessage = "EmailMessage"
	// longestMail is how many characters EmailMessage keeps of a body: what is
	// longer would lose its mark.
	longestMail = 32000
	// oldestCopies is the first version of the API in which the action takes
	// copies, newestNames that in which its inputs got the names they have now
	// (Actions Developer Guide, Simple Email Actions).
	oldestCopies = 62
	newestNames  = 65
)

// MailOptions say how an org sends mail.
type MailOptions struct {
	// From is a verified organization-wide address of the org; "" is the
	// address of the user who is logged in.
	From string
}

// A Mailer has the org send mail, so that each is logged on the record it is
// about. It implements [connectors.Sink] for the operation Send and may be used
// concurrently.
//
// The fields of a change are to and cc (lists of addresses), subject, text,
// html (sent instead of text if there is one, for the action takes one body)
// and about, the id of the record, which is required. The action sets no
// threading headers.
//
// Salesforce has no key for a mail, so each ends with a mark of its change's
// key. A mail in doubt is looked for by its mark among those logged on the
// record. That rests on EmailMessage being readable by the integration user
// (Enhanced Email); where it is not, doubt stays Unknown. A result's Ref holds
// the mark, as the action does not tell the Message-ID.
type Mailer struct {
	client *Client
	from   string
	to, cc string // names of the action's inputs
}

// Mailer returns a sink for mail. It makes no call.
func (c *Client) Mailer(o MailOptions) (*Mailer, error) {
	version, err := strconv.ParseFloat(c.opts.APIVersion, 64)
	if err != nil || version < oldestCopies {
		return nil, fmt.Errorf("sending mail by Salesforce: version %s of the API sends no copies; want %d.0 or newer", c.opts.APIVersion, oldestCopies)
	}
	m := &Mailer{client: c, to: "emailAddresses", cc: "ccRecipientAddressList"}
	if version >= newestNames {
		m.to, m.cc = "recipientAddresses", "ccAddresses"
	}
	if o.From != "" {
		from, err := mail.ParseAddress(o.From)
		if err != nil {
			return nil, fmt.Errorf("organization-wide address: %w", err)
		}
		m.from = from.Address
	}
	return m, nil
}

// Limit is 10 mails.
func (m *Mailer) Limit() int { return 10 }

// Apply sends each mail in a call of its own: whether an error of one keeps
// others of the same call from going out is not documented.
func (m *Mailer) Apply(ctx context.Context, changes []connectors.Change) []connectors.Result {
	results := make([]connectors.Result, len(changes))
	for i, change := range changes {
		results[i] = m.apply(ctx, change)
	}
	return results
}

func (m *Mailer) apply(ctx context.Context, change connectors.Change) connectors.Result {
	result := connectors.Result{Ref: connectors.Ref{Kind: "message"}}
	if change.Op != connectors.Send {
		result.Err = &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("mail cannot be used to %q, only to %q", change.Op, connectors.Send)}
		return result
	}
	input, err := m.compose(change)
	if err != nil {
		result.Err = &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("composing mail: %w", err)}
		return result
	}
	result.Ref.ID = mark(change.Key)
	if change.Doubt {
		result.Already, result.Err = m.logged(ctx, change)
		if result.Already || result.Err != nil {
			return result
		}
	}
	result.Err = m.send(ctx, input)
	return result
}

// logged tells whether the mail stands on its record.
func (m *Mailer) logged(ctx context.Context, change connectors.Change) (bool, error) {
	about, _ := change.Fields["about"].(string)
	found, err := m.client.Find(ctx, connectors.Query{
		Kind: emailMessage, Fields: []string{"TextBody", "HtmlBody"},
		Where: []connectors.Cond{
			{Field: "RelatedToId", Op: "=", Value: about},
			{Field: "CreatedDate", Op: ">=", Value: m.client.opts.Now().Add(-lookBack)},
		},
	})
	if err != nil {
		return false, stillUnknown(err)
	}
	for _, f := range found {
		for _, body := range f.Fields {
			if text, _ := body.(string); strings.Contains(text, mark(change.Key)) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (m *Mailer) send(ctx context.Context, input map[string]any) error {
	var outcomes []actionOutcome
	err := m.client.do(ctx, request{method: http.MethodPost, path: "/actions/standard/emailSimple",
		body: map[string]any{"inputs": []any{input}}, partial: true}, &outcomes)
	if err == nil && len(outcomes) != 1 {
		err = &connectors.Error{Class: connectors.Unknown, Err: fmt.Errorf("%d outcomes for one mail", len(outcomes))}
	}
	if err == nil {
		err = outcome{Success: outcomes[0].IsSuccess, Errors: outcomes[0].Errors}.err()
	}
	if e, ok := errors.AsType[*connectors.Error](err); ok {
		if v, known := mailVerdicts[e.Code]; known {
			e.Class, e.RetryAfter, e.Hint = v.class, v.wait, v.hint
		}
	}
	if err != nil {
		return fmt.Errorf("sending mail by Salesforce: %w", err)
	}
	return nil
}

// An actionOutcome is what the org says about one input of an action.
type actionOutcome struct {
	IsSuccess bool       `json:"isSuccess"`
	Errors    []apiError `json:"errors"`
}

// mailVerdicts are on errors that only mail has.
var mailVerdicts = map[string]verdict{
	"SINGLE_EMAIL_LIMIT_EXCEEDED": {class: connectors.Throttled, wait: time.Hour, hint: "the org's mails of this day (GMT) are used up"},
	"NO_SINGLE_MAIL_PERMISSION":   {class: connectors.Denied, hint: "give the integration user the permission Send Email, and set the org's deliverability to All Email"},
	"INVALID_EMAIL_ADDRESS":       {class: connectors.Rejected, hint: "correct the address of a recipient; or, if it is the sender's, verify it as an organization-wide address"},
}

// compose returns the input of the action. Its errors name no address.
func (m *Mailer) compose(change connectors.Change) (map[string]any, error) {
	f := change.Fields
	about, _ := f["about"].(string)
	if !isID(about) {
		return nil, errors.New(`field "about": want the id of the record that the mail is logged on`)
	}
	to, err := addressLine(f, "to")
	if err != nil {
		return nil, err
	}
	cc, err := addressLine(f, "cc")
	if err != nil {
		return nil, err
	}
	if to == "" {
		to, cc = cc, ""
	}
	if to == "" {
		return nil, errors.New(`field "to": there is no recipient`)
	}
	texts := map[string]string{}
	for _, name := range []string{"subject", "text", "html"} {
		value, ok := f[name].(string)
		if !ok && f[name] != nil {
			return nil, fmt.Errorf("field %q: want a text, got %T", name, f[name])
		}
		texts[name] = value
	}
	body, rich := marked(texts["text"], mark(change.Key)), false
	if texts["html"] != "" {
		body, rich = markedHTML(texts["html"], mark(change.Key)), true
	}
	if n := len([]rune(body)); n > longestMail {
		return nil, fmt.Errorf("the mail has %d characters; Salesforce keeps %d", n, longestMail)
	}
	input := map[string]any{
		m.to: to, "emailSubject": strings.Join(strings.Fields(texts["subject"]), " "),
		"emailBody": body, "sendRichBody": rich,
		"relatedRecordId": about, "logEmailOnSend": true,
		"senderType": "CurrentUser",
	}
	if cc != "" {
		input[m.cc] = cc
	}
	if m.from != "" {
		input["senderType"], input["senderAddress"] = "OrgWideEmailAddress", m.from
	}
	return input, nil
}

// addressLine joins a list of addresses by commas.
func addressLine(fields map[string]any, name string) (string, error) {
	var all []any
	switch list := fields[name].(type) {
	case nil:
	case []any:
		all = list
	default:
		return "", fmt.Errorf("field %q: want a list of texts, got %T", name, list)
	}
	var line []string
	for i, entry := range all {
		text, _ := entry.(string)
		address, err := mail.ParseAddress(text)
		if err != nil || strings.ContainsAny(address.Address, ", \"\r\n") {
			return "", fmt.Errorf("field %q: entry %d is not an address", name, i+1)
		}
		line = append(line, address.Address)
	}
	return strings.Join(line, ","), nil
}

func marked(text, mark string) string { return strings.TrimRight(text, "\n") + "\n\n" + mark }

// markedHTML puts the mark at the end of what is shown.
func markedHTML(html, mark string) string {
	line := `<p style="color: #999999; font-size: x-small">` + mark + `</p>`
	if i := strings.LastIndex(strings.ToLower(html), "</body>"); i >= 0 {
		return html[:i] + line + html[i:]
	}
	return html + line
}

var _ connectors.Sink = (*Mailer)(nil)
