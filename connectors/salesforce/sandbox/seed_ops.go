package sandbox

import (
	"strings"
	"time"
)

// A slot is one ops block: so many days from now, from one hour to another in
// New York, and what it is set for.
type slot struct {
	name, kind, state string
	days, from, to    int
	customer          string
	job, jobState     string
	ticket            string
	service           string // state of the customer's service
	reset             string
	sale, saleState   string
}

func slots() []slot {
	return []slot{
		{name: "B-1001", kind: "Install", state: "Confirmed and Issued", days: 7, from: 8, to: 16, customer: "Walter Hayes", job: "J-501", jobState: "Install Scheduled"},
		{name: "B-1002", kind: "Install", state: "Set", days: 9, from: 8, to: 16, customer: "Irene Castillo", job: "J-502", jobState: "Install Scheduled"},
		{name: "B-1003", kind: "Install", state: "Set", days: 10, from: 8, to: 16, customer: "Irene Castillo", job: "J-502", jobState: "Install Scheduled"},
		{name: "B-1004", kind: "Delivery", state: "Confirmed", days: 8, from: 9, to: 12, customer: "Walter Hayes", ticket: "T-31"},
		{name: "B-1005", kind: "Revenue Service", state: "Set", days: 3, from: 13, to: 15, customer: "Stella Novak", service: "Service in Progress",
			reset: "No", sale: "S-77", saleState: "New"},
		{name: "B-1006", kind: "Revenue Service", state: "Confirmed", days: 6, from: 10, to: 12, customer: "George Adeyemi", service: "Service in Progress", reset: "Yes"},
		{name: "B-1007", kind: "Install", state: "Confirmed and Issued", days: 0, from: 8, to: 16, customer: "Lucy Brandt", job: "J-503", jobState: "Install in Progress"},
		{name: "B-1008", kind: "Install", state: "Open", days: 14, from: 8, to: 16},
	}
}

// blocks adds a crew's calendar: installs of one day and of two, one that is
// under way, a delivery, services with and without reset, and an open block.
func (s *seeder) blocks() {
	s.person = s.person.org.As("Elena Rossi")
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return
	}
	customers, jobs := map[string]string{}, map[string]string{}
	year, month, day := s.now.In(zone).Date()
	for _, b := range slots() {
		start, end := time.Date(year, month, day+b.days, b.from, 0, 0, 0, zone), time.Date(year, month, day+b.days, b.to, 0, 0, 0, zone)
		fields := map[string]any{"Name": b.name, "Block_Type__c": b.kind, "State__c": b.state, "Block_Start__c": start, "Block_End__c": end}
		if b.customer != "" {
			if customers[b.customer] == "" {
				customers[b.customer] = s.opsCustomer(b)
			}
			fields["Contact__c"], fields["Event_Time__c"] = customers[b.customer], start
		}
		if b.job != "" {
			if jobs[b.job] == "" {
				jobs[b.job] = s.add("Ops_Job__c", map[string]any{"Name": b.job, "State__c": b.jobState})
			}
			fields["Ops_Job__c"] = jobs[b.job]
		}
		if b.ticket != "" {
			fields["Shipping_Ticket__c"] = s.add("Shipping_Ticket__c", map[string]any{"Name": b.ticket, "State__c": "Scheduled"})
		}
		if b.sale != "" {
			fields["Sale__c"] = s.add("Sale__c", map[string]any{"Name": b.sale, "State__c": b.saleState})
		}
		if b.reset != "" {
			fields["Reset_Service__c"] = b.reset
		}
		s.out.Blocks[b.name] = s.add("Ops_Block__c", fields)
		if b.customer != "" {
			s.add("Event", map[string]any{"Subject": b.kind + " for " + b.customer, "WhatId": s.out.Blocks[b.name], "StartDateTime": start, "EndDateTime": end})
		}
	}
}

// opsCustomer adds the contact that a block is set for.
func (s *seeder) opsCustomer(b slot) string {
	first, last, _ := strings.Cut(b.customer, " ")
	fields := map[string]any{"FirstName": first, "LastName": last, "Email": strings.ToLower(first + "." + last + "@example.com")}
	if b.service != "" {
		fields["Service_State__c"] = b.service
	}
	return s.add("Contact", fields)
}
