package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"standdown/cmd/standdown/internal/stage"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/web"
)

// TestShots takes the pictures in the README: Today and a decision that waits,
// in the world of the demonstration. STANDDOWN_SHOTS names the directory to put
// them in; without it there is nothing to do.
//
//	STANDDOWN_SHOTS=$PWD/cmd/standdown/internal/web/testdata go test -run TestShots ./cmd/standdown
func TestShots(t *testing.T) {
	dir := os.Getenv("STANDDOWN_SHOTS")
	if dir == "" {
		t.Skip("STANDDOWN_SHOTS names no directory for pictures")
	}
	h := openHouse(t, func(configuration string) string {
		users := writeUsers(t, map[string]web.Role{"Dana Whitlock": web.Approver})
		return strings.Replace(configuration, `listen: ""`, fmt.Sprintf(`listen: "", users_file: %q`, users), 1)
	})
	// The day goes on without the last mail's answer, and without what needs more days.
	waiting := scene(t, "Daniel Okafor asks")[0]
	for _, act := range stage.Acts() {
		if act.Title == waiting.Title || strings.HasPrefix(act.Title, "Fourteen business days") {
			continue
		}
		if err := h.play(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}
	if err := waiting.Do(h.world); err != nil {
		t.Fatal(err)
	}
	var decision string
	err := stage.Until(t.Context(), "what waits", func() (bool, error) {
		open, err := h.journal.Entries(t.Context(), store.Filter{States: []store.State{store.Proposed}})
		for _, e := range open {
			decision = e.Decision
		}
		return len(open) > 0, err
	})
	if err != nil {
		t.Fatal(err)
	}

	ctx := chromiumFor(t)
	site := h.url
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(site+"/login"), chromedp.SendKeys("#name", "Dana Whitlock"), chromedp.SendKeys("#password", usersPassword+kb.Enter), chromedp.WaitVisible(".who form"))
	for name, path := range map[string]string{"today": "/", "decision": "/decision/" + decision} {
		do(chromedp.Navigate(site + path))
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if picture, err = fewerColours(picture); err != nil {
			t.Fatal(err)
		}
		if len(picture) > 150_000 {
			t.Errorf("the picture of %s has %d bytes", name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fewerColours is the same picture, in its 256 most frequent colours, which is
// less than half the size and looks the same.
func fewerColours(picture []byte) ([]byte, error) {
	from, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	bounds := from.Bounds()
	times := map[color.Color]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			times[from.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(times), func(a, b color.Color) int { return times[b] - times[a] })
	to := image.NewPaletted(bounds, colours[:min(len(colours), 256)])
	draw.Draw(to, bounds, from, bounds.Min, draw.Src)
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to)
	return out.Bytes(), err
}

// chromiumFor starts a headless browser with an empty profile that ends with
// the test.
func chromiumFor(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(fmt.Errorf("pictures are taken by chromium: %w", err))
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
		chromedp.WindowSize(1100, 800))...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	return ctx
}
