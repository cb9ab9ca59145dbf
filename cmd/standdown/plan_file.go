package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/preview"
)

// A planFile is a plan on its way into a file, which is there when all of it is.
type planFile struct {
	*planJSON
	name string
	temp *os.File // nil if no file is wanted
}

func newPlanFile(name string) (*planFile, error) {
	if name == "" {
		return &planFile{planJSON: newPlanJSON(io.Discard)}, nil
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".plan-") // for its owner only
	if err != nil {
		return nil, fmt.Errorf("saving the plan: %w", err)
	}
	return &planFile{newPlanJSON(temp), name, temp}, nil
}

func (f *planFile) keep() error {
	if f.temp == nil {
		return nil
	}
	err := cmp.Or(f.temp.Sync(), f.temp.Close())
	if err == nil {
		err = os.Rename(f.temp.Name(), f.name)
	}
	if err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	return nil
}

// discard removes what was not kept.
func (f *planFile) discard() {
	if f.temp != nil {
		f.temp.Close()
		os.Remove(f.temp.Name())
	}
}

// planFormat is that of plans that this program writes and reads.
const planFormat = 2

// A savedPlan is a plan as it was read from a file.
type savedPlan struct {
	Plan    planHead         `json:"plan"`
	Records []preview.Record `json:"records"`
	Totals  planTotals       `json:"totals"`
	Digest  string           `json:"digest"`
}

// readPlan reads a plan that is whole and as it was written. The digest keeps
// from mistakes, not from malice: who can write the file can make another.
func readPlan(name string) (savedPlan, error) {
	var p savedPlan
	text, err := os.ReadFile(name)
	if err != nil {
		return p, usagef("reading the plan: %w", err)
	}
	if format := formatOf(text); format != planFormat && format != 0 {
		return p, usagef("%s is a plan of format %d, and this program reads format %d: make a new plan", name, format, planFormat)
	}
	at := len(text) - len(fmt.Sprintf(planEnd, sha256.Sum256(nil)))
	if at < 0 || string(text[at:]) != fmt.Sprintf(planEnd, sha256.Sum256(text[:at])) {
		return p, usagef("%s is no plan, or was cut off or edited: make a new plan with 'standdown plan --out FILE'", name)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return p, usagef("reading the plan %s: %w", name, err)
	}
	return p, nil
}

// formatOf reads the format alone, 0 if there is none.
func formatOf(text []byte) int {
	var head struct {
		Format int `json:"format"`
	}
	rest, is := bytes.CutPrefix(text, []byte(`{"plan": `))
	if !is || json.NewDecoder(bytes.NewReader(rest)).Decode(&head) != nil {
		return 0
	}
	return head.Format
}

// suits refuses a plan that was made for another org, or with other settings.
func (p savedPlan) suits(cfg *config.Config) error {
	if p.Plan.Org != cfg.Salesforce.URL {
		return usagef("the plan was made for the org %s, and this configuration is for %s: name the right one with --config, or make a new plan", p.Plan.Org, cfg.Salesforce.URL)
	}
	var others []string
	for name, digest := range planSettings(cfg) {
		if p.Plan.Settings[name] != digest {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		slices.Sort(others)
		return usagef("the configuration has changed since the plan was made, or is another one (%s): make a new plan", strings.Join(others, ", "))
	}
	return nil
}

// planSettings stand for the sections of the configuration that decide what is
// planned.
func planSettings(cfg *config.Config) map[string]string {
	sections := map[string]any{"rules": cfg.Rules, "mapping": cfg.Mapping, "autonomy": cfg.Autonomy, "notify": cfg.Notify.Via}
	settings := make(map[string]string, len(sections))
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		text, err := json.Marshal(sections[name])
		if err != nil {
			panic(fmt.Sprintf("section %s: %v", name, err)) // it was read from text
		}
		sum := sha256.Sum256(text)
		settings[name] = hex.EncodeToString(sum[:8])
	}
	return settings
}
