package sandbox

// interpretingObjects are those of an agency that sends interpreters to its
// customers.
func interpretingObjects() []Object {
	terms := fields(Number, "Cancellation_Window_Hours__c", "Minimum_Minutes__c")
	return []Object{
		{Name: "Interpreter__c", Fields: terms},
		{Name: "Assignment__c", Fields: join(
			choice("Status__c", "Unfilled", "Offered", "Filled", "Confirmed", "In Progress", "Completed", "Cancelled"),
			fields(DateTime, "Start__c", "End__c", "Cancelled_At__c"),
			text("Series__c", "Cancel_Requested_By__c", "Cancelled_By__c", "Waived_By__c"),
			ref("Account__c", "Account", "Assignments__r"),
			fields(Checkbox, "Invoiced__c", "Waive_Billing__c"),
			choice("Cancellation_Request__c", "Cancel this occurrence", "Cancel whole series", "Un-cancel"))},
		{Name: "Assignment_Interpreter__c", Fields: join(
			Field{Name: "Name", Type: Text, Length: 80, Auto: "AI-%04d"},
			ref("Assignment__c", "Assignment__c", "Assignment_Interpreters__r"),
			ref("Interpreter__c", "Interpreter__c", "Assignment_Interpreters__r"),
			choice("Status__c", "Assigned", "Released"))},
		{Name: "Billing_Decision__c", Fields: join(
			Field{Name: "Name", Type: Text, Length: 80, Auto: "BD-%04d"},
			ref("Assignment__c", "Assignment__c", "Billing_Decisions__r"),
			choice("Status__c", "Pending Review", "Not Billable", "Waived", "Voided", "Approved", "Invoiced"),
			fields(Number, "Charge_Minutes__c", "Payout_Minutes__c", "Travel__c", "Mileage__c", "Expenses__c"),
			Field{Name: "Details__c", Type: LongText},
			text("Waived_By__c"),
			standdownKey())},
	}
}
