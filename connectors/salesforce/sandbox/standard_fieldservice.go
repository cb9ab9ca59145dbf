package sandbox

// fieldServiceObjects are those of Salesforce Field Service, as far as visits
// and those who make them are concerned (Field Service Developer Guide, Field
// Service Standard Objects). Fields that begin with Standdown_ are not part of
// it.
func fieldServiceObjects() []Object {
	number := func(name, format string) Field {
		return Field{Name: name, Type: Text, ReadOnly: true, Auto: format}
	}
	must := func(f Field) Field {
		f.Required = true
		return f
	}
	return []Object{
		{Name: "ServiceAppointment", Prefix: "08p", Nameless: true, Fields: join(
			number("AppointmentNumber", "SA-%04d"),
			text("Subject"),
			choice("Status", "None", "Scheduled", "Dispatched", "In Progress", "Cannot Complete", "Completed", "Canceled"),
			fields(DateTime, "EarliestStartTime", "DueDate", "SchedStartTime", "SchedEndTime"),
			Field{Name: "ParentRecordId", Type: Reference, RefersTo: []string{"Account", "WorkOrder"}, Children: "ServiceAppointments", Required: true, CreateOnly: true},
			Field{Name: "AccountId", Type: Reference, RefersTo: []string{"Account"}},
			ref("ContactId", "Contact", "ServiceAppointments"),
			ref("ServiceTerritoryId", "ServiceTerritory", "ServiceAppointments"),
			choice("Standdown_Abort_Reason__c", "Customer on Hold", "Customer No Show"),
			ref("Standdown_Resource__c", "ServiceResource", "Held_Visits__r"))},
		{Name: "AssignedResource", Prefix: "03r", Nameless: true, Fields: join(
			number("AssignedResourceNumber", "AR-%04d"),
			Field{Name: "ServiceAppointmentId", Type: Reference, RefersTo: []string{"ServiceAppointment"}, Children: "ServiceResources", Required: true, CreateOnly: true},
			must(ref("ServiceResourceId", "ServiceResource", "ServiceAppointments")),
			standdownKey())},
		{Name: "ServiceResource", Prefix: "0Hn", Fields: join(
			Field{Name: "IsActive", Type: Checkbox},
			choice("ResourceType", "T", "D"))},
		{Name: "ServiceTerritory", Prefix: "0Hh", Fields: join(
			Field{Name: "IsActive", Type: Checkbox},
			must(ref("OperatingHoursId", "OperatingHours", "ServiceTerritories")))},
		{Name: "OperatingHours", Prefix: "0OH", Fields: text("TimeZone")},
		{Name: "ServiceTerritoryMember", Prefix: "0Hu", Nameless: true, Fields: join(
			number("MemberNumber", "STM-%04d"),
			must(ref("ServiceResourceId", "ServiceResource", "ServiceTerritories")),
			must(ref("ServiceTerritoryId", "ServiceTerritory", "ServiceResources")),
			choice("TerritoryType", "P", "S", "R"),
			must(Field{Name: "EffectiveStartDate", Type: DateTime}),
			Field{Name: "EffectiveEndDate", Type: DateTime})},
		{Name: "ResourceAbsence", Prefix: "0Hy", Nameless: true, Fields: join(
			number("AbsenceNumber", "RA-%04d"),
			must(ref("ResourceId", "ServiceResource", "ServiceResourceAbsences")),
			must(Field{Name: "Start", Type: DateTime}),
			must(Field{Name: "End", Type: DateTime}),
			choice("Type", "Meeting", "Training", "Medical", "Vacation"))},
		{Name: "ResourcePreference", Prefix: "0Hv", Nameless: true, Fields: join(
			number("ResourcePreferenceNumber", "RP-%04d"),
			Field{Name: "RelatedRecordId", Type: Reference, RefersTo: []string{"Account", "Location", "WorkOrder"}, Children: "ResourcePreferences", Required: true, CreateOnly: true},
			must(ref("ServiceResourceId", "ServiceResource", "ResourcePreferences")),
			choice("PreferenceType", "Preferred", "Required", "Excluded"))},
		{Name: "WorkOrder", Prefix: "0WO", Nameless: true, Fields: join(
			number("WorkOrderNumber", "%08d"),
			text("Subject"),
			ref("AccountId", "Account", "WorkOrders"),
			ref("ContactId", "Contact", "WorkOrders"),
			ref("LocationId", "Location", "WorkOrders"))},
		{Name: "Location", Prefix: "131", Fields: text("TimeZone")},
	}
}
