package sandbox

import "slices"

// Standard returns the objects every sandbox org has: the usual ones of
// Salesforce, those of milestone workflows, those of a scheduling package with
// the sked__ prefix, those of ops blocks, those of an interpreting agency,
// and those of Field Service.
// The caller owns the result.
func Standard() []Object {
	return slices.Concat(coreObjects(), approvalObjects(), emailObjects(), milestoneObjects(), skedObjects(), opsObjects(), interpretingObjects(), fieldServiceObjects())
}

func ref(name, target, children string) Field {
	return Field{Name: name, Type: Reference, RefersTo: []string{target}, Children: children}
}

func choice(name string, values ...string) Field {
	return Field{Name: name, Type: Picklist, Values: values, Restricted: true}
}

func text(names ...string) []Field { return fields(Text, names...) }

func fields(t Type, names ...string) []Field {
	list := make([]Field, len(names))
	for i, n := range names {
		list[i] = Field{Name: n, Type: t}
	}
	return list
}

// join flattens single fields and lists of fields into one list.
func join(parts ...any) []Field {
	var list []Field
	for _, p := range parts {
		switch p := p.(type) {
		case Field:
			list = append(list, p)
		case []Field:
			list = append(list, p...)
		}
	}
	return list
}

// standdownKey is the field that makes creation repeatable without doubles.
func standdownKey() Field {
	return Field{Name: "Standdown_Key__c", Type: Text, Length: 64, ExternalID: true, Unique: true}
}

// masterRecord is the field of a record that was merged into another.
func masterRecord(object string) Field {
	return Field{Name: "MasterRecordId", Type: Reference, RefersTo: []string{object}, ReadOnly: true}
}

func coreObjects() []Object {
	return []Object{
		{Name: "Organization", Prefix: "00D", Fields: join(
			Field{Name: "Name", Type: Text, Required: true},
			text("InstanceName", "NamespacePrefix", "OrganizationType", "LanguageLocaleKey"),
			Field{Name: "IsSandbox", Type: Checkbox},
			Field{Name: "TrialExpirationDate", Type: DateTime})},
		{Name: "User", Prefix: "005", Person: true, Fields: join(
			Field{Name: "FirstName", Type: Text, Length: 40},
			Field{Name: "LastName", Type: Text, Length: 80, Required: true},
			Field{Name: "Username", Type: Text, Length: 80, Required: true, Unique: true},
			Field{Name: "Email", Type: Email, Length: 128, Required: true},
			Field{Name: "IsActive", Type: Checkbox},
			Field{Name: "TimeZoneSidKey", Type: Text, Length: 40})},
		{Name: "Group", Prefix: "00G", Fields: join(
			Field{Name: "Name", Type: Text, Length: 40, Required: true},
			Field{Name: "DeveloperName", Type: Text, Length: 80},
			choice("Type", "Queue", "Regular", "Role"),
			Field{Name: "Email", Type: Email})},
		{Name: "Account", Prefix: "001", Fields: join(
			Field{Name: "Name", Type: Text, Required: true},
			Field{Name: "Phone", Type: Phone},
			fields(Number, "Cancellation_Window_Hours__c", "Minimum_Minutes__c"),
			masterRecord("Account"))},
		{Name: "Contact", Prefix: "003", Person: true, Fields: join(
			Field{Name: "FirstName", Type: Text, Length: 40},
			Field{Name: "LastName", Type: Text, Length: 80, Required: true},
			Field{Name: "Email", Type: Email},
			Field{Name: "Phone", Type: Phone},
			ref("AccountId", "Account", "Contacts"),
			Field{Name: "On_Hold__c", Type: Checkbox},
			fields(Date, "On_Hold_Start_Date__c", "Planned_Return_Date__c"),
			Field{Name: "Standdown_On_Hold__c", Type: Checkbox},
			fields(Date, "Standdown_Hold_Start__c", "Standdown_Hold_Return__c"),
			choice("Service_State__c", "Sold", "Service in Progress", "Rest"),
			masterRecord("Contact"))},
		{Name: "Case", Prefix: "500", Nameless: true, Fields: join(
			Field{Name: "CaseNumber", Type: Text, Length: 30, ReadOnly: true, Auto: "%08d"},
			Field{Name: "Subject", Type: Text},
			Field{Name: "Description", Type: LongText},
			choice("Status", "New", "Working", "Closed"),
			Field{Name: "Priority", Type: Picklist, Values: []string{"High", "Medium", "Low"}},
			Field{Name: "Origin", Type: Picklist, Values: []string{"Phone", "Email", "Web"}},
			Field{Name: "OwnerId", Type: Reference, RefersTo: []string{"User", "Group"}},
			ref("ContactId", "Contact", "Cases"),
			Field{Name: "Request_Type__c", Type: Text, Length: 80},
			ref("Workflow__c", "Workflow__c", "Cases__r"),
			ref("Assignment__c", "Assignment__c", "Cases__r"),
			ref("Ops_Block__c", "Ops_Block__c", "Cases__r"),
			choice("Standdown_Answer__c", "Approve", "Decline", "Restore", "Un-cancel", "Waive"),
			text("Standdown_Reason__c"),
			standdownKey())},
		{Name: "FeedItem", Prefix: "0D5", Nameless: true, Fields: join(
			Field{Name: "ParentId", Type: Reference, Required: true, CreateOnly: true},
			Field{Name: "Body", Type: LongText, Length: 10000, Required: true},
			choice("Type", "TextPost", "LinkPost", "ContentPost", "TrackedChange"),
			Field{Name: "IsRichText", Type: Checkbox})},
		{Name: "Event", Prefix: "00U", Nameless: true, Fields: join(
			Field{Name: "Subject", Type: Text},
			Field{Name: "Description", Type: LongText},
			fields(DateTime, "StartDateTime", "EndDateTime"),
			Field{Name: "DurationInMinutes", Type: Number},
			Field{Name: "IsAllDayEvent", Type: Checkbox},
			Field{Name: "IsArchived", Type: Checkbox, ReadOnly: true},
			Field{Name: "OwnerId", Type: Reference, RefersTo: []string{"User"}},
			ref("WhoId", "Contact", "Events"),
			Field{Name: "WhatId", Type: Reference})},
	}
}

