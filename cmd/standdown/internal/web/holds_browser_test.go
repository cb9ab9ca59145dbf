package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestAxeHoldsAndRules has no violation on the pages about holds and rules
// either.
func TestAxeHoldsAndRules(t *testing.T) {
	script := axe(t)
	ctx := chromium(t)
	h := newHousehold(t, withExamples(t))
	signIn(t, ctx, h.url, "Vera")
	for name, path := range map[string]string{
		"holds": "/holds", "client": "/holds/" + finch, "what if": "/holds/" + finch + "?hold=on&start=2026-03-17&return=",
		"replay": "/rules?replay=2", "table": "/rules/cancellation.restore?open=yes",
	} {
		accessible(t, ctx, script, name, h.url+path)
	}
}

// TestNothingRunsInPictures looks for what the pages' policy refuses, as
// TestNothingRuns does.
func TestNothingRunsInPictures(t *testing.T) {
	ctx := chromium(t)
	h := newHousehold(t, withExamples(t))
	nothingRuns(t, ctx, h.url, "/holds", "/holds/"+finch+"?hold=off", "/rules?replay=2", "/rules/on_hold.visit")
}

// TestAskingByKeyboard finds a client who is on hold and asks what it would
// bring about to take the hold off, without a mouse.
func TestAskingByKeyboard(t *testing.T) {
	ctx := chromium(t)
	h := newHousehold(t)
	before := h.written(t)
	signIn(t, ctx, h.url, "Vera")
	run(t, ctx, chromedp.Navigate(h.url+"/holds"))
	press(t, ctx, "Name or id", "harold"+kb.Enter)
	run(t, ctx, chromedp.WaitVisible("#search[value=harold]"))
	press(t, ctx, "Harold", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("#hold"))
	press(t, ctx, "The client is", "n")
	press(t, ctx, "Tell me", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("[role=status]"))
	said := get(t, ctx, chromedp.Text("[role=status]"))
	if !strings.Contains(said, "2 visits would be given back to its worker") || !strings.Contains(said, "Nothing was written.") {
		t.Errorf("it says %q", said)
	}
	// Each sign of the pictures is drawn, and none only named.
	drawn := get(t, ctx, chromedp.Evaluate[[]float64](`[...document.querySelectorAll(".timeline g.sign")].map(g => g.getBBox().width)`))
	if len(drawn) != 10 {
		t.Errorf("%d visits are drawn, want 5 as it is and 5 as it would be", len(drawn))
	}
	for i, width := range drawn {
		if width < 4 {
			t.Errorf("visit %d is %v wide", i, width)
		}
	}
	if after := h.written(t); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("the journal has changed: %v", after)
	}
}
