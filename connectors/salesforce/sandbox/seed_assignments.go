package sandbox

import "time"

// assignments adds two customers of an interpreting agency, one with terms of
// its own, interpreters, single assignments and a weekly series.
func (s *seeder) assignments() {
	s.person = s.person.org.As("Elena Rossi")
	for _, c := range []struct {
		name, first, last, email string
		terms                    map[string]any
	}{
		{"Mercy Clinic", "Joan", "Price", "joan.price@mercyclinic.example", map[string]any{"Cancellation_Window_Hours__c": 48, "Minimum_Minutes__c": 90}},
		{"Oak Street Legal", "Victor", "Hale", "victor.hale@oakstreet.example", map[string]any{}},
	} {
		c.terms["Name"] = c.name
		s.out.Accounts[c.name] = s.add("Account", c.terms)
		s.out.Customers[c.first+" "+c.last] = s.add("Contact", map[string]any{
			"FirstName": c.first, "LastName": c.last, "Email": c.email, "AccountId": s.out.Accounts[c.name]})
	}
	for _, i := range []struct {
		name  string
		terms map[string]any
	}{
		{"Lena Ortiz", map[string]any{"Cancellation_Window_Hours__c": 24, "Minimum_Minutes__c": 60}},
		{"Paul Weiss", map[string]any{}},
		{"Aiko Mori", map[string]any{"Cancellation_Window_Hours__c": 72}},
	} {
		i.terms["Name"] = i.name
		s.out.Interpreters[i.name] = s.add("Interpreter__c", i.terms)
	}
	for _, a := range []struct {
		name, customer, interpreter string
		hours                       int // from now to its start
		status, series              string
		invoiced                    bool
	}{
		{"A-3017", "Mercy Clinic", "Lena Ortiz", 26, "Confirmed", "", false},
		{"A-3018", "Oak Street Legal", "Paul Weiss", 240, "Confirmed", "", false},
		{"A-3019", "Oak Street Legal", "Aiko Mori", 60, "Filled", "", false},
		{"A-3020", "Mercy Clinic", "", 120, "Unfilled", "", false},
		{"A-3101", "Mercy Clinic", "Paul Weiss", -12 * 24, "Completed", "S-114", true},
		{"A-3102", "Mercy Clinic", "Paul Weiss", -5 * 24, "Completed", "S-114", false},
		{"A-3103", "Mercy Clinic", "Paul Weiss", 2*24 - 4, "Confirmed", "S-114", false},
		{"A-3104", "Mercy Clinic", "Paul Weiss", 9 * 24, "Filled", "S-114", false},
	} {
		start := s.now.Truncate(time.Hour).Add(time.Duration(a.hours) * time.Hour)
		s.out.Assignments[a.name] = s.add("Assignment__c", map[string]any{
			"Name": a.name, "Status__c": a.status, "Start__c": start, "End__c": start.Add(2 * time.Hour), "Series__c": a.series,
			"Account__c": s.out.Accounts[a.customer], "Invoiced__c": a.invoiced})
		if a.interpreter != "" {
			s.add("Assignment_Interpreter__c", map[string]any{
				"Assignment__c": s.out.Assignments[a.name], "Interpreter__c": s.out.Interpreters[a.interpreter], "Status__c": "Assigned"})
		}
	}
}
