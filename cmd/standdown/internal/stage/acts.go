package stage

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed mails/*.eml
var mails embed.FS

// An Act is one thing that happens in the world, and how it should end.
type Act struct {
	Title string
	Do    func(*Stage) error
	// Approves tells that a person looks at the cancellation that the daemon
	// proposes, and approves it.
	Approves bool
	// Done reports whether the world shows that the act has had its effect.
	Done func(*Stage) (bool, error)
}

// Acts returns the story, in order.
func Acts() []Act {
	return slices.Concat([]Act{
		{
			Title:    "Maria Alvarez asks in a mail of her own to cancel her contract; it is in M1, under review.",
			Do:       mail("01-direct", "pass"),
			Approves: true,
			Done:     all(processed("direct-1"), workflow("W-1042", "Cancel Pending"), sent("maria.alvarez@example.com", 1)),
		},
		{
			Title:    "Daniel Okafor asks the same; his mail is HTML only. His contract is in M2, nothing is installed, and only the installer signed beside him.",
			Do:       mail("02-html-only", "pass"),
			Approves: true,
			Done:     all(processed("html-1"), workflow("W-1043", "Cancel Pending"), sent("daniel.okafor@example.com", 1)),
		},
		{
			Title:    "Carlos Mendez asks in Spanish.",
			Do:       mail("03-spanish", "pass"),
			Approves: true,
			Done:     all(processed("spanish-1"), workflow("W-1045", "Cancel Pending"), sent("carlos.mendez@example.net", 1)),
		},
		{
			Title: "Ruth Lindqvist asks too, but her equipment has been ordered: there is an invoice.",
			Do:    mail("04-invoice", "pass"),
			Done:  all(processed("invoice-1"), cases("W-1044", 1)),
		},
		{
			Title: "A contact centre forwards Grace Whitfield's wish.",
			Do:    mail("05-forwarded", "pass"),
			Done:  all(processed("forward-1"), cases("W-1046", 1)),
		},
		{
			Title: "An installer asks on behalf of Tom Becker, without anything in writing from him.",
			Do:    mail("06-installer", "pass"),
			Done:  all(processed("installer-1"), cases("W-1047", 1)),
		},
		{
			Title: `A newsletter arrives that says "to cancel your subscription, click here".`,
			Do:    mail("07-newsletter", "pass"),
			Done:  processed("news-1"),
		},
		{
			Title: "Maria Alvarez, not sure that anybody read her mail, writes again.",
			Do:    mail("09-again", "pass"),
			Done:  processed("direct-2"),
		},
		{
			Title: "Carlos Mendez has thought better of it, within the 14 business days.",
			Do:    mail("08-restore", "pass"),
			Done:  all(processed("restore-1"), count("SELECT Id FROM Case_Assignment__c WHERE Workflow__r.Name = 'W-1045'", 1)),
		},
		{
			Title: "Harold Finch goes away: a coordinator puts him on hold from 10 March to 7 April.",
			Do:    hold("Harold Finch", true, "2026-03-10", "2026-04-07"),
			Done:  held("Harold Finch", "2026-03-10", "2026-04-07"),
		},
		{
			Title: "He leaves a week later than planned: the hold begins on 17 March.",
			Do:    hold("Harold Finch", true, "2026-03-17", "2026-04-07"),
			Done:  held("Harold Finch", "2026-03-17", "2026-04-07"),
		},
		{
			Title: "Then he stays after all: the hold is taken off.",
			Do:    hold("Harold Finch", false, nil, nil),
			Done:  held("Harold Finch", "9999", "9999"),
		},
	}, assignmentActs(), []Act{
		{
			Title:    "Walter Hayes's install is called off: a scheduler sets its block to Cancelling.",
			Do:       cancelBlock("B-1001", "Roof needs repair first"),
			Approves: true,
			Done:     all(block("B-1001", "Open"), opsJob("J-501", "Approved to Proceed"), meetings("B-1001", 0)),
		},
		{
			Title:    "The first day of Irene Castillo's two-day install is called off; the second stays.",
			Do:       cancelBlock("B-1002", "Crew is ill"),
			Approves: true,
			Done:     all(block("B-1002", "Open"), opsJob("J-502", "Install Scheduled"), meetings("B-1002", 0), meetings("B-1003", 1)),
		},
		{
			Title:    "Stella Novak's service is cancelled and will not be set again; a sale had been made for it.",
			Do:       cancelBlock("B-1005", "Customer repaired it"),
			Approves: true,
			Done: all(block("B-1005", "Open"), meetings("B-1005", 0),
				count("SELECT Id FROM Contact WHERE Name = 'Stella Novak' AND Service_State__c = 'Rest'", 1),
				count("SELECT Id FROM Sale__c WHERE Name = 'S-77' AND State__c = 'Service Canceled'", 1)),
		},
		{
			Title: "Somebody cancels the block of Lucy Brandt's install, while the crew is on her roof.",
			Do:    cancelBlock("B-1007", "Wrong block"),
			Done:  all(block("B-1007", "Cancelling"), opsJob("J-503", "Install in Progress"), blockCases("B-1007", 1)),
		},
		{
			Title: "George Adeyemi asks by mail for another day.",
			Do:    mail("10-reschedule", "pass"),
			Done:  all(processed("reschedule-1"), block("B-1006", "Confirmed"), blockCases("B-1006", 1)),
		},
		{
			Title: "Fourteen business days pass. It is the night of 24 March.",
			Do: func(s *Stage) error {
				return s.Clock.MoveTo(time.Date(2026, 3, 24, 4, 30, 0, 0, time.UTC))
			},
			Done: all(workflow("W-1042", "Cancelled"), workflow("W-1043", "Cancelled"), sent("maria.alvarez@example.com", 2), sent("daniel.okafor@example.com", 2)),
		},
	})
}

// mail delivers one of the mails, as vouched for by our own mail server.
func mail(name, dmarc string) func(*Stage) error {
	return func(s *Stage) error {
		text, err := mails.ReadFile("mails/" + name + ".eml")
		if err != nil {
			return err
		}
		t, err := template.New(name).Parse(string(text))
		if err != nil {
			return err
		}
		var raw bytes.Buffer
		err = t.Execute(&raw, map[string]string{"Date": s.Clock.Now().Format(time.RFC1123Z), "Brace": "{", "EndBrace": "}"})
		if err != nil {
			return err
		}
		message := strings.ReplaceAll(raw.String(), "\n", "\r\n")
		return s.Mail.Deliver(Mailbox, []byte(message), "mx.solarworks.example; dmarc="+dmarc+" header.from="+fromDomain(message))
	}
}

func fromDomain(message string) string {
	_, rest, _ := strings.Cut(message, "@")
	domain, _, _ := strings.Cut(rest, ">")
	return domain
}

// hold changes a client's hold fields, as a coordinator would in Salesforce.
func hold(client string, on bool, from, until any) func(*Stage) error {
	return func(s *Stage) error {
		return s.Org.Update("Contact", s.People.Clients[client], map[string]any{
			"On_Hold__c": on, "On_Hold_Start_Date__c": from, "Planned_Return_Date__c": until,
		})
	}
}

// cancelBlock is the transition Cancel Ops Block or Cancel Revenue Service.
func cancelBlock(name, reason string) func(*Stage) error {
	return func(s *Stage) error {
		return s.Org.Update("Ops_Block__c", s.People.Blocks[name], map[string]any{"State__c": "Cancelling", "Cancel_Reason__c": reason})
	}
}

type condition = func(*Stage) (bool, error)

func all(conditions ...condition) condition {
	return func(s *Stage) (bool, error) {
		for _, c := range conditions {
			if ok, err := c(s); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	}
}

// processed: the mail was dealt with and filed.
func processed(id string) condition {
	return func(s *Stage) (bool, error) {
		stored, err := s.Mail.Folder(Mailbox, "Processed")
		if err != nil { // there is none before the first mail is filed
			return false, nil
		}
		for _, m := range stored {
			if bytes.Contains(m.Raw, []byte("<"+id+"@")) && !bytes.Contains(m.Raw, []byte("X-Standdown-Key")) {
				return true, nil
			}
		}
		return false, nil
	}
}

func workflow(name, status string) condition {
	return count(fmt.Sprintf("SELECT Id FROM Workflow__c WHERE Name = '%s' AND Status__c = '%s'", name, status), 1)
}

// cases: the back office has at least n cases about the workflow.
func cases(name string, n int) condition {
	return count(fmt.Sprintf("SELECT Id FROM Case WHERE Workflow__r.Name = '%s' AND Owner.Name = 'Back Office'", name), n)
}

func block(name, state string) condition {
	return count(fmt.Sprintf("SELECT Id FROM Ops_Block__c WHERE Name = '%s' AND State__c = '%s'", name, state), 1)
}

func opsJob(name, state string) condition {
	return count(fmt.Sprintf("SELECT Id FROM Ops_Job__c WHERE Name = '%s' AND State__c = '%s'", name, state), 1)
}

// meetings: the block has exactly n meetings.
func meetings(name string, n int) condition {
	return func(s *Stage) (bool, error) {
		rows, err := s.Org.Query("SELECT Id FROM Event WHERE WhatId = '" + s.People.Blocks[name] + "'")
		return len(rows) == n, err
	}
}

// blockCases: the back office has at least n cases about the block.
func blockCases(name string, n int) condition {
	return count(fmt.Sprintf("SELECT Id FROM Case WHERE Ops_Block__r.Name = '%s' AND Owner.Name = 'Back Office'", name), n)
}

func count(soql string, least int) condition {
	return func(s *Stage) (bool, error) {
		rows, err := s.Org.Query(soql)
		return len(rows) >= least, err
	}
}

// sent: at least n mails went out to the address.
func sent(to string, n int) condition {
	return func(s *Stage) (bool, error) {
		found := 0
		for _, m := range s.Mail.Accepted() {
			if slices.ContainsFunc(m.To, func(r string) bool { return strings.EqualFold(r, to) }) {
				found++
			}
		}
		return found >= n, nil
	}
}

// held: of the client's visits that could be held, exactly those of the days
// from first to before last are cancelled for the hold, and the client's feed
// says so.
func held(client, first, last string) condition {
	return func(s *Stage) (bool, error) {
		rows, err := s.Org.Query(fmt.Sprintf("SELECT sked__Start__c, sked__Job_Status__c, sked__Abort_Reason__c FROM sked__Job__c WHERE sked__Contact__c = '%s'", s.People.Clients[client]))
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			start, err := time.Parse("2006-01-02T15:04:05.000-0700", r["sked__Start__c"].(string))
			if err != nil {
				return false, err
			}
			day := start.In(newYork).Format(time.DateOnly)
			onHold := r["sked__Abort_Reason__c"] == "Customer on Hold"
			switch status := r["sked__Job_Status__c"]; {
			case status == "Complete" || status == "Queued" || status == "Cancelled" && !onHold:
			case (first <= day && day < last) != onHold:
				return false, nil
			}
		}
		return true, nil
	}
}

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()
