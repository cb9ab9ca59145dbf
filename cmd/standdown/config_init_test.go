package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"standdown/connectors/salesforce/sandbox"
)

// initFrom runs config init on an org of a model, in a directory of its own.
func initFrom(t *testing.T, model *sandbox.Model, more ...string) (code int, said string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("SALESFORCE_CLIENT_ID", "sandbox")
	t.Setenv("SALESFORCE_CLIENT_SECRET", "secret")
	org := sandbox.New(sandbox.Options{Model: model})
	url, err := org.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { org.Close() })
	var out strings.Builder
	code = run(t.Context(), append([]string{"config", "init", "--org-url", url, "--from-org"}, more...), strings.NewReader(""), &out, &out)
	return code, out.String()
}

func TestAnOrgLikeNothingThatIsKnownIsToldToBeSo(t *testing.T) {
	acme := sandbox.Acme()
	bare := &sandbox.Model{Without: slices.Clone(acme.Without)}
	for name := range acme.Objects {
		if name != "Contact" {
			bare.Without = append(bare.Without, name)
		}
	}
	code, said := initFrom(t, bare)
	if code != exitFailed || !strings.Contains(said, "nothing in http://127.0.0.1") || !strings.Contains(said, "workflow.object: not found") || !strings.Contains(said, "--object workflow=Deal__c") {
		t.Errorf("exit code %d, said\n%s", code, said)
	}
	if _, err := os.Stat("standdown.yaml"); err == nil {
		t.Error("a configuration was written")
	}
}

func TestWhatSomebodyKnowsOfTheOrgIsTaken(t *testing.T) {
	if code, said := initFrom(t, sandbox.Acme(), "--object", "workflow=Visit__c"); code != exitDone {
		t.Fatalf("exit code %d, said\n%s", code, said)
	}
	text, err := os.ReadFile("standdown.yaml")
	if err != nil || !strings.Contains(string(text), "object: Visit__c # 100 %: as you said") {
		t.Errorf("error %v, the configuration is\n%s", err, text)
	}
	if code, said := initFrom(t, sandbox.Acme(), "--object", "wrkflow=Visit__c"); code != exitWrong || !strings.Contains(said, `nothing is called "wrkflow" in the mapping; there are absence, account_block`) {
		t.Errorf("exit code %d, said\n%s", code, said)
	}
	if code, said := initFrom(t, sandbox.Acme(), "--object", "workflow=Visit_c"); code != exitWrong || !strings.Contains(said, `there is no object "Visit_c" for workflow in the org`) {
		t.Errorf("exit code %d, said\n%s", code, said)
	}
}
