package sandbox

// opsObjects are the blocks of crews' calendars and what they are set for.
func opsObjects() []Object {
	return []Object{
		{Name: "Ops_Block__c", Fields: join(
			Field{Name: "Name", Type: Text, Length: 80, Auto: "B-%04d"},
			choice("State__c", "Open", "Set", "Confirmed", "Confirmed and Issued", "Completed", "Cancelling", "Canceled"),
			choice("Block_Type__c", "Install", "Delivery", "Revenue Service", "Go Back", "Warranty", "Site Visit", "Measure"),
			fields(DateTime, "Block_Start__c", "Block_End__c", "Event_Time__c"),
			choice("Reset_Service__c", "Yes", "No"),
			text("Cancel_Reason__c", "Cancel_Notes__c"),
			ref("Ops_Job__c", "Ops_Job__c", "Ops_Blocks__r"),
			ref("Shipping_Ticket__c", "Shipping_Ticket__c", "Ops_Blocks__r"),
			ref("Contact__c", "Contact", "Ops_Blocks__r"),
			ref("Sale__c", "Sale__c", "Ops_Blocks__r"))},
		{Name: "Ops_Job__c", Fields: join(
			choice("State__c", "Ready for Site Visit", "Completed Site Visit", "Approved to Proceed", "Install Scheduled", "Pre-Call Completed",
				"Install in Progress", "Install Complete-Pending", "Install Complete-Final", "Job Closed"))},
		{Name: "Shipping_Ticket__c", Fields: join(
			choice("State__c", "Ready to Schedule", "Scheduled", "Delivered"))},
		{Name: "Sale__c", Fields: join(
			choice("State__c", "New", "Not Approved", "Approved", "Job in Progress", "Service Canceled", "Canceled", "Canceled with Balance"))},
	}
}