func milestoneObjects() []Object {
	return []Object{
		{Name: "Workflow__c", Fields: join(
			Field{Name: "Contract_Id__c", Type: Text, ExternalID: true, Unique: true},
			choice("Status__c", "Active", "Cancel Pending", "Cancelled"),
			choice("Product_Model__c", "Regular", "Direct Pay"),
			text("Product__c"),
			choice("Milestone__c", "M1", "M1A", "M1B", "M2", "M3"),
			ref("Homeowner__c", "Contact", "Workflows__r"),
			ref("Co_Homeowner__c", "Contact", "Co_Workflows__r"),
			text("Installer_Name__c"), fields(Email, "Installer_Email__c"),
			text("Sales_Rep_Name__c"), fields(Email, "Sales_Rep_Email__c"),
			Field{Name: "Contract_Signers__c", Type: MultiPicklist, Values: []string{"Installer", "Sales Rep"}, Restricted: true},
			fields(Date, "Signed_On__c"),
			choice("System_Photos__c", "Uploaded", "None"),
			choice("Invoice__c", "Uploaded", "None"),
			choice("Roof_Clear__c", "Yes", "No"),
			choice("Cancel_Reason__c", "Changed mind", "Financial", "Moving", "Found another offer", "Delay", "Homeowner request", "Other"),
			choice("Restore_Block__c", "Milestone aged", "Utility bill overdue", "Welcome call failed"))},
		{Name: "Milestone__c", Fields: join(
			ref("Workflow__c", "Workflow__c", "Milestones__r"),
			Field{Name: "Order__c", Type: Number},
			choice("Status__c", "Not Submitted", "Pending Review", "Approved", "Rejected"))},
		{Name: "Milestone_Review__c", Fields: join(
			ref("Milestone__c", "Milestone__c", "Milestone_Reviews__r"),
			choice("Status__c", "Pending", "Approved", "Rejected"))},
		{Name: "Case_Assignment__c", Fields: join(
			Field{Name: "Name", Type: Text, Length: 80, Auto: "CA-%04d"},
			ref("Case__c", "Case", "Case_Assignments__r"),
			ref("Workflow__c", "Workflow__c", "Case_Assignments__r"),
			text("Team__c", "Referral_Reason__c"),
			Field{Name: "Referral_Comments__c", Type: LongText, Length: 1000},
			choice("Decision__c", "Approved", "Declined"),
			standdownKey())},
	}
}

