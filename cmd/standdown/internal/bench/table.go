package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Print writes the report as tables: a line for each figure, with the floor, the
// program, what it aims at, and the peers.
func (r *Report) Print(out io.Writer) error {
	fmt.Fprintf(out, "%s, %s, %s, median of %d", r.Date.Format("2006-01-02 15:04"), r.Machine, r.Go, r.Runs)
	if r.Runs > 1 {
		fmt.Fprint(out, " (lowest - highest)")
	}
	fmt.Fprintln(out)
	if r.Small {
		fmt.Fprintln(out, "Small sizes: they show that everything is right; as figures they mean little.")
	}
	last := ""
	for _, c := range r.Cases {
		if c.Workload != last {
			fmt.Fprintf(out, "\n%s: %s\n", c.Workload, c.Measures)
		}
		last = c.Workload
		if err := c.print(out); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "\n%s\n", r.Quoted)
	return err
}

func (c *Case) print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := []string{"  " + c.Title, "floor", Ours, "target", ""}
	var peers []*Entrant
	for _, e := range c.Entrants {
		if e.Name != Ours && e.Name != floor && len(e.Values) > 0 {
			peers = append(peers, e)
			name := e.Name
			if e.Quoted {
				name += " (quoted)"
			}
			head = append(head, name)
		}
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, f := range c.Figures {
		target, verdict := c.Verdict(f)
		least := c.cell(floor, f)
		if least == "" && f.Floor != nil {
			least = number(*f.Floor)
		}
		line := []string{strings.TrimSpace("    "+f.Name+" "+f.Unit) + "", least, c.cell(Ours, f), target, verdict}
		line[0] = "    " + line[0]
		for _, p := range peers {
			line = append(line, c.cell(p.Name, f))
		}
		fmt.Fprintln(t, strings.Join(line, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, e := range c.Entrants {
		switch {
		case len(e.Wrong) > 0:
			fmt.Fprintf(out, "    %s: VOID, %d wrong\n", e.Name, len(e.Wrong))
			for _, w := range e.Wrong[:min(len(e.Wrong), 3)] {
				first, _, _ := strings.Cut(w, "\n")
				fmt.Fprintf(out, "      %s\n", first)
			}
		case e.Missing != "":
			fmt.Fprintf(out, "    %s was not run: %s\n", e.Name, e.Missing)
		case e.Remark != "":
			fmt.Fprintf(out, "    %s: %s\n", e.Name, e.Remark)
		}
	}
	return nil
}

// cell is an entrant's value: the median, and between what it was.
func (c *Case) cell(entrant string, f Figure) string {
	e := c.entrant(entrant)
	if e != nil && len(e.Wrong) > 0 {
		return "VOID"
	}
	v, ok := c.value(entrant, f.Name)
	if !ok {
		return ""
	}
	if v.Low == v.High {
		return number(v.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", number(v.Median), number(v.Low), number(v.High))
}

// number writes three digits that mean something, and large numbers in full.
func number(v float64) string {
	switch size := math.Abs(v); {
	case v == math.Trunc(v) && size < 1e4:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 1e4:
		return thousands(int64(math.Round(v)))
	case size >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
