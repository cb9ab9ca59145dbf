package bench

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
)

// A curve is a figure over another, which is on a logarithmic scale. The one
// that is shown begins at zero: what does not grow is flat.
type curve struct {
	title  string
	points []point
}

type point struct{ x, y float64 }

// over is the case's figure over another, of all entrants who have both.
func (c *Case) over(figure, by, title string) *curve {
	drawn := &curve{title: title}
	for _, e := range c.Entrants {
		x, known := e.Values[by]
		y, measured := e.Values[figure]
		if known && measured && x.Median > 0 {
			drawn.points = append(drawn.points, point{x.Median, y.Median})
		}
	}
	if len(drawn.points) < 2 {
		return nil
	}
	slices.SortFunc(drawn.points, func(a, b point) int { return int(math.Copysign(1, a.x-b.x)) })
	return drawn
}

const curveHeight = 120

// draw draws it below y.
func (c *curve) draw(out *bytes.Buffer, y int) {
	fmt.Fprintf(out, "<text x=\"10\" y=\"%d\" font-size=\"15\" font-weight=\"bold\" fill=\"#222\">%s</text>\n", y+26, html.EscapeString(c.title))
	first, last := c.points[0].x, c.points[len(c.points)-1].x
	most := slices.MaxFunc(c.points, func(a, b point) int { return int(math.Copysign(1, a.y-b.y)) }).y
	bottom := float64(y + 60 + curveHeight)
	var line bytes.Buffer
	for _, p := range c.points {
		right := 60 + (pictureWidth-160)*math.Log(p.x/first)/math.Log(last/first)
		up := bottom - curveHeight*p.y/most
		fmt.Fprintf(&line, "%.0f,%.0f ", right, up)
		fmt.Fprintf(out, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"3.5\" fill=\"#0b6e4f\"/>\n", right, up)
		fmt.Fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" fill=\"#222\">%s</text>\n", right, up-8, number(p.y))
		fmt.Fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" fill=\"#222\">%s</text>\n", right, bottom+18, number(p.x))
	}
	fmt.Fprintf(out, "<polyline points=\"%s\" fill=\"none\" stroke=\"#0b6e4f\" stroke-width=\"2\"/>\n", bytes.TrimSpace(line.Bytes()))
	fmt.Fprintf(out, "<line x1=\"40\" y1=\"%[1]g\" x2=\"%[2]d\" y2=\"%[1]g\" stroke=\"#9aa5b1\"/>\n", bottom, pictureWidth-80)
}