func skedObjects() []Object {
	return []Object{
		{Name: "sked__Job__c", Fields: join(
			Field{Name: "Name", Type: Text, Length: 80, Auto: "JOB-%04d"},
			choice("sked__Job_Status__c", "Queued", "Pending Allocation", "Pending Dispatch", "Dispatched", "Ready", "En Route", "On Site", "In Progress", "Complete", "Cancelled"),
			choice("sked__Abort_Reason__c", "Customer no show", "Cancelled by customer", "Appointment missed", "Customer on Hold"),
			fields(DateTime, "sked__Start__c", "sked__Finish__c"),
			text("sked__Timezone__c"),
			ref("sked__Region__c", "sked__Region__c", "sked__Jobs__r"),
			ref("sked__Account__c", "Account", "sked__Jobs__r"),
			ref("sked__Contact__c", "Contact", "sked__Jobs__r"),
			ref("sked__Location__c", "sked__Location__c", "sked__Jobs__r"),
			Field{Name: "sked__Quantity__c", Type: Number},
			ref("Hold_Resource__c", "sked__Resource__c", "Hold_Jobs__r"))},
		{Name: "sked__Job_Allocation__c", Fields: join(
			Field{Name: "Name", Type: Text, Length: 80, Auto: "JA-%04d"},
			ref("sked__Job__c", "sked__Job__c", "sked__Job_Allocations__r"),
			ref("sked__Resource__c", "sked__Resource__c", "sked__Job_Allocations__r"),
			choice("sked__Status__c", "Pending Dispatch", "Dispatched", "Confirmed", "En Route", "Checked In", "In Progress", "Complete", "Declined", "Deleted"),
			standdownKey())},
		{Name: "sked__Resource__c", Fields: join(
			Field{Name: "sked__Is_Active__c", Type: Checkbox},
			ref("sked__Primary_Region__c", "sked__Region__c", "sked__Resources__r"))},
		{Name: "sked__Resource_Region__c", Fields: join(
			ref("sked__Resource__c", "sked__Resource__c", "sked__Resource_Regions__r"),
			ref("sked__Region__c", "sked__Region__c", "sked__Resource_Regions__r"))},
		{Name: "sked__Region__c", Fields: text("sked__Timezone__c")},
		{Name: "sked__Location__c"},
		{Name: "sked__Availability__c", Fields: join(
			ref("sked__Resource__c", "sked__Resource__c", "sked__Availabilities__r"),
			fields(DateTime, "sked__Start__c", "sked__Finish__c"),
			Field{Name: "sked__Is_Available__c", Type: Checkbox},
			choice("sked__Status__c", "Pending", "Approved", "Declined"))},
		{Name: "sked__Activity__c", Fields: join(
			ref("sked__Resource__c", "sked__Resource__c", "sked__Activities__r"),
			fields(DateTime, "sked__Start__c", "sked__End__c"))},
		{Name: "sked__Account_Resource_Score__c", Fields: join(
			ref("sked__Account__c", "Account", "sked__Account_Resource_Scores__r"),
			ref("sked__Resource__c", "sked__Resource__c", "sked__Account_Resource_Scores__r"),
			Field{Name: "sked__Blacklisted__c", Type: Checkbox})},
		{Name: "sked__Location_Resource_Score__c", Fields: join(
			ref("sked__Location__c", "sked__Location__c", "sked__Location_Resource_Scores__r"),
			ref("sked__Resource__c", "sked__Resource__c", "sked__Location_Resource_Scores__r"),
			Field{Name: "sked__Blacklisted__c", Type: Checkbox})},
	}
}
