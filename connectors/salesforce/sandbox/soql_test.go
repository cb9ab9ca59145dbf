package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 3, 2, 15, 4, 5, 600_000_000, time.UTC)

// people makes an org with three contacts, two accounts and a workflow.
func people(t *testing.T) *Org {
	t.Helper()
	now := epoch
	o := New(Options{Now: func() time.Time { now = now.Add(time.Second); return now }})
	add := func(object string, fields map[string]any) string {
		t.Helper()
		id, err := o.Insert(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	acme := add("Account", map[string]any{"Name": "Acme"})
	add("Account", map[string]any{"Name": "Zenith"})
	ann := add("Contact", map[string]any{"FirstName": "Ann", "LastName": "O'Hara", "Email": "ann@example.com", "AccountId": acme, "On_Hold__c": true, "On_Hold_Start_Date__c": "2026-03-10"})
	add("Contact", map[string]any{"FirstName": "Bob", "LastName": `50%_off\`, "Phone": "555-0100", "AccountId": acme})
	add("Contact", map[string]any{"LastName": "Crow", "Email": "CROW@example.org"})
	w := add("Workflow__c", map[string]any{"Name": "W-1", "Homeowner__c": ann, "Contract_Signers__c": "Sales Rep;Installer"})
	add("Workflow__c", map[string]any{"Name": "W-2", "Contract_Signers__c": "Installer"})
	add("Workflow__c", map[string]any{"Name": "W-3"})
	add("Milestone__c", map[string]any{"Name": "M2", "Workflow__c": w, "Order__c": 2})
	add("Milestone__c", map[string]any{"Name": "M1", "Workflow__c": w, "Order__c": 1})
	return o
}

func TestAStatementFindsItsRows(t *testing.T) {
	o := people(t)
	for _, tt := range []struct{ soql, want string }{
		{`SELECT LastName FROM Contact`, `O'Hara, 50%_off\, Crow`},
		{`select lastname from CONTACT where FIRSTNAME = 'ANN'`, `O'Hara`},
		{`SELECT c.LastName FROM Contact c WHERE c.Account.Name = 'acme'`, `O'Hara, 50%_off\`},
		{`SELECT Contact.LastName FROM Contact WHERE Contact.Email = null`, `50%_off\`},
		{`SELECT LastName FROM Contact WHERE LastName = 'O\'Hara'`, `O'Hara`},
		{`SELECT LastName FROM Contact WHERE LastName = '50%_off\\'`, `50%_off\`},
		{`SELECT LastName FROM Contact WHERE LastName = 'O\u0027Hara'`, `O'Hara`},
		{`SELECT LastName FROM Contact WHERE LastName LIKE '50\%\_%'`, `50%_off\`},
		{`SELECT LastName FROM Contact WHERE LastName LIKE '%r_w'`, `Crow`},
		{`SELECT LastName FROM Contact WHERE Email LIKE '%@EXAMPLE.%'`, `O'Hara, Crow`},
		{`SELECT LastName FROM Contact WHERE Email != 'ann@example.com'`, `50%_off\, Crow`},
		{`SELECT LastName FROM Contact WHERE Email <> null`, `O'Hara, Crow`},
		{`SELECT LastName FROM Contact WHERE Email = ''`, `50%_off\`},
		{`SELECT LastName FROM Contact WHERE (NOT Email LIKE 'crow%') AND FirstName != null`, `O'Hara, 50%_off\`},
		{`SELECT LastName FROM Contact WHERE NOT (Email = null OR FirstName = null)`, `O'Hara`},
		{`SELECT LastName FROM Contact WHERE LastName IN ('crow', 'nobody')`, `Crow`},
		{`SELECT LastName FROM Contact WHERE LastName NOT IN ('crow')`, `O'Hara, 50%_off\`},
		{`SELECT LastName FROM Contact WHERE On_Hold__c = TRUE`, `O'Hara`},
		{`SELECT LastName FROM Contact WHERE On_Hold_Start_Date__c > 2026-03-09 AND On_Hold_Start_Date__c <= 2026-03-10`, `O'Hara`},
		{`SELECT LastName FROM Contact WHERE CreatedDate > 2026-03-02T15:04:09Z`, `50%_off\, Crow`},
		{`SELECT LastName FROM Contact WHERE CreatedDate > 2026-03-02T16:04:09.000+01:00`, `50%_off\, Crow`},
		{`SELECT LastName FROM Contact WHERE CreatedDate > 2026-03-02T10:04:10.000-0500`, `Crow`},
		{`SELECT LastName FROM Contact WHERE SystemModstamp = 2026-03-02T15:04:10Z`, `50%_off\`},
		{`SELECT LastName FROM Contact WHERE Id IN (SELECT Homeowner__c FROM Workflow__c WHERE Name = 'W-1')`, `O'Hara`},
		{`SELECT LastName FROM Contact WHERE Id NOT IN (SELECT Homeowner__c FROM Workflow__c)`, `50%_off\, Crow`},
		{`SELECT LastName FROM Contact ORDER BY Account.Name DESC NULLS LAST, LastName`, `50%_off\, O'Hara, Crow`},
		{`SELECT LastName FROM Contact ORDER BY Email`, `50%_off\, O'Hara, Crow`},
		{`SELECT LastName FROM Contact ORDER BY Id DESC LIMIT 1 OFFSET 1`, `50%_off\`},
		{`SELECT LastName FROM Contact WHERE Id > '003Sb0000000001' ORDER BY Id LIMIT 1`, `50%_off\`},
		{`SELECT Name FROM Workflow__c WHERE Contract_Signers__c INCLUDES ('Installer')`, `W-1, W-2`},
		{`SELECT Name FROM Workflow__c WHERE Contract_Signers__c INCLUDES ('Sales Rep;Installer', 'Other')`, `W-1`},
		{`SELECT Name FROM Workflow__c WHERE Contract_Signers__c EXCLUDES ('Sales Rep')`, `W-2, W-3`},
		{`SELECT Name FROM Workflow__c WHERE Contract_Signers__c = 'Sales Rep;Installer'`, `W-1`},
		{`SELECT Name FROM Milestone__c WHERE Workflow__r.Homeowner__r.Account.Name = 'Acme' AND Order__c < 1.5`, `M1`},
		{`SELECT Name FROM Group`, ``},
		{"SELECT Name\nFROM Account\n\tWHERE Name >= 'B'", `Zenith`},
	} {
		t.Run(tt.soql, func(t *testing.T) {
			records, err := o.Query(tt.soql)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range records {
				for _, v := range r {
					got = append(got, fmt.Sprint(v))
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAStatementShapesItsRecords(t *testing.T) {
	o := people(t)
	ohara := map[string]any{"LastName": "O'Hara", "Account": map[string]any{"Name": "Acme"}}
	for _, tt := range []struct {
		sentence, soql string
		want           []map[string]any
	}{
		{"parents are nested and an absent one is null", `SELECT Name, Homeowner__r.LastName, Homeowner__r.Account.Name FROM Workflow__c LIMIT 2`,
			[]map[string]any{{"Name": "W-1", "Homeowner__r": ohara}, {"Name": "W-2", "Homeowner__r": nil}}},
		{"children are lists and none are null", `SELECT (SELECT Name FROM Milestones__r WHERE Order__c > 0 ORDER BY Order__c) FROM Workflow__c LIMIT 2`,
			[]map[string]any{{"Milestones__r": map[string]any{"totalSize": 2, "done": true, "records": []map[string]any{{"Name": "M1"}, {"Name": "M2"}}}},
				{"Milestones__r": nil}}},
		{"a count of a field leaves out nulls", `SELECT COUNT(Id), COUNT(Email) addresses FROM Contact`,
			[]map[string]any{{"expr0": 3.0, "addresses": 2.0}}},
		{"times are written as Salesforce writes them", `SELECT CreatedDate, On_Hold_Start_Date__c, On_Hold__c, Email FROM Contact WHERE FirstName = 'Bob'`,
			[]map[string]any{{"CreatedDate": "2026-03-02T15:04:10.000+0000", "On_Hold_Start_Date__c": nil, "On_Hold__c": false, "Email": nil}}},
		{"FIELDS(CUSTOM) leaves out standard fields", `SELECT FIELDS(CUSTOM) FROM sked__Region__c LIMIT 200`, []map[string]any{}},
		{"an owner may be a user", `SELECT CreatedBy.Name FROM Account LIMIT 1`,
			[]map[string]any{{"CreatedBy": map[string]any{"Name": "Org Administrator"}}}},
	} {
		t.Run(tt.sentence, func(t *testing.T) {
			got, err := o.Query(tt.soql)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAStatementThatIsWrongIsRefusedByName(t *testing.T) {
	o := people(t)
	for _, tt := range []struct{ soql, code, message string }{
		{``, "MALFORMED_QUERY", "expecting 'SELECT'"},
		{`SELECT Id`, "MALFORMED_QUERY", "expecting 'FROM'"},
		{`SELECT Id FRM Contact`, "MALFORMED_QUERY", "Row:1:Column:11\nunexpected token: 'FRM'"},
		{`SELECT Id, FROM Contact`, "MALFORMED_QUERY", "'FROM'"},
		{`SELECT Id FROM Contact WHERE`, "MALFORMED_QUERY", "<EOF>"},
		{`SELECT Id FROM Contact WHERE Name = 'a' AND Name = 'b' OR Name = 'c'`, "MALFORMED_QUERY", "'OR'"},
		{`SELECT Id FROM Contact WHERE NOT Name = 'a' AND Name = 'b'`, "MALFORMED_QUERY", "'AND'"},
		{`SELECT Id FROM Contact WHERE Name = 'a`, "MALFORMED_QUERY", "mismatched character"},
		{`SELECT Id FROM Contact WHERE Name = 'a\x'`, "MALFORMED_QUERY", `'\x'`},
		{`SELECT Id FROM Contact WHERE Name = 'a\%'`, "MALFORMED_QUERY", `'\%'`},
		{`SELECT Id FROM Contact WHERE Name = "a"`, "MALFORMED_QUERY", `no viable alternative at character '"'`},
		{`SELECT Id FROM Contact WHERE Name = a`, "MALFORMED_QUERY", "text needs quotes"},
		{`SELECT Id FROM Contact WHERE Name = :name`, "MALFORMED_QUERY", "Apex"},
		{`SELECT Id FROM Contact WHERE CreatedDate = TODAY`, "MALFORMED_QUERY", "date literals"},
		{`SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS:3`, "MALFORMED_QUERY", "date literals"},
		{`SELECT Id FROM Contact WHERE CreatedDate > 2026-03-02T15:04:05.000 01:00`, "MALFORMED_QUERY", "invalid date"},
		{`SELECT Id FROM Contact WHERE CreatedDate > 2026-13-02`, "MALFORMED_QUERY", "invalid date"},
		{`SELECT Id FROM Contact WHERE CreatedDate > 2026-03-02`, "INVALID_FIELD", "must be of type dateTime"},
		{`SELECT Id FROM Contact WHERE CreatedDate > '2026-03-02T15:04:05Z'`, "INVALID_FIELD", "should not be enclosed in quotes"},
		{`SELECT Id FROM Contact WHERE On_Hold_Start_Date__c > 2026-03-02T15:04:05Z`, "INVALID_FIELD", "must be of type date "},
		{`SELECT Id FROM Contact WHERE Name = 5`, "INVALID_FIELD", "should be enclosed in quotes"},
		{`SELECT Id FROM Contact WHERE On_Hold__c = 'true'`, "INVALID_FIELD", "must be of type boolean"},
		{`SELECT Id FROM Milestone__c WHERE Order__c = '1'`, "INVALID_FIELD", "must be of type double"},
		{`SELECT Id FROM Contact WHERE Id = 'nonsense'`, "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: nonsense"},
		{`SELECT Id FROM Contact WHERE AccountId LIKE '001%'`, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on reference field"},
		{`SELECT Id FROM Contact WHERE Name INCLUDES ('a')`, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on string field"},
		{`SELECT Id FROM FeedItem WHERE Body = 'x'`, "INVALID_FIELD", "field 'Body' can not be filtered"},
		{`SELECT Id FROM Case ORDER BY Description`, "INVALID_FIELD", "can not be sorted"},
		{`SELECT Id, Nonsense__c FROM Contact`, "INVALID_FIELD", "Row:1:Column:12\nNo such column 'Nonsense__c' on entity 'Contact'"},
		{`SELECT Id FROM Contact WHERE Nonsense__r.Name = 'a'`, "INVALID_FIELD", "Didn't understand relationship 'Nonsense__r'"},
		{`SELECT Id, id FROM Contact`, "INVALID_FIELD", "duplicate field"},
		{`SELECT Id FROM Nonsense`, "INVALID_TYPE", "sObject type 'Nonsense' is not supported"},
		{`SELECT Id, (SELECT Id FROM Nonsense__r) FROM Contact`, "INVALID_TYPE", "Didn't understand relationship 'Nonsense__r' in FROM part"},
		{`SELECT Id FROM Contact WHERE Name = 'a' OR Id IN (SELECT Homeowner__c FROM Workflow__c)`, "MALFORMED_QUERY", "top level"},
		{`SELECT Id FROM Contact WHERE NOT Id IN (SELECT Homeowner__c FROM Workflow__c)`, "MALFORMED_QUERY", "top level"},
		{`SELECT Id FROM Contact WHERE` + strings.Repeat(` Id IN (SELECT Homeowner__c FROM Workflow__c) AND`, 3) + ` Name != null`, "MALFORMED_QUERY", "maximum 2"},
		{`SELECT Id FROM Contact WHERE Id IN (SELECT Name FROM Workflow__c)`, "MALFORMED_QUERY", "must be an id or a reference"},
		{`SELECT Id FROM Contact WHERE Id IN (SELECT Homeowner__c FROM Workflow__c LIMIT 1)`, "MALFORMED_QUERY", "LIMIT"},
		{`SELECT COUNT(Id), Name FROM Contact`, "MALFORMED_QUERY", "grouped or aggregated"},
		{`SELECT COUNT(), Name FROM Contact`, "MALFORMED_QUERY", "only element"},
		{`SELECT MAX(CreatedDate) FROM Contact`, "MALFORMED_QUERY", "function 'MAX'"},
		{`SELECT FIELDS(ALL) FROM Contact`, "MALFORMED_QUERY", "LIMIT of at most 200"},
		{`SELECT Name FROM Contact GROUP BY Name`, "MALFORMED_QUERY", "GROUP is not supported"},
		{`SELECT Name FROM Contact HAVING Name = 'a'`, "MALFORMED_QUERY", "HAVING is not supported"},
		{`SELECT Name FROM Contact USING SCOPE mine`, "MALFORMED_QUERY", "USING is not supported"},
		{`SELECT Name FROM Contact WITH SECURITY_ENFORCED`, "MALFORMED_QUERY", "WITH is not supported"},
		{`SELECT Name FROM Contact FOR UPDATE`, "MALFORMED_QUERY", "FOR is not supported"},
		{`SELECT Name FROM Contact ALL ROWS`, "MALFORMED_QUERY", "ALL is not supported"},
		{`SELECT TYPEOF Owner WHEN User THEN Id END FROM Case`, "MALFORMED_QUERY", "TYPEOF is not supported"},
		{`SELECT Name FROM Contact, Contact.Account a`, "MALFORMED_QUERY", "several objects"},
		{`SELECT Name FROM Contact LIMIT -1`, "MALFORMED_QUERY", "'-1'"},
		{`SELECT Name FROM Contact LIMIT 1 ORDER BY Name`, "MALFORMED_QUERY", "ORDER"},
		{`SELECT Name FROM Contact OFFSET 2001`, "NUMBER_OUTSIDE_VALID_RANGE", "2000"},
		{`SELECT Name FROM Contact WHERE ` + strings.Repeat("(", 200) + `Name = 'a'`, "MALFORMED_QUERY", "nested too deeply"},
		{`SELECT Name FROM Contact WHERE Name = '` + strings.Repeat("a", maxStatement) + `'`, "MALFORMED_QUERY", "longer than 100000"},
	} {
		t.Run(abbreviate(tt.soql), func(t *testing.T) {
			_, err := o.Query(tt.soql)
			refusal, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("the answer is %v, not a refusal", err)
			}
			if refusal.Code != tt.code || !strings.Contains(refusal.Message, tt.message) {
				t.Errorf("got %s, want %s with %q", refusal, tt.code, tt.message)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`SELECT Id, Account.Name, (SELECT Id FROM Cases) FROM Contact c WHERE (NOT Name LIKE 'a\_%') AND Id IN (SELECT ContactId FROM Case) ORDER BY Name DESC NULLS LAST LIMIT 5 OFFSET 2`,
		`SELECT COUNT() FROM Contact WHERE CreatedDate >= 2026-03-02T15:04:05.000+01:00 OR On_Hold_Start_Date__c = 2026-03-02`,
		`SELECT FIELDS(ALL) FROM Case WHERE Order__c = -1.5 LIMIT 200`,
		`SELECT Id FROM Contact WHERE Name = 'é\u00e9\n\\'`,
		"SELECT\nId FROM Contact WHERE Name = '\xff",
	} {
		f.Add(seed)
	}
	o := New(Options{Now: func() time.Time { return epoch }})
	f.Fuzz(func(t *testing.T, soql string) {
		records, err := o.Query(soql)
		if (records == nil) == (err == nil) {
			t.Fatalf("%q gives %v and %v: want either records or a refusal", soql, records, err)
		}
	})
}

func TestLikeComparesAsSalesforceDoes(t *testing.T) {
	for _, tt := range []struct {
		text, pattern string
		want          bool
	}{
		{"", "", true}, {"", "%", true}, {"a", "", false}, {"a", "_", true}, {"ab", "_", false},
		{"abcabd", "%abd", true}, {"abcabd", "a%c%d", true}, {"abcabd", "a%e%", false}, {"a%b", `a\%b`, true}, {"axb", `a\%b`, false},
		{strings.Repeat("a", 2000), strings.Repeat("a%", 20) + "b", false},
	} {
		pattern, err := unquote(token{kind: tokenString, text: tt.pattern}, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := matches([]rune(tt.text), pattern); got != tt.want {
			t.Errorf("%q LIKE %q is %v", tt.text, tt.pattern, got)
		}
	}
}

// A condition that all rows must meet is asked of few of them. Among alternatives
// it is asked of all.
func TestWhoIsLookedForByIDsIsFoundAsAmongAll(t *testing.T) {
	c := start(t, Options{})
	a, b := c.insert("Account", map[string]any{"Name": "A"}), c.insert("Account", map[string]any{"Name": "B"})
	var contacts []string
	for i := range 6 {
		contacts = append(contacts, c.insert("Contact", map[string]any{"LastName": fmt.Sprint("C", i), "AccountId": []any{a, b, nil}[i%3]}))
	}
	update := func(id string, account any) {
		if err := c.org.Update("Contact", id, map[string]any{"AccountId": account}); err != nil {
			t.Fatal(err)
		}
	}
	update(contacts[0], b)
	update(contacts[0], a) // and back
	update(contacts[1], a)
	update(contacts[3], nil)
	if err := c.org.Delete("Contact", contacts[4]); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for _, where := range []string{
			"AccountId = '" + a + "'", "AccountId IN ('" + b + "','" + a + "')", "AccountId = null", "AccountId IN ('','" + b + "')",
			"Id = '" + contacts[5] + "'", "Id IN ('" + contacts[2] + "','" + contacts[0][:15] + "','" + contacts[4] + "','" + a + "')", "Id = '" + a + "'", "Account.Id = '" + a + "'",
		} {
			few, err := c.org.Query("SELECT LastName, AccountId FROM Contact WHERE " + where)
			if err != nil {
				t.Fatal(err)
			}
			all, err := c.org.Query("SELECT LastName, AccountId FROM Contact WHERE " + where + " OR " + where)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(all, few); diff != "" {
				t.Errorf("%s, %s (-among all +found):\n%s", when, where, diff)
			}
		}
	}
	check("at first")
	commit, err := c.org.Uncommitted(func() error {
		update(contacts[2], b)
		update(contacts[0], b)
		c.insert("Contact", map[string]any{"LastName": "Late", "AccountId": a})
		return c.org.Update("Account", a, map[string]any{"Name": "A2"})
	})
	if err != nil {
		t.Fatal(err)
	}
	check("while a change is not committed")
	commit()
	check("once it is")
}
