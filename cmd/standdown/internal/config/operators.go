package config

import "strconv"

// Operators are those who run the program: they are told when a brake closes
// and when it opens again. Without mail and cases nobody is.
type Operators struct {
	Mail []string `yaml:"mail"` // addresses
	// Cases has a case opened in the back-office queue.
	Cases bool `yaml:"cases"`
}

func (o Operators) check(d *document, c *Config) {
	for i, address := range o.Mail {
		d.address(join("operators.mail", strconv.Itoa(i)), address)
	}
	if len(o.Mail) == 0 {
		return
	}
	switch {
	case c.Notify.Via == salesforceMail:
		d.refuse("operators.mail", "needs a mail server of its own, for Salesforce sends no mail that is about no record; want operators.cases, or notify.via: smtp")
	case c.Mailbox == nil:
		d.refuse("operators.mail", "needs a mail server to send by (mailbox.smtp); want that section, or operators.cases")
	}
}

// checkCases is to be called once the mapping is known.
func (o Operators) checkCases(d *document, c *Config) {
	if o.Cases && c.Names != nil && !c.Names.Cases() {
		d.refuse("operators.cases", "needs cases in the mapping; want mapping.objects.case, or a preset that has it")
	}
}
