package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/mapping"
	"standdown/mapping/reader"
)

const (
	// readLimit is how long reading one mail may take, and lookupLimit how much
	// of it may pass asking the DNS for keys.
	readLimit   = 4 * time.Second
	lookupLimit = 2 * time.Second
	// readMemory is what the garbage collector is told to stay below.
	readMemory = 384 << 20
	// shownText is how much is shown of one segment's text, in bytes.
	shownText = 2000
)

func newMailReadCommand(g *globals) *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "read FILE...",
		Short: "Show what the reader sees in mails",
		Long: `Show what the reader sees in mails: what is in each of them, who wrote it and
whether that is proven, what it asks for, the words that say so, and what the
daemon would make of it. Each FILE is a mail as it came (.eml); - is standard
input. Nothing is connected to but the DNS, for the keys of signatures.

With a configuration (--config), its mapping and trusted mail servers count.

With -o json each mail is one line with the keys file, verdict (request, none or
unclear), request (cancel, restore, hold, end-hold, uncancel, reschedule or
empty), language, claimed_by, authenticated, spans, references and error (null
if the mail could be read), and others besides.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := g.mailReader(offline)
			if err != nil {
				return err
			}
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(readMemory))
			missing := 0
			for _, file := range args {
				report := r.bounded(cmd.Context(), file, cmd.InOrStdin())
				if report.missing {
					missing++
				}
				if err := cmd.Context().Err(); err != nil {
					return err
				}
				if err := report.print(cmd.OutOrStdout(), g.json()); err != nil {
					return err
				}
			}
			if missing > 0 {
				return fmt.Errorf("%d of %d files cannot be opened", missing, len(args))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "do not ask the DNS for the keys of signatures")
	return cmd
}

// A mailReport is what "mail read" says of one mail. Its keys are stable.
type mailReport struct {
	File          string           `json:"file"`
	Verdict       string           `json:"verdict"`
	Request       string           `json:"request"`
	Language      string           `json:"language"`
	ClaimedBy     string           `json:"claimed_by"` // who is said to ask; no proof
	Authenticated bool             `json:"authenticated"`
	Spans         []spanReport     `json:"spans"`
	References    []string         `json:"references"`
	Error         *string          `json:"error"`
	Reason        string           `json:"authentication"` // why it is authenticated, or not
	From          string           `json:"from"`
	Subject       string           `json:"subject"`
	MessageID     string           `json:"message_id"`
	Auto          string           `json:"auto"`
	Words         string           `json:"words"`
	Dates         []string         `json:"dates"`
	People        []string         `json:"people"`    // names in it; nothing rests on them
	Addresses     []string         `json:"addresses"` // postal addresses in it
	CancelReason  string           `json:"reason"`
	Quote         string           `json:"quote"`
	Why           string           `json:"why"`
	Event         string           `json:"event"` // what the daemon would decide about; empty if nothing
	Segments      []segmentReport  `json:"segments"`
	Attachments   []map[string]any `json:"attachments"`

	missing bool // the file cannot be opened
}

type spanReport struct {
	reader.Span
	Text string `json:"text"`
}

type segmentReport struct {
	Kind    string `json:"kind"`
	Depth   int    `json:"depth"`
	From    string `json:"from"`
	Subject string `json:"subject"`
	Bytes   int    `json:"bytes"`
	Text    string `json:"text"` // the beginning
}

// A mailReader reads mails as the daemon would.
type mailReader struct {
	names   *mapping.Mapping
	servers []string
	offline bool
}

// mailReader reads with the configuration, if one was named.
func (g *globals) mailReader(offline bool) (*mailReader, error) {
	r := &mailReader{offline: offline}
	if g.configured() {
		c, err := g.load()
		if err != nil {
			return nil, err
		}
		if c.Mailbox != nil {
			r.servers = c.Mailbox.AuthServIDs
		}
		r.names = c.Names
		return r, nil
	}
	var err error
	r.names, err = mapping.New(mapping.Config{Presets: []string{"milestone", "skedulo"}, Queue: "Back_Office"})
	return r, err
}

// bounded reads one file and gives up after a while, whatever is in it. What
// was given up goes on until the program ends.
func (r *mailReader) bounded(ctx context.Context, file string, stdin io.Reader) mailReport {
	done := make(chan mailReport, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- unreadMail(file, fmt.Errorf("the reader failed, which is a defect of this program: %v", p))
			}
		}()
		raw, err := readMail(file, stdin)
		if err != nil {
			report := unreadMail(file, err)
			report.missing = true
			done <- report
			return
		}
		done <- r.report(ctx, file, raw)
	}()
	timer := time.NewTimer(readLimit)
	defer timer.Stop()
	select {
	case report := <-done:
		return report
	case <-timer.C:
		return unreadMail(file, fmt.Errorf("reading it took longer than %s", readLimit))
	case <-ctx.Done():
		return unreadMail(file, ctx.Err())
	}
}

// readMail reads a file as far as a mail may be long, and a byte more.
func readMail(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(io.LimitReader(stdin, mailbox.MaxMessage+1))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mailbox.MaxMessage+1))
}

func unreadMail(file string, err error) mailReport {
	text := err.Error()
	return mailReport{
		File: file, Verdict: reader.Unclear, Error: &text, Why: "the mail was not read",
		Spans: []spanReport{}, References: []string{}, Dates: []string{}, People: []string{}, Addresses: []string{}, Segments: []segmentReport{}, Attachments: []map[string]any{},
	}
}

func (r *mailReader) report(ctx context.Context, file string, raw []byte) mailReport {
	ctx, stop := context.WithTimeout(ctx, lookupLimit)
	defer stop()
	judge := mailbox.Authenticator{ServIDs: r.servers, LookupTXT: func(name string) ([]string, error) {
		if r.offline {
			return nil, &net.DNSError{Err: "the DNS is not asked", Name: name, IsTemporary: true}
		}
		return net.DefaultResolver.LookupTXT(ctx, name)
	}}
	record := connectors.Record{Ref: connectors.Ref{Kind: mailbox.Kind, ID: file}, Fields: mailbox.Fields(raw, judge), Raw: raw}
	if at, err := time.Parse(time.RFC3339, text(record, "date")); err == nil {
		record.At = at // completes dates without a year
	}
	if problem := text(record, "error"); problem != "" {
		report := unreadMail(file, errors.New(problem))
		report.describe(record)
		return report
	}
	mail, reading := r.names.Read(record)
	report := unreadMail(file, errors.New(""))
	report.Error = nil
	report.describe(record)
	report.Verdict, report.Request, report.Language = reading.Verdict, reading.Asks, reading.Language
	report.Words, report.CancelReason, report.Quote, report.Why = reading.Words, reading.Reason, reading.Quote, reading.Why
	report.References = append(report.References, reading.References...)
	report.Dates = append(report.Dates, reading.Dates...)
	report.People = append(report.People, reading.People...)
	report.Addresses = append(report.Addresses, reading.Addresses...)
	if reading.Verdict != reader.None {
		if report.ClaimedBy = reading.Claims; report.ClaimedBy == "" {
			report.ClaimedBy = report.From
		}
	}
	for _, s := range reading.Spans {
		of := mail.Subject
		if s.Segment >= 0 {
			of = mail.Segments[s.Segment].Text
		}
		report.Spans = append(report.Spans, spanReport{s, strings.ToValidUTF8(of[s.Start:s.End], "\uFFFD")})
	}
	for i, s := range mail.Segments {
		if i == reader.MaxSegments {
			break
		}
		report.Segments = append(report.Segments, segmentReport{
			Kind: s.Kind, Depth: s.Depth, From: s.From, Subject: s.Subject, Bytes: len(s.Text),
			Text: strings.ToValidUTF8(s.Text[:min(len(s.Text), shownText)], ""),
		})
	}
	if arrival, err := r.names.Arrival(record); err == nil && arrival.Event != nil {
		report.Event = arrival.Event.Kind
	}
	return report
}

// describe takes over what a record says of a mail beside its words.
func (m *mailReport) describe(r connectors.Record) {
	m.From, m.Subject, m.MessageID, m.Auto = text(r, "from"), text(r, "subject"), text(r, "message_id"), text(r, "auto")
	m.Authenticated, m.Reason = text(r, "auth") == mailbox.AuthPass, text(r, "auth_reason")
	attachments, _ := r.Fields["attachments"].([]any)
	for _, a := range attachments[:min(len(attachments), 100)] {
		if one, ok := a.(map[string]any); ok {
			m.Attachments = append(m.Attachments, one)
		}
	}
}

func text(r connectors.Record, field string) string {
	s, _ := r.Fields[field].(string)
	return s
}

func (m mailReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(m)
	}
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-14s %s\n", label, text)
		}
	}
	fmt.Fprintf(&b, "%s\n", m.File)
	if m.Error != nil {
		line("error", *m.Error)
	}
	line("verdict", strings.TrimSpace(m.Verdict+" "+m.Request))
	line("because", m.Why)
	line("says", m.Quote)
	for _, s := range m.Spans {
		where := "in the subject"
		if s.Segment >= 0 {
			where = fmt.Sprintf("in segment %d", s.Segment+1)
		}
		line("", fmt.Sprintf("%s: %q, %s", s.Label, s.Text, where))
	}
	line("from", m.From)
	line("claimed by", m.ClaimedBy)
	proven := "no"
	if m.Authenticated {
		proven = "yes"
	}
	line("authenticated", strings.TrimSuffix(proven+": "+m.Reason, ": "))
	line("subject", m.Subject)
	line("language", m.Language)
	line("automatic", m.Auto)
	line("references", strings.Join(m.References, ", "))
	line("dates", strings.Join(m.Dates, ", "))
	line("people", strings.Join(m.People, ", "))
	line("addresses", strings.Join(m.Addresses, "; "))
	line("reason", m.CancelReason)
	for i, s := range m.Segments {
		from := s.From
		if from != "" {
			from = " from " + from
		}
		line(fmt.Sprintf("segment %d", i+1), fmt.Sprintf("%s%s, depth %d, %d bytes", s.Kind, from, s.Depth, s.Bytes))
	}
	for _, a := range m.Attachments {
		line("attachment", fmt.Sprintf("%q %v", a["name"], a["type"]))
	}
	event := m.Event
	if event == "" {
		event = "nothing is decided about it"
	}
	line("event", event)
	_, err := io.WriteString(w, b.String())
	return err
}
