package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnOrgOfSomebodyElseHasTheSameWorkUnderItsOwnNames(t *testing.T) {
	o := New(Options{Model: Acme()})
	s, err := Seed(o, epoch)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := o.Query("SELECT Name, Stage__c, Signed_By__c, Customer__r.Email FROM Deal_Contract__c WHERE Stage__c = 'Pending Cancellation'")
	if err != nil || len(rows) != 1 || rows[0]["Name"] != "W-1052" || rows[0]["Signed_By__c"] != "Installation Partner;Seller" {
		t.Errorf("contracts %v, error %v", rows, err)
	}
	rows, err = o.Query("SELECT Id FROM Visit__c WHERE Client__c = '" + s.Clients["Harold Finch"] + "' AND Visit_Status__c = 'Sent' AND Territory__r.Time_Zone__c = 'America/New_York'")
	if err != nil || len(rows) != 3 {
		t.Errorf("visits %v, error %v", rows, err)
	}
	if rows, err = o.Query("SELECT Id FROM Group WHERE Type = 'Queue'"); err != nil || len(rows) != 0 {
		t.Errorf("queues %v, error %v", rows, err)
	}
	for _, name := range []string{"Workflow__c", "sked__Job__c", "ServiceAppointment", "Assignment__c"} {
		if _, err := o.Query("SELECT Id FROM " + name); err == nil {
			t.Errorf("it has %s", name)
		}
	}
	for object, e := range o.store.schema.byName {
		for _, f := range e.Fields {
			if strings.HasPrefix(f.Name, "Standdown_") {
				t.Errorf("%s has %s", object, f.Name)
			}
		}
	}
}

// writeProject writes the files of a project below a new directory.
func writeProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["sfdx-project.json"] = "{}"
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAProjectAddsItsFieldsAndQueues(t *testing.T) {
	dir := writeProject(t, map[string]string{
		"app/objects/Visit__c/fields/Keeper__c.field-meta.xml": `<CustomField><fullName>Keeper__c</fullName><type>Lookup</type>
			<referenceTo>Caregiver__c</referenceTo><relationshipName>Kept</relationshipName></CustomField>`,
		"app/objects/Case/fields/Standdown_Key__c.field-meta.xml": `<CustomField><fullName>Standdown_Key__c</fullName><type>Text</type>
			<length>64</length><externalId>true</externalId><unique>true</unique></CustomField>`,
		"app/objects/Case/fields/Answer__c.field-meta.xml": `<CustomField><fullName>Answer__c</fullName><type>Picklist</type><valueSet><restricted>true</restricted>
			<valueSetDefinition><value><fullName>Approve</fullName></value><value><fullName>Decline</fullName></value></valueSetDefinition></valueSet></CustomField>`,
		"app/queues/Back_Office.queue-meta.xml":               "<Queue><name>Back Office</name></Queue>",
		"app/permissionsets/Standdown.permissionset-meta.xml": "<PermissionSet/>",
	})
	options := Options{Model: Acme(), State: filepath.Join(t.TempDir(), "org.json")}
	before, fresh, err := Open(options)
	if err != nil || !fresh {
		t.Fatalf("fresh %v, error %v", fresh, err)
	}
	caregiver, err := before.Insert("Caregiver__c", map[string]any{"Name": "Nina"})
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}

	options.Project = dir
	for range 2 { // what is there already is not added twice
		o, fresh, err := Open(options)
		if err != nil || fresh {
			t.Fatalf("fresh %v, error %v", fresh, err)
		}
		if _, err := o.Insert("Visit__c", map[string]any{"Keeper__c": caregiver}); err != nil {
			t.Errorf("a visit with the new lookup: %v", err)
		}
		if _, err := o.Insert("Case", map[string]any{"Answer__c": "Perhaps"}); err == nil {
			t.Error("the new picklist takes any value")
		}
		if f := o.store.schema.entity("Case").field("Standdown_Key__c"); f == nil || !f.Unique || !f.ExternalID || f.Length != 64 {
			t.Errorf("the key is %+v", f)
		}
		if rows, err := o.Query("SELECT Name FROM Group WHERE DeveloperName = 'Back_Office'"); err != nil || len(rows) != 1 || rows[0]["Name"] != "Back Office" {
			t.Errorf("queues %v, error %v", rows, err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProjectThatDoesNotFitIsRefused(t *testing.T) {
	field := func(inner string) string { return "<CustomField>" + inner + "</CustomField>" }
	for name, test := range map[string]struct{ path, text, want string }{
		"an object that is not there": {"objects/Deal__c/fields/A__c.field-meta.xml", field("<fullName>A__c</fullName><type>Text</type>"), "adds fields to Deal__c, which the org does not have"},
		"a lookup to nowhere":         {"objects/Case/fields/A__c.field-meta.xml", field("<fullName>A__c</fullName><type>Lookup</type><referenceTo>B__c</referenceTo>"), "refers to B__c, which the org does not have"},
		"a lookup to nothing":         {"objects/Case/fields/A__c.field-meta.xml", field("<fullName>A__c</fullName><type>Lookup</type>"), "A__c refers to nothing"},
		"a type that is not known":    {"objects/Case/fields/A__c.field-meta.xml", field("<fullName>A__c</fullName><type>Hologram</type>"), `of type "Hologram"`},
		"a standard name":             {"objects/Case/fields/A.field-meta.xml", field("<fullName>A</fullName><type>Text</type>"), `"A" is no name of a custom field`},
		"a file cut off":              {"objects/Case/fields/A__c.field-meta.xml", "<CustomField><fullName>", "A__c.field-meta.xml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Open(Options{Project: writeProject(t, map[string]string{test.path: test.text})})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v; want %q", err, test.want)
			}
		})
	}
	if _, _, err := Open(Options{Project: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "is no Salesforce DX project") {
		t.Errorf("an empty directory: %v", err)
	}
}

func FuzzFieldsOfProjects(f *testing.F) {
	f.Add("<CustomField><fullName>A__c</fullName><type>Text</type></CustomField>")
	f.Add("<CustomField><fullName>A__c</fullName><type>Lookup</type><referenceTo>Case</referenceTo></CustomField>")
	f.Add("<CustomField")
	f.Fuzz(func(t *testing.T, text string) {
		field, err := parseField([]byte(text))
		if err != nil {
			return
		}
		if !field.custom() || field.Type == "" || field.Type == Reference && len(field.RefersTo) == 0 {
			t.Errorf("it was taken for %+v", field)
		}
	})
}
