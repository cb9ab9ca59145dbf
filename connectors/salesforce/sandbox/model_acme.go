package sandbox

// Acme is the model of a company that sells solar systems and cares for people
// at home, with names of its own for everything, and nothing of Standdown's.
func Acme() *Model {
	return &Model{
		Objects: map[string]RenamedObject{
			"Workflow__c": {Name: "Deal_Contract__c", Fields: map[string]RenamedField{
				"Contract_Id__c":      {Name: "Agreement_Number__c"},
				"Status__c":           {Name: "Stage__c", Values: map[string]string{"Active": "Live", "Cancel Pending": "Pending Cancellation", "Cancelled": "Terminated"}},
				"Product_Model__c":    {Name: "Billing_Model__c", Values: map[string]string{"Regular": "Standard", "Direct Pay": "Direct Payment"}},
				"Milestone__c":        {Name: "Current_Step__c"},
				"Homeowner__c":        {Name: "Customer__c"},
				"Co_Homeowner__c":     {Name: "Second_Customer__c"},
				"Installer_Name__c":   {Name: "Partner__c", Label: "Installation Partner"},
				"Installer_Email__c":  {Name: "Partner_Mail__c", Label: "Installation Partner Email"},
				"Sales_Rep_Name__c":   {Name: "Seller__c"},
				"Sales_Rep_Email__c":  {Name: "Seller_Email__c"},
				"Contract_Signers__c": {Name: "Signed_By__c", Values: map[string]string{"Installer": "Installation Partner", "Sales Rep": "Seller"}},
				"Signed_On__c":        {Name: "Signature_Date__c"},
				"System_Photos__c":    {Name: "Site_Documents__c", Values: received},
				"Invoice__c":          {Name: "Equipment_Invoice__c", Values: received},
				"Roof_Clear__c":       {Name: "X17__c", Label: "Roof is Clear"},
				"Cancel_Reason__c": {Name: "Termination_Reason__c", Values: map[string]string{"Changed mind": "Changed their mind", "Financial": "Financial reasons",
					"Found another offer": "Better offer", "Homeowner request": "Customer request"}},
				"Restore_Block__c": {Name: "Reinstatement_Stop__c"},
			}},
			"Milestone__c": {Name: "Deal_Step__c", Fields: map[string]RenamedField{
				"Workflow__c": {Name: "Deal_Contract__c"},
				"Order__c":    {Name: "Sequence__c"},
				"Status__c":   {Name: "Step_Status__c", Values: map[string]string{"Not Submitted": "Draft", "Pending Review": "In Review", "Rejected": "Sent Back"}},
			}},
			"Milestone_Review__c": {Name: "Step_Review__c", Fields: map[string]RenamedField{
				"Milestone__c": {Name: "Deal_Step__c"},
				"Status__c":    {Name: "Outcome__c", Values: map[string]string{"Pending": "Waiting", "Rejected": "Sent Back"}},
			}},
			"Case_Assignment__c": {Name: "Team_Handover__c", Fields: map[string]RenamedField{
				"Workflow__c":          {Name: "Deal_Contract__c"},
				"Team__c":              {Name: "Assigned_Team__c"},
				"Referral_Reason__c":   {Name: "Reason__c"},
				"Referral_Comments__c": {Name: "Notes__c"},
				"Decision__c":          {Name: "Verdict__c", Values: map[string]string{"Declined": "Refused"}},
			}},
			"Contact": {Fields: map[string]RenamedField{
				"On_Hold__c":             {Name: "Service_Paused__c"},
				"On_Hold_Start_Date__c":  {Name: "Pause_Begins__c"},
				"Planned_Return_Date__c": {Name: "Back_On__c", Label: "Expected Return"},
			}},

			"sked__Job__c": {Name: "Visit__c", Fields: map[string]RenamedField{
				"sked__Job_Status__c": {Name: "Visit_Status__c", Values: map[string]string{"Queued": "Unscheduled", "Pending Allocation": "Unassigned", "Pending Dispatch": "Assigned",
					"Dispatched": "Sent", "Ready": "Accepted", "En Route": "On the Way", "On Site": "Arrived", "Complete": "Completed", "Cancelled": "Canceled"}},
				"sked__Abort_Reason__c": {Name: "Cancellation_Reason__c", Values: map[string]string{"Customer no show": "No Show", "Cancelled by customer": "Client canceled",
					"Appointment missed": "Missed", "Customer on Hold": "Client on Hold"}},
				"sked__Start__c":    {Name: "Starts_At__c"},
				"sked__Finish__c":   {Name: "Ends_At__c"},
				"sked__Timezone__c": {Name: "Time_Zone__c"},
				"sked__Region__c":   {Name: "Territory__c"},
				"sked__Account__c":  {Name: "Household__c"},
				"sked__Contact__c":  {Name: "Client__c"},
				"sked__Location__c": {Name: "Service_Address__c"},
				"sked__Quantity__c": {Name: "Fee__c"},
			}},
			"sked__Job_Allocation__c": {Name: "Visit_Assignment__c", Fields: map[string]RenamedField{
				"sked__Job__c":      {Name: "Visit__c"},
				"sked__Resource__c": {Name: "Caregiver__c"},
				"sked__Status__c": {Name: "State__c", Values: map[string]string{"Pending Dispatch": "Assigned", "Dispatched": "Sent", "Confirmed": "Accepted", "En Route": "On the Way",
					"Checked In": "Arrived", "Complete": "Completed", "Declined": "Refused", "Deleted": "Removed"}},
			}},
			"sked__Resource__c": {Name: "Caregiver__c", Fields: map[string]RenamedField{
				"sked__Is_Active__c":      {Name: "Active__c"},
				"sked__Primary_Region__c": {Name: "Home_Territory__c"},
			}},
			"sked__Resource_Region__c": {Name: "Caregiver_Territory__c", Fields: map[string]RenamedField{
				"sked__Resource__c": {Name: "Caregiver__c"},
				"sked__Region__c":   {Name: "Territory__c"},
			}},
			"sked__Region__c":   {Name: "Territory__c", Fields: map[string]RenamedField{"sked__Timezone__c": {Name: "Time_Zone__c"}}},
			"sked__Location__c": {Name: "Service_Address__c"},
			"sked__Availability__c": {Name: "Caregiver_Absence__c", Fields: map[string]RenamedField{
				"sked__Resource__c": {Name: "Caregiver__c"},
				"sked__Start__c":    {Name: "From__c"},
				"sked__Finish__c":   {Name: "Until__c"},
				"sked__Status__c":   {Name: "Approval__c", Values: map[string]string{"Pending": "Requested", "Declined": "Refused"}},
			}},
			"sked__Account_Resource_Score__c": {Name: "Caregiver_Exclusion__c", Fields: map[string]RenamedField{
				"sked__Account__c":     {Name: "Household__c"},
				"sked__Resource__c":    {Name: "Caregiver__c"},
				"sked__Blacklisted__c": {Name: "Excluded__c"},
			}},
		},
		Without: []string{
			"Case.Workflow__c", "Case.Request_Type__c", "Contact.Service_State__c", "Account.Cancellation_Window_Hours__c", "Account.Minimum_Minutes__c",
			"sked__Job__c.Hold_Resource__c", "sked__Availability__c.sked__Is_Available__c", "sked__Activity__c", "sked__Location_Resource_Score__c",
			"Ops_Block__c", "Ops_Job__c", "Shipping_Ticket__c", "Sale__c",
			"Interpreter__c", "Assignment__c", "Assignment_Interpreter__c", "Billing_Decision__c",
			"ServiceAppointment", "AssignedResource", "ServiceResource", "ServiceTerritory", "OperatingHours", "ServiceTerritoryMember", "ResourceAbsence",
			"ResourcePreference", "WorkOrder", "Location",
		},
	}
}

var received = map[string]string{"Uploaded": "Received", "None": "Outstanding"}
