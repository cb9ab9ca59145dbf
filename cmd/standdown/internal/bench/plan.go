package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"standdown/connectors/salesforce/sandbox"
)

// plan is W11: of an org in which every job's block is being called off.
func plan(ctx context.Context, b *Bench) error {
	n := b.either(300, 50_000)
	kase := b.newCase("W11", fmt.Sprintf("%s jobs, each with a change to plan", number(float64(n))),
		Figure{Name: "wall", Unit: "s", Target: atMost(10)}, Figure{Name: "writes", Floor: new(0.0), Target: atMost(0)},
		Figure{Name: "memory", Unit: "MB at most", Target: atMost(150)}, Figure{Name: "calls"}, Figure{Name: "cpu", Unit: "s"})
	org, err := calledOff(n)
	if err != nil {
		return err
	}
	door, err := openDoor(org.Handler(), nil)
	if err != nil {
		return err
	}
	defer door.Close()
	return b.measure(ctx, kase, Ours, func(context.Context) (s Sample, err error) {
		file, journal, err := b.configured(fmt.Sprintf(`
salesforce: {url: "http://%s", auth: {method: client_credentials, client_id: sandbox, client_secret: secret}}
mapping: {presets: [ops]}
`, door.Address))
		if err != nil {
			return s, err
		}
		saved := journal + ".plan"
		door.Forget()
		u, err := Measure(ctx, exec.Command(b.Program, "plan", "--config", file, "--out", saved))
		if err != nil {
			return s, err
		}
		seen := door.Seen()
		s.Values = map[string]float64{"wall": u.Wall.Seconds(), "writes": 0, "calls": float64(seen.All())}
		u.values(s.Values)
		if seen.Writes > 0 {
			s.Wrong = append(s.Wrong, fmt.Sprintf("%d calls wrote", seen.Writes))
		}
		changes, err := changesIn(saved)
		if changes < n {
			s.Wrong = append(s.Wrong, fmt.Sprintf("%d changes in the plan, want one for each of %d blocks at least", changes, n))
		}
		return s, err
	})
}

// changesIn is how many changes a saved plan has.
func changesIn(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var saved struct{ Totals struct{ Changes int } }
	err = json.Unmarshal(text, &saved)
	return saved.Totals.Changes, err
}

// calledOff is an org with jobs whose blocks are being cancelled.
func calledOff(n int) (*sandbox.Org, error) {
	org := sandbox.New(sandbox.Options{DailyLimit: 100_000_000})
	var failed error
	add := func(object string, fields map[string]any) string {
		id, err := org.Insert(object, fields)
		failed = errors.Join(failed, err)
		return id
	}
	add("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})
	start := time.Now().AddDate(0, 0, 7)
	for i := range n {
		job := add("Ops_Job__c", map[string]any{"Name": fmt.Sprint("J-", i), "State__c": "Install Scheduled"})
		add("Ops_Block__c", map[string]any{
			"Name": fmt.Sprint("B-", i), "Block_Type__c": "Install", "State__c": "Cancelling", "Ops_Job__c": job,
			"Block_Start__c": start, "Block_End__c": start.Add(8 * time.Hour),
		})
		if failed != nil {
			return nil, failed
		}
	}
	return org, failed
}
