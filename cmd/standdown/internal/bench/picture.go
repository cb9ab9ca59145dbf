package bench

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

// Picture draws the two figures that matter most to users as SVG: how long after
// a mail's arrival Salesforce is written to, and how many API calls 1,000 jobs
// cost; and below them whether a mail costs more when the journal has grown.
// Bars are on a logarithmic scale, for they differ by thousands. What was not
// measured is left out; a picture of nothing says so.
func (r *Report) Picture() []byte {
	var p panels
	for _, c := range r.Cases {
		if c.Workload == "W2" {
			p.add(c, "p50", fmt.Sprintf("Mail arrival to Salesforce write, median, ms (%s)", c.Title))
		}
	}
	for _, c := range r.Cases {
		if c.Workload == "W8" {
			p.add(c, "calls", fmt.Sprintf("API calls (%s)", c.Title))
			break
		}
	}
	var growth *curve
	for _, c := range r.Cases {
		if c.Workload == "S1" {
			growth = c.over("cpu", "decisions", "CPU of a mail's way, ms, by decisions in the journal")
		}
	}
	return p.draw(growth, fmt.Sprintf("Taken by standdown bench on %s: %s.", r.Date.Format("2006-01-02"), r.Machine))
}

type bar struct {
	name   string
	value  float64
	ours   bool
	quoted bool
}

type panel struct {
	title string
	bars  []bar
}

type panels []panel

func (p *panels) add(c *Case, figure, title string) {
	one := panel{title: title}
	for _, e := range c.Entrants {
		if v, ok := e.Values[figure]; ok {
			name := e.Name
			if e.Quoted {
				name += " (quoted)"
			}
			one.bars = append(one.bars, bar{name, v.Median, e.Name == Ours, e.Quoted})
		}
	}
	if len(one.bars) > 0 {
		*p = append(*p, one)
	}
}

// Sizes of the picture.
const (
	pictureWidth = 860
	nameWidth    = 300
	barWidth     = 440
	barHeight    = 18
	rowHeight    = 26
)

func (p panels) draw(growth *curve, foot string) []byte {
	height := 50
	if growth != nil {
		height += curveHeight + 100
	}
	for _, one := range p {
		height += 50 + rowHeight*len(one.bars)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" font-family="sans-serif" font-size="13">
<title>Arrival to effect, API calls, and growth</title>
<rect width="%[1]d" height="%[2]d" fill="#fff"/>
`, pictureWidth, height)
	y := 10
	for _, one := range p {
		y += 26
		fmt.Fprintf(&out, "<text x=\"10\" y=\"%d\" font-size=\"15\" font-weight=\"bold\" fill=\"#222\">%s</text>\n", y, html.EscapeString(one.title))
		y += 12
		least, most := one.bounds()
		for _, b := range one.bars {
			width := max(2, barWidth*(math.Log10(b.value)-least)/(most-least))
			if b.value <= 0 {
				width = 2
			}
			fill := "#9aa5b1"
			switch {
			case b.ours:
				fill = "#0b6e4f"
			case b.quoted:
				fill = "#d3d9de"
			}
			middle := y + 14
			fmt.Fprintf(&out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#222\">%s</text>\n", nameWidth-8, middle, html.EscapeString(b.name))
			fmt.Fprintf(&out, "<rect x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%d\" fill=\"%s\"/>\n", nameWidth, y, width, barHeight, fill)
			fmt.Fprintf(&out, "<text x=\"%.0f\" y=\"%d\" fill=\"#222\">%s</text>\n", nameWidth+width+6, middle, number(b.value))
			y += rowHeight
		}
		y += 12
	}
	if growth != nil {
		growth.draw(&out, y)
		y += curveHeight + 100
	}
	if len(p) == 0 {
		foot = "Neither W2 nor W8 was measured. " + foot
	}
	fmt.Fprintf(&out, "<text x=\"10\" y=\"%d\" font-size=\"11\" fill=\"#555\">Bars: logarithmic scale. %s</text>\n</svg>\n", y+24, html.EscapeString(foot))
	return out.Bytes()
}

// bounds are the powers of ten between which the bars lie.
func (p panel) bounds() (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, b := range p.bars {
		if b.value > 0 {
			least, most = min(least, math.Log10(b.value)), max(most, math.Log10(b.value))
		}
	}
	if math.IsInf(least, 0) {
		return 0, 1
	}
	least, most = math.Floor(least), math.Ceil(most)
	return least, max(most, least+1)
}
