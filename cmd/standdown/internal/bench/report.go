package bench

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Report is what a run found.
type Report struct {
	Date    time.Time `json:"date"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Small   bool      `json:"small"` // sizes that show what is right, not how fast it is
	Runs    int       `json:"runs"`
	Quoted  string    `json:"quoted"` // where quoted figures are from
	Cases   []*Case   `json:"cases"`
}

// A Case is a workload in one circumstance.
type Case struct {
	Workload string     `json:"workload"`
	Measures string     `json:"measures"`
	Title    string     `json:"title"`
	Figures  []Figure   `json:"figures"`
	Entrants []*Entrant `json:"entrants"`
}

// A Figure is one of those taken in a case.
type Figure struct {
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"`
	// Floor is the least that any program needs, where that can be computed.
	Floor *float64 `json:"floor,omitempty"`
	// Target is what is aimed at, for the program.
	Target *Target `json:"target,omitempty"`
}

// A Target is a bound for a figure.
type Target struct {
	Times   float64 `json:"times"`
	Of      string  `json:"of,omitempty"` // of an entrant's figure; empty: of one
	AtLeast bool    `json:"atLeast,omitempty"`
}

// Ours is the entrant that targets are for; floor the one that does no more than
// must be done.
const (
	Ours  = "standdown"
	floor = "floor"
)

// An Entrant is a program and how it did.
type Entrant struct {
	Name    string           `json:"name"`
	Values  map[string]Value `json:"values,omitempty"` // by figure; none if anything is wrong
	Wrong   []string         `json:"wrong,omitempty"`
	Missing string           `json:"missing,omitempty"` // why it was not run
	Quoted  bool             `json:"quoted,omitempty"`  // the figures were recorded elsewhere
	Remark  string           `json:"remark,omitempty"`

	samples map[string][]float64
}

// A Value is the median of the runs, with the lowest and the highest.
type Value struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func newReport(o Options) *Report {
	return &Report{Date: time.Now().UTC().Truncate(time.Second), Machine: machine(), Go: runtime.Version(), Small: o.Small, Runs: o.Runs, Quoted: recorded}
}

// sum makes values of samples. Correctness gates speed: if anything was wrong,
// there are none.
func (e *Entrant) sum() {
	if len(e.Wrong) > 0 || e.Missing != "" {
		return
	}
	e.Values = map[string]Value{}
	for figure, all := range e.samples {
		slices.Sort(all)
		e.Values[figure] = Value{all[len(all)/2], all[0], all[len(all)-1]}
	}
}

// Void are the cases in which the program itself did something wrong.
func (r *Report) Void() (cases []*Case) {
	for _, c := range r.Cases {
		if e := c.entrant(Ours); e != nil && len(e.Wrong) > 0 {
			cases = append(cases, c)
		}
	}
	return cases
}

func (c *Case) entrant(name string) *Entrant {
	for _, e := range c.Entrants {
		if e.Name == name {
			return e
		}
	}
	return nil
}

func (c *Case) value(entrant, figure string) (v Value, ok bool) {
	e := c.entrant(entrant)
	if e == nil {
		return v, false
	}
	v, ok = e.Values[figure]
	return v, ok
}

// Verdict tells what the program was to reach in a figure, and whether it did.
// It is empty where nothing was aimed at or measured.
func (c *Case) Verdict(f Figure) (target, verdict string) {
	t := f.Target
	if t == nil {
		return "", ""
	}
	sign := "≤"
	if t.AtLeast {
		sign = "≥"
	}
	bound := t.Times
	target = sign + " " + number(t.Times)
	if t.Of != "" {
		target = fmt.Sprintf("%s %sx %s", sign, number(t.Times), t.Of)
		other, ok := c.value(t.Of, f.Name)
		if !ok && t.Of == floor && f.Floor != nil {
			other, ok = Value{Median: *f.Floor}, true
		}
		if !ok {
			return target, ""
		}
		bound *= other.Median
	}
	ours, ok := c.value(Ours, f.Name)
	if !ok {
		return target, ""
	}
	if t.AtLeast && ours.Median >= bound || !t.AtLeast && ours.Median <= bound {
		return target, "met"
	}
	return target, "missed"
}

// machine says what this runs on.
func machine() string {
	name := runtime.GOOS + "/" + runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if _, model, ok := strings.Cut(line, "model name\t: "); ok {
				name = strings.TrimSpace(model) + ", " + name
				break
			}
		}
	}
	load := ""
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(text), " ")
		load = ", load " + first + " at the start"
	}
	return fmt.Sprintf("%d cores, %s%s", runtime.NumCPU(), name, load)
}

// atMost and atLeast are targets.
func atMost(n float64) *Target  { return &Target{Times: n} }
func atLeast(n float64) *Target { return &Target{Times: n, AtLeast: true} }

func atMostTimes(n float64, of string) *Target  { return &Target{Times: n, Of: of} }
func atLeastTimes(n float64, of string) *Target { return &Target{Times: n, Of: of, AtLeast: true} }
