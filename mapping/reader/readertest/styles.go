package readertest

import (
	"strings"

	"standdown/mapping/reader"
)

// A style is how a mail program passes a mail on: what it puts above the text,
// with %name, %from and %subject of the mail passed on, and before each line.
type style struct {
	name, head, margin string
}

var forwardStyles = []style{
	{name: "Gmail", head: "---------- Forwarded message ---------\nFrom: %name <%from>\nDate: Fri, Nov 20, 2026 at 4:12 PM\nSubject: %subject\nTo: Kyle <kyle@example.com>\n\n"},
	{name: "Gmail in Spanish", head: "---------- Forwarded message ---------\nDe: %name <%from>\nDate: vie, 20 nov 2026 a la(s) 4:12 p.m.\nSubject: %subject\nTo: Kyle <kyle@example.com>\n\n"},
	{name: "Apple Mail", head: "Begin forwarded message:\n\nFrom: %name <%from>\nSubject: %subject\nDate: November 20, 2026 at 4:12:09 PM EST\nTo: kyle@example.com\n\n"},
	{name: "Apple Mail, quoted", head: "Begin forwarded message:\n\n> From: %name <%from>\n> Subject: %subject\n> Date: November 20, 2026 at 4:12:09 PM EST\n> To: kyle@example.com\n>\n", margin: "> "},
	{name: "Apple Mail in Spanish", head: "Inicio del mensaje reenviado:\n\nDe: %name <%from>\nAsunto: %subject\nFecha: 20 de noviembre de 2026, 16:12:09 EST\nPara: kyle@example.com\n\n"},
	{name: "Outlook", head: "From: %name <%from>\nSent: Friday, November 20, 2026 4:12 PM\nTo: Kyle <kyle@example.com>\nSubject: %subject\n\n"},
	{name: "Outlook, address in brackets", head: "From: %name [mailto:%from]\nSent: Friday, November 20, 2026 4:12 PM\nTo: Kyle\nSubject: %subject\n\n"},
	{name: "Outlook, rendered from HTML", head: "*From:* %name <%from>\n*Sent:* Friday, November 20, 2026 4:12 PM\n*To:* Kyle <kyle@example.com>\n*Subject:* %subject\n\n"},
	{name: "Outlook in Spanish", head: "De: %name <%from>\nEnviado el: viernes, 20 de noviembre de 2026 16:12\nPara: Kyle <kyle@example.com>\nAsunto: %subject\n\n"},
	{name: "Outlook on the web", head: "________________________________\nFrom: %name <%from>\nSent: Friday, November 20, 2026 4:12 PM\nTo: Kyle <kyle@example.com>\nSubject: %subject\n\n"},
	{name: "old Outlook", head: "-----Original Message-----\nFrom: %name <%from>\nSent: Friday, November 20, 2026 4:12 PM\nTo: Kyle\nSubject: %subject\n\n"},
	{name: "Thunderbird", head: "-------- Forwarded Message --------\nSubject: %subject\nDate: Fri, 20 Nov 2026 16:12:09 -0500\nFrom: %name <%from>\nTo: kyle@example.com\n\n"},
	{name: "Samsung", head: "-------- Original message --------\nFrom: %name <%from>\nDate: 11/20/26 4:12 PM (GMT-05:00)\nTo: kyle@example.com\nSubject: %subject\n\n"},
	{name: "Yahoo", head: "----- Forwarded Message -----\nFrom: %name <%from>\nTo: Kyle <kyle@example.com>\nSent: Friday, November 20, 2026 at 04:12:09 PM EST\nSubject: %subject\n\n"},
	{name: "Proton", head: "------- Forwarded Message -------\nFrom: %name <%from>\nDate: On Friday, November 20th, 2026 at 4:12 PM\nSubject: %subject\nTo: kyle@example.com\n\n", margin: "> "},
	{name: "Salesforce", head: "--------------- Original Message ---------------\nFrom: %name [%from]\nSent: 11/20/2026, 4:12 PM\nTo: kyle@example.com\nSubject: %subject\n\n"},
}

// write is the text of a mail that passes another on.
func (s style) write(above, subject string, passed reader.Segment) string {
	for _, prefix := range []string{"Fwd: ", "FW: ", "RV: ", "Fw: "} {
		subject = strings.TrimPrefix(subject, prefix)
	}
	name, _, _ := strings.Cut(passed.From, "@")
	head := strings.NewReplacer("%name", strings.ReplaceAll(name, ".", " "), "%from", passed.From, "%subject", subject).Replace(s.head)
	var b strings.Builder
	b.WriteString(above + "\n\n" + head)
	for line := range strings.Lines(passed.Text) {
		b.WriteString(s.margin + line)
	}
	return b.String()
}
