package stage

import "fmt"

// assignmentActs are those of an agency that sends interpreters to its
// customers.
func assignmentActs() []Act {
	return []Act{
		{
			Title:    "Joan Price of Mercy Clinic cancels an interpreter, assignment A-3017, a day before it; the clinic's terms ask for two days. Whoever confirms it sees what it costs.",
			Do:       mail("10-assignment", "pass"),
			Approves: true,
			Done:     all(processed("assignment-1"), assignment("A-3017", "Cancelled"), billing("A-3017", "Pending Review", 1)),
		},
		{
			Title:    "Dana Whitlock, as a courtesy, ticks the box that waives the billing.",
			Do:       ticks("A-3017", "Dana Whitlock"),
			Approves: true,
			Done:     billing("A-3017", "Waived", 1),
		},
		{
			Title:    "The clinic cancelled by mistake, and says so before the appointment is over.",
			Do:       mail("11-uncancel", "pass"),
			Approves: true,
			Done:     all(processed("assignment-2"), assignment("A-3017", "Unfilled"), billing("A-3017", "Voided", 1)),
		},
		{
			Title:    "A patient no longer comes: the clinic cancels the whole weekly series S-114. One occurrence is invoiced, one is past, one begins in less than two days, one later.",
			Do:       mail("12-series", "pass"),
			Approves: true,
			Done: all(processed("assignment-3"), assignment("A-3103", "Cancelled"), assignment("A-3104", "Cancelled"),
				billing("A-3103", "Pending Review", 1), billing("A-3104", "Not Billable", 1)),
		},
	}
}

// ticks waives billing in Salesforce, as a person does at the record.
func ticks(name, who string) func(*Stage) error {
	return func(s *Stage) error {
		return s.Org.As(who).Update("Assignment__c", s.People.Assignments[name], map[string]any{"Waive_Billing__c": true, "Waived_By__c": who})
	}
}

func assignment(name, status string) condition {
	return count(fmt.Sprintf("SELECT Id FROM Assignment__c WHERE Name = '%s' AND Status__c = '%s'", name, status), 1)
}

func billing(name, status string, n int) condition {
	return count(fmt.Sprintf("SELECT Id FROM Billing_Decision__c WHERE Assignment__r.Name = '%s' AND Status__c = '%s'", name, status), n)
}
