package web

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"standdown/cmd/standdown/internal/store"
	"standdown/rules"
)

// patience is how long the org may take to be read for a page, and how long
// situations are decided again.
const patience = 20 * time.Second

// A knownClient is what is known of a client and their visits.
type knownClient struct {
	client  rules.Client
	at      time.Time // when it was so
	fresh   bool      // it is so now
	trouble string
	verdict *store.Verdict       // on the hold that was asked about
	seen    map[string]time.Time // when the journal saw a visit that is not fresh
	then    map[string][]string  // what the rows of the visits' table ask for
}

// knownOf asks the org, and the journal for what the org's answer leaves out or
// if it has none. It returns nil if neither knows the client.
func (s *site) knownOf(ctx context.Context, ref rules.Ref, asked *rules.Hold) (*knownClient, error) {
	situations, err := s.Journal.HoldSituations(ctx, ref, 3)
	if err != nil {
		return nil, err
	}
	situations = slices.DeleteFunc(situations, func(one store.Situation) bool { return one.Snapshot.Client == nil })
	hold, remembered, err := s.Journal.HoldOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	k := &knownClient{at: s.Now(), seen: map[string]time.Time{}, then: map[string][]string{}}
	if err := k.look(ctx, s, ref, asked); err != nil {
		return nil, err
	}
	switch {
	case k.fresh:
	case len(situations) > 0:
		k.client, k.at = *situations[0].Snapshot.Client, situations[0].At
		k.client.Jobs = nil // they come with those of the other situations
	case remembered:
		k.client, k.at = rules.Client{ID: ref.ID, Hold: hold}, time.Time{}
	default:
		return nil, nil
	}
	k.addEarlier(situations)
	for _, t := range s.Book.Tables() {
		if t.Name == "on_hold.visit" {
			for _, row := range t.Rows {
				k.then[row.ID] = row.Then
			}
		}
	}
	return k, nil
}

// look asks the org, and the rules if a hold is asked about. Nothing is
// written. An error is only returned if nobody waits for the page any more.
func (k *knownClient) look(ctx context.Context, s *site, ref rules.Ref, asked *rules.Hold) error {
	if s.Plan == nil {
		k.trouble = "The org is not asked here."
		return nil
	}
	if used, allowed := s.Budget(); allowed > 0 && used+s.Reserve >= allowed {
		k.trouble = "The org is not asked: too few of its API calls are left today."
		return nil
	}
	hurry, done := context.WithTimeout(ctx, patience)
	defer done()
	e := rules.Event{ID: "what-if:" + ref.String(), Kind: rules.HoldChanged, At: s.Now(), Subject: ref}
	verdict, err := s.Plan(hurry, e, func(world *rules.Snapshot) {
		if world.Client == nil {
			return
		}
		k.client, k.fresh = *world.Client, true
		if asked != nil {
			other := *world.Client
			other.Hold = *asked
			world.Client = &other
		}
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && k.fresh:
		if asked != nil {
			k.verdict = &verdict
		}
		return nil
	case err == nil:
		k.trouble = "The org has no such client now, or the visits are not mapped."
		return nil
	case k.fresh:
		k.trouble = "What would follow cannot be carried out; the log says why."
	default:
		k.trouble = "The org could not be asked just now; the log says why."
	}
	s.Log.Warn("what would be cannot be told on a page", "ref", ref.String(), "err", err)
	return nil
}

// addEarlier adds the visits that began before what is known goes back to; all
// of them if nothing is known otherwise.
func (k *knownClient) addEarlier(situations []store.Situation) {
	there, named := map[string]bool{}, map[string]bool{}
	for _, j := range k.client.Jobs {
		there[j.ID] = true
	}
	for _, r := range k.client.Resources {
		named[r.ID] = true
	}
	k.client.Jobs, k.client.Resources = slices.Clone(k.client.Jobs), slices.Clone(k.client.Resources)
	for i, one := range situations {
		for _, j := range one.Snapshot.Client.Jobs {
			if whole := !k.fresh && i == 0; !there[j.ID] && (whole || !j.Start.IsZero() && j.Start.Before(k.at)) {
				there[j.ID], k.seen[j.ID] = true, one.At
				k.client.Jobs = append(k.client.Jobs, j)
			}
		}
		for _, r := range one.Snapshot.Client.Resources {
			if !named[r.ID] {
				named[r.ID] = true
				k.client.Resources = append(k.client.Resources, r)
			}
		}
	}
}

// lines are the visits, the earliest day first; those without a day come last.
// How they stand is left to tell.
func (k *knownClient) lines(s *site) []visitLine {
	zones := map[string]*time.Location{} // by the visit's; loading them takes time
	all := make([]visitLine, 0, len(k.client.Jobs))
	for _, j := range k.client.Jobs {
		v := visitLine{ID: j.ID, Name: j.Name, When: "no day yet", job: j}
		if !j.Start.IsZero() {
			if zones[j.Zone] == nil {
				zones[j.Zone] = s.zoneOf(j, k.client)
			}
			v.start = j.Start.In(zones[j.Zone])
			v.When, v.Day = s.whenThere(v.start), v.start.Format(time.DateOnly)
		}
		all = append(all, v)
	}
	slices.SortStableFunc(all, func(a, b visitLine) int {
		if a.start.IsZero() != b.start.IsZero() {
			return -a.start.Compare(b.start)
		}
		return cmp.Or(strings.Compare(a.Day, b.Day), a.start.Compare(b.start), strings.Compare(a.ID, b.ID))
	})
	return all
}

// zoneOf is where the visit's day begins: in its own zone, the client's, or the
// default (HOLD-A16).
func (s *site) zoneOf(j rules.Job, c rules.Client) *time.Location {
	for _, name := range []string{j.Zone, c.Zone, s.Book.Settings().OnHold.DefaultZone} {
		if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return zone
		}
	}
	return s.zone
}

func (s *site) whenThere(t time.Time) string {
	return t.Format("Mon 2 Jan 2006, 15:04 MST") + " (" + distance(t.Sub(s.Now())) + ")"
}
