package reader

import "testing"

// An unclear mail that is about a visit asks plainly to cancel it: somebody may
// be charged on the strength of that.
func TestOnlyWhatAsksPlainlyForAWholeVisitIsAboutIt(t *testing.T) {
	for text, plain := range map[string]bool{
		"Please cancel my appointment JOB-1001.":                                         true,
		"Sorry, but please cancel appointment JOB-1001.":                                 true,
		"Please cancel the interpreter for JOB-1001.":                                    true,
		"We need to cancel the whole series. The patient no longer comes.":               true,
		"Please cancel the reminder for appointment JOB-1001.":                           false,
		"Please cancel the charge for appointment JOB-1001.":                             false,
		"Please cancel my appointment confirmation texts.":                               false,
		"Please cancel my appointment change.":                                           false,
		"Please cancel one of the interpreters for JOB-1001.":                            false,
		"Please cancel only the second hour of appointment JOB-1001.":                    false,
		"Please cancel the interpreter for JOB-1001 but keep the appointment.":           false,
		"Please cancel the visit of December 3. Keep the other one.":                     false,
		"Please cancel appointment JOB-1001 and book another on Friday.":                 false,
		"Please cancel appointment JOB-1001. Never mind.":                                false,
		"We need to cancel the whole series except the one on Friday.":                   false,
		"We need to cancel the whole series but not tomorrow's session.":                 false,
		"Cancel all remaining sessions after January.":                                   false,
		"Por favor cancelen toda la serie excepto la cita del viernes.":                  false,
		"Please do not cancel appointment JOB-1001, cancel appointment JOB-1002.":        false,
		"Please cancel appointment JOB-1001 for patient A but not the one for patient B": false,
	} {
		r := Read(own(text), Patterns{})
		if got := r.Verdict == Unclear && r.About == "visit"; got != plain {
			t.Errorf("%s: about a visit is %v: %s %s, about %q", text, got, r.Verdict, r.Asks, r.About)
		}
		if r.Verdict == None {
			t.Errorf("%s: nobody is told of it", text)
		}
	}
}

// What follows is for a person, wherever in the mail it is said.
func TestADeathIsNoticedWhereverItIsTold(t *testing.T) {
	please := Segment{Kind: "new", Text: "Please cancel my contract."}
	for name, mail := range map[string]Mail{
		"in the subject of a thread": {Subject: "Re: death of my husband", Segments: []Segment{please}},
		"in what is quoted":          {Segments: []Segment{please, {Kind: "quoted", Text: "My husband passed away in May."}}},
		"of a parent":                own("My dad died. Please cancel the contract."),
		"with a date":                own("Ana died in March. Please cancel the contract."),
		"by the widow":               own("I am the widow of Juan. Please cancel the contract."),
		"by the executor":            own("I am the executor of the estate of Ana Lopez. Please cancel the contract."),
		"of a spouse's contract":     own("My late wife's contract must be cancelled."),
		"in Spanish":                 own("Mi esposo ha muerto. Por favor cancelen el contrato."),
	} {
		if r := Read(mail, Patterns{}); !r.Deceased {
			t.Errorf("%s: it is not noticed", name)
		}
	}
}

func TestASignatureThatDeniesTheRequestIsNotOverlooked(t *testing.T) {
	m := own("Please cancel my contract.")
	m.Segments = append(m.Segments, Segment{Kind: "signature", Text: "-- \nMaria\nP.S. Please do not cancel anything before you talk to my husband."})
	if r := Read(m, Patterns{}); r.Verdict != Unclear {
		t.Errorf("the verdict is %s: %s", r.Verdict, r.Why)
	}
}

func TestAVisitInTheSubjectOfAForwardedMailIsForAPerson(t *testing.T) {
	r := Read(Mail{Segments: []Segment{{Kind: "forwarded", From: "ana@example.com", Subject: "Please cancel my appointment JOB-1001", Text: "Thank you."}}}, Patterns{})
	if r.Verdict != Unclear || r.About != "" {
		t.Errorf("the verdict is %s, about %q: %s", r.Verdict, r.About, r.Why)
	}
}
