package survey_test

import (
	"testing"

	"standdown/cmd/standdown/internal/survey"
	"standdown/connectors/salesforce/sandbox"
)

// strange is an org whose words nobody has told the survey, beside much that has
// nothing to do with it.
func strange() sandbox.Options {
	picklist := func(name string, values ...string) sandbox.Field {
		return sandbox.Field{Name: name, Type: sandbox.Picklist, Values: values}
	}
	lookup := func(name, to string) sandbox.Field {
		return sandbox.Field{Name: name, Type: sandbox.Reference, RefersTo: []string{to}}
	}
	field := func(name string, of sandbox.Type) sandbox.Field { return sandbox.Field{Name: name, Type: of} }
	type fields = map[string]sandbox.RenamedField
	acme := sandbox.Acme()
	return sandbox.Options{
		Model: &sandbox.Model{
			Without: acme.Without,
			Objects: map[string]sandbox.RenamedObject{
				"Workflow__c": {Name: "PV_Project__c", Label: "Project", Fields: fields{
					"Contract_Id__c":      {Name: "Contract_Ref__c"},
					"Status__c":           {Name: "Project_Status__c", Values: map[string]string{"Active": "In Progress", "Cancel Pending": "Cancel Requested"}},
					"Product_Model__c":    {Name: "Finance_Type__c", Values: map[string]string{"Regular": "Loan"}},
					"Milestone__c":        {Name: "Gate__c"},
					"Homeowner__c":        {Name: "Signatory__c"},
					"Co_Homeowner__c":     {Name: "Spouse__c"},
					"Installer_Name__c":   {Name: "EPC__c"},
					"Installer_Email__c":  {Name: "EPC_Email__c"},
					"Sales_Rep_Name__c":   {Name: "Closer__c"},
					"Sales_Rep_Email__c":  {Name: "Closer_Email__c"},
					"Contract_Signers__c": {Name: "Signatures__c"},
					"Signed_On__c":        {Name: "Contract_Date__c"},
					"System_Photos__c":    {Name: "Site_Pictures__c", Values: map[string]string{"Uploaded": "On File", "None": "Missing"}},
					"Invoice__c":          {Name: "Vendor_Bill__c", Values: map[string]string{"Uploaded": "On File", "None": "Missing"}},
					"Roof_Clear__c":       {Name: "Roof_Empty__c"},
					"Cancel_Reason__c":    {Name: "Churn_Reason__c", Values: map[string]string{"Changed mind": "Regret", "Financial": "Money", "Moving": "Relocation"}},
				}},
				"Milestone__c": {Name: "Gate__c", Fields: fields{
					"Workflow__c": {Name: "Project__c"},
					"Order__c":    {Name: "Rank__c"},
					"Status__c":   {Name: "Result__c", Values: map[string]string{"Not Submitted": "Open", "Pending Review": "Submitted", "Approved": "Passed", "Rejected": "Failed"}},
				}},
				"Milestone_Review__c": {Name: "Gate_Check__c", Fields: fields{
					"Milestone__c": {Name: "Gate__c"},
					"Status__c":    {Name: "Result__c", Values: map[string]string{"Pending": "To Do", "Approved": "Passed", "Rejected": "Failed"}},
				}},
				"Contact": {Fields: fields{
					"On_Hold__c":             {Name: "Away__c"},
					"On_Hold_Start_Date__c":  {Name: "Away_From__c"},
					"Planned_Return_Date__c": {Name: "Away_Until__c"},
				}},
			},
		},
		Objects: []sandbox.Object{
			{Name: "Invoice_Line__c", Fields: []sandbox.Field{lookup("Project__c", "PV_Project__c"), field("Amount__c", sandbox.Number), picklist("Status__c", "Open", "Paid", "Cancelled")}},
			{Name: "Complaint__c", Fields: []sandbox.Field{lookup("Contact__c", "Contact"), lookup("Project__c", "PV_Project__c"), picklist("Status__c", "New", "Active", "Closed"),
				picklist("Reason__c", "Delay", "Noise", "Other"), field("Start__c", sandbox.DateTime), field("End__c", sandbox.DateTime)}},
			{Name: "Campaign_Visit__c", Fields: []sandbox.Field{lookup("Contact__c", "Contact"), field("When__c", sandbox.DateTime), picklist("Outcome__c", "Sold", "Not Sold")}},
			{Name: "Vehicle__c", Fields: []sandbox.Field{field("Active__c", sandbox.Checkbox), lookup("Driver__c", "Contact"), field("Plate__c", sandbox.Text)}},
		},
	}
}

func TestNothingIsTakenForWhatItIsNotInAStrangeOrg(t *testing.T) {
	options := strange()
	hints := survey.Hints{Presets: []string{"milestone", "skedulo"}, Objects: map[string]string{"workflow": "PV_Project__c"}}
	org, _ := read(t, options, hints)
	p := propose(t, org, hints)
	if found, all := agrees(t, options.Model, p); found < 8 || found == all {
		t.Errorf("%d of %d names were found", found, all)
	}
	if len(p.Undecided()) < 10 {
		t.Errorf("left to people: %v", p.Undecided())
	}
}
