package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/store/bygone"
	"standdown/connectors/salesforce/sandbox"
)

// history is S1: the same mails, with journals of more and more decisions.
func history(ctx context.Context, b *Bench) error {
	sizes := []int{1000, 10_000, 100_000, 1_000_000}
	if b.Small {
		sizes = []int{1000, 5000}
	}
	name := func(n int) string { return "with " + number(float64(n)) }
	least := name(sizes[0])
	kase := b.newCase("S1", fmt.Sprintf("one by one, %s decisions in the journal", number(float64(sizes[len(sizes)-1]))),
		Figure{Name: "cpu", Unit: "ms a mail", Target: atMostTimes(1.5, least)}, Figure{Name: "p50", Unit: "ms", Target: atMostTimes(1.5, least)}, Figure{Name: "p99", Unit: "ms"},
		Figure{Name: "memory", Unit: "MB at most"},
		Figure{Name: "decisions", Unit: "in the journal at first"})
	for i, n := range sizes {
		who := name(n)
		if i == len(sizes)-1 {
			who = Ours
		}
		err := b.measure(ctx, kase, who, func(ctx context.Context) (Sample, error) { return b.withHistory(ctx, n) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) withHistory(ctx context.Context, decisions int) (s Sample, err error) {
	mails := b.either(10, 100)
	c, err := b.crowd(ctx, mails, false)
	if err != nil {
		return s, err
	}
	defer c.Close()
	defer os.RemoveAll(c.Dir) // it is large
	if err := errors.Join(c.Configure(Recommended()), age(ctx, c.journalFile(), decisions)); err != nil {
		return s, err
	}
	journal, err := c.serving(ctx, b.Program)
	if err != nil {
		return s, err
	}
	_, before, _ := resident(c.daemon.cmd.Process.Pid)
	if s.Values, err = dripping(mails)(ctx, c); err != nil {
		return s, c.because(err)
	}
	err = stage.Until(ctx, "all is done", func() (bool, error) { return c.Settled(ctx, journal, mails) })
	_, after, _ := resident(c.daemon.cmd.Process.Pid)
	err = errors.Join(err, c.drained(ctx, journal, mails, &s))
	s.Values["decisions"] = float64(decisions)
	s.Values["cpu"] = (after - before).Seconds() * 1000 / float64(mails)
	return s, err
}

// age makes a journal with a past.
func age(ctx context.Context, file string, decisions int) (err error) {
	journal, err := store.Open(ctx, file)
	if err != nil {
		return err
	}
	if err := journal.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	for _, set := range []string{`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`} { // nobody needs it if this fails
		if _, err := db.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	if err := bygone.Fill(ctx, db, false, decisions, time.Now().AddDate(0, 0, -1)); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil {
		return err
	}
	// Else the disk is busy with it for minutes, and everybody waits for the disk.
	written, err := os.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(written.Sync(), written.Close())
}

// bigHold is S2.
func bigHold(ctx context.Context, b *Bench) error {
	visits := b.either(300, 50_000)
	kase := b.newCase("S2", fmt.Sprintf("%s visits, an allocation each", number(float64(visits))),
		Figure{Name: "wall", Unit: "s from the first read to the last write"}, Figure{Name: "calls"}, Figure{Name: "memory", Unit: "MB at most"}, Figure{Name: "cpu", Unit: "s"})
	return b.measure(ctx, kase, Ours, func(ctx context.Context) (s Sample, err error) {
		org, client, err := busyClient(visits)
		if err != nil {
			return s, err
		}
		door, err := openDoor(org.Handler(), nil)
		if err != nil {
			return s, err
		}
		defer door.Close()
		file, name, err := b.configured(fmt.Sprintf(`
salesforce: {url: "http://%s", auth: {method: client_credentials, client_id: sandbox, client_secret: secret}, poll: "@every 1s", write_guard: checked}
mapping: {presets: [skedulo]}
rules: {on_hold: {default_zone: UTC}}
ceilings: {run: {records: 0, percent: 0}, rule: {records: 0, percent: 0}, customer: {records: 0}}
web: {listen: ""}
`, door.Address))
		if err != nil {
			return s, err
		}
		u, err := b.during(ctx, file, name, func(journal *store.Store) error {
			if err := baseline(ctx, journal, "salesforce"); err != nil {
				return err
			}
			door.Forget()
			today := time.Now().UTC()
			err := org.Update("Contact", client, map[string]any{
				"On_Hold__c": true, "On_Hold_Start_Date__c": today.Format(time.DateOnly), "Planned_Return_Date__c": today.AddDate(1, 0, 0).Format(time.DateOnly)})
			return errors.Join(err, stage.Until(ctx, "the hold is carried out", func() (bool, error) {
				if door.Seen().Writes == 0 {
					return false, nil
				}
				return journal.Quiet(ctx)
			}))
		})
		if err != nil {
			return s, err
		}
		s.Values = map[string]float64{"wall": door.Writing().Seconds(), "calls": float64(door.Seen().All())}
		u.values(s.Values)
		s.Wrong = notHeld(org, visits)
		return s, nil
	})
}

// busyClient is an org with a client who has visits on each day to
// come, beginning soon, and a worker for all of them.
func busyClient(visits int) (org *sandbox.Org, client string, err error) {
	org = sandbox.New(sandbox.Options{DailyLimit: 100_000_000})
	add := func(object string, fields map[string]any) string {
		id, failed := org.Insert(object, fields)
		err = errors.Join(err, failed)
		return id
	}
	add("Group", map[string]any{"Name": "Back Office", "DeveloperName": "Back_Office", "Type": "Queue"})
	region := add("sked__Region__c", map[string]any{"Name": "Everywhere", "sked__Timezone__c": "UTC"})
	resource := add("sked__Resource__c", map[string]any{"Name": "Nina Petrov", "sked__Is_Active__c": true, "sked__Primary_Region__c": region})
	account := add("Account", map[string]any{"Name": "Finch household"})
	client = add("Contact", map[string]any{"FirstName": "Harold", "LastName": "Finch", "AccountId": account})
	soon := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 3)
	for i := range visits {
		starts := soon.Add(time.Duration(i%200)*24*time.Hour + 9*time.Hour)
		job := add("sked__Job__c", map[string]any{
			"sked__Job_Status__c": "Dispatched", "sked__Start__c": starts, "sked__Finish__c": starts.Add(2 * time.Hour), "sked__Timezone__c": "UTC",
			"sked__Region__c": region, "sked__Account__c": account, "sked__Contact__c": client, "sked__Quantity__c": 1,
		})
		add("sked__Job_Allocation__c", map[string]any{"sked__Job__c": job, "sked__Resource__c": resource, "sked__Status__c": "Dispatched"})
		if err != nil {
			return nil, "", err
		}
	}
	return org, client, err
}

// notHeld tells which of the visits did not go as a hold wants it.
func notHeld(org *sandbox.Org, visits int) (wrong []string) {
	dump := org.Dump()
	held := 0
	for _, job := range dump["sked__Job__c"] {
		if job["sked__Job_Status__c"] == "Cancelled" && job["sked__Abort_Reason__c"] == "Customer on Hold" {
			held++
		}
	}
	if held != visits || len(dump["Case"]) > 0 {
		wrong = append(wrong, fmt.Sprintf("of %d visits %d are cancelled for the hold, and there are %d cases", visits, held, len(dump["Case"])))
	}
	return wrong
}

// tenOrgs is S3.
func tenOrgs(ctx context.Context, b *Bench) error {
	mails := b.either(5, 50)
	kase := b.newCase("S3", fmt.Sprintf("%d mails for each", mails),
		Figure{Name: "start", Unit: "s until all were read once"}, Figure{Name: "written", Unit: "s"}, Figure{Name: "memory", Unit: "MB at most"}, Figure{Name: "cpu", Unit: "s"})
	for _, orgs := range []int{1, 10} {
		who := Ours
		if orgs == 1 {
			who = "one org"
		}
		if err := b.measure(ctx, kase, who, func(ctx context.Context) (Sample, error) { return b.household(ctx, orgs, mails) }); err != nil {
			return err
		}
	}
	return nil
}

// household has one daemon serve so many orgs.
func (b *Bench) household(ctx context.Context, orgs, mails int) (s Sample, err error) {
	dir, err := b.folder()
	if err != nil {
		return s, err
	}
	var all []*Crowd
	for i := range orgs {
		c, err := b.crowd(ctx, mails, false)
		if err != nil {
			return s, err
		}
		defer c.Close()
		if err := c.Configure(Recommended()); err != nil {
			return s, err
		}
		if err := os.Rename(c.config(), filepath.Join(dir, fmt.Sprintf("org%d.yaml", i))); err != nil {
			return s, err
		}
		all = append(all, c)
	}
	began := time.Now()
	p, err := begin(exec.Command(b.Program, "serve", "--config", dir))
	if err != nil {
		return s, err
	}
	defer p.Kill()
	because := func(err error) error {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, p.said.end())
		}
		return err
	}
	for _, c := range all {
		if _, err := c.Journal(ctx); err != nil {
			return s, because(err)
		}
	}
	s.Values = map[string]float64{"start": time.Since(began).Seconds()}
	began = time.Now()
	for _, c := range all {
		err = errors.Join(err, c.Inbox.Deliver(letters(0, mails, 1500)...))
	}
	for _, c := range all {
		err = errors.Join(err, c.allWritten(ctx, mails))
	}
	s.Values["written"] = time.Since(began).Seconds()
	for _, c := range all {
		err = errors.Join(err, c.drained(ctx, c.journal, mails, &s))
	}
	if err != nil {
		return s, because(err)
	}
	u, err := p.Stop()
	u.values(s.Values)
	return s, err
}
