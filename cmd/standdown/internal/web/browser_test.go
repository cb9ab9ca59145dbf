package web

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"standdown/cmd/standdown/internal/store"
)

// chromium starts a headless browser with an empty profile that ends with the
// test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing(t, "chromium is not installed")
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
		chromedp.WindowSize(1280, 900))...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// axe is the text of axe-core, which finds what people with disabilities
// stumble over.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv("STANDDOWN_NPM"), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		missing(t, "STANDDOWN_NPM names no directory with node_modules/axe-core")
	}
	return string(text)
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("STANDDOWN_REQUIRE_REAL") == "1" {
		t.Fatalf("%s, and STANDDOWN_REQUIRE_REAL=1", what)
	}
	t.Skip(what)
}

func run(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func get[T any](t *testing.T, ctx context.Context, what chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, what)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func signIn(t *testing.T, ctx context.Context, url, name string) {
	t.Helper()
	run(t, ctx,
		chromedp.Navigate(url+"/login"),
		chromedp.SendKeys("#name", name),
		chromedp.SendKeys("#password", password+kb.Enter),
		chromedp.WaitVisible(".who form"),
	)
}

// screens are how people look at a page.
var screens = []struct {
	name   string
	width  int64
	zoom   float64
	scheme string
}{
	{"light", 1280, 1, "light"},
	{"dark", 1280, 1, "dark"},
	{"at 200 %", 640, 2, "light"},
	{"on a phone", 320, 2, "dark"},
}

// A violation is what axe finds wrong.
type violation struct {
	ID    string                                  `json:"id"`
	Help  string                                  `json:"help"`
	Nodes []struct{ HTML, FailureSummary string } `json:"nodes"`
}

// wearing has the browser prefer light or dark.
func wearing(scheme string) chromedp.Action[chromedp.Void] {
	return emulate(emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

func emulate(media emulation.SetEmulatedMediaParams) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
		_, err := cdp.Call(ctx, to, emulation.SetEmulatedMedia, media)
		return err
	})
}

// accessible looks at the page on each screen. STANDDOWN_SCREENSHOTS names a
// directory to keep pictures in.
func accessible(t *testing.T, ctx context.Context, script, name, url string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		run(t, ctx, chromedp.Navigate(url))
		get(t, ctx, chromedp.Evaluate[int](script+";0"))
		for _, screen := range screens {
			t.Run(screen.name, func(t *testing.T) {
				run(t, ctx, wearing(screen.scheme), chromedp.EmulateViewport(screen.width, 900, chromedp.EmulateScale(screen.zoom)))
				found := get(t, ctx, chromedp.Evaluate[[]violation](
					`axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => r.violations)`, chromedp.EvalAwaitPromise))
				for _, v := range found {
					t.Errorf("%s: %s: %+v", v.ID, v.Help, v.Nodes)
				}
				if get(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
					t.Error("one must scroll sideways to read it")
				}
				if dir := os.Getenv("STANDDOWN_SCREENSHOTS"); dir != "" {
					file := filepath.Join(dir, name+" "+screen.name+".png")
					if err := os.WriteFile(file, get(t, ctx, chromedp.FullScreenshot(100)), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
}

// TestAxe has no violation on any page: WCAG 2.2 A and AA and the best
// practices.
func TestAxe(t *testing.T) {
	script := axe(t)
	ctx := chromium(t)
	o := newOffice(t)
	paths := map[string]string{
		"today": "/", "review": "/review", "decision": "/decision/" + o.decision, "undo": "/decision/" + o.doneDecision + "?undo=1", "mail": "/mail?event=mail%3A4",
		"cancelled": "/cancelled", "record": "/record?ref=workflow+a00000000000001AAA", "acts": "/acts", "rules": "/rules", "hold": "/hold/" + o.tooMuch(t), "problem": "/nothing",
	}
	o.as(t, "Anna").post(t, "/decision/"+o.stuckDecision+"/answer", "signal", "retry", "entry", itoa(o.stuck))
	o.deliver(t, map[string]store.Settlement{"k4": {Signal: store.Refused, Why: "no"}})
	accessible(t, ctx, script, "login", o.url+"/login")
	signIn(t, ctx, o.url, "Adam")
	for name, path := range paths {
		accessible(t, ctx, script, name, o.url+path)
	}
}

// press goes on by Tab to what is called so, and presses keys there.
func press(t *testing.T, ctx context.Context, called, keys string) {
	t.Helper()
	var seen []string
	for range 60 {
		run(t, ctx, chromedp.KeyEvent(kb.Tab))
		on := get(t, ctx, chromedp.Evaluate[string](`document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent`))
		if strings.HasPrefix(on, called) {
			run(t, ctx, chromedp.KeyEvent(keys))
			return
		}
		seen = append(seen, on)
	}
	t.Fatalf("nothing is called %q; Tab leads to %q", called, seen)
}

// TestApprovingByKeyboard goes from signing in to what has been approved without
// a mouse.
func TestApprovingByKeyboard(t *testing.T) {
	ctx := chromium(t)
	o := newOffice(t)
	run(t, ctx, chromedp.Navigate(o.url+"/review"))
	press(t, ctx, "Name", "Anna")
	press(t, ctx, "Password", password)
	press(t, ctx, "Sign in", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("a[href='/decision/"+o.decision+"']"))
	press(t, ctx, "W-1042", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("#why"))
	press(t, ctx, "Why", "seen the contract")
	press(t, ctx, "Approve: 1 change", kb.Enter)
	run(t, ctx, chromedp.WaitVisible("[role=status]"))
	said := get(t, ctx, chromedp.Text("[role=status]"))
	if !strings.HasPrefix(said, "Approved.") || o.state(t, o.cancel) != store.Pending {
		t.Errorf("it says %q, and the entry is %s", said, o.state(t, o.cancel))
	}
	acts, err := o.journal.Acts(t.Context(), o.decision)
	if err != nil || len(acts) != 1 || acts[0].Who != "Anna" || acts[0].Reason != "seen the contract" {
		t.Errorf("%v %v", acts, err)
	}
}

// TestPrinting has a record's page on paper: what can only be clicked is left
// out.
func TestPrinting(t *testing.T) {
	ctx := chromium(t)
	o := newOffice(t)
	signIn(t, ctx, o.url, "Vera")
	run(t, ctx, chromedp.Navigate(o.url+"/record?open=yes&ref=workflow+a00000000000001AAA"))
	seen := func(what string) bool {
		t.Helper()
		return get(t, ctx, chromedp.Evaluate[bool](`document.querySelector("`+what+`").checkVisibility({contentVisibilityAuto: true}) && document.querySelector("`+what+`").getBoundingClientRect().height > 0`))
	}
	for paper, printed := range map[string]bool{"screen": false, "print": true} {
		run(t, ctx, emulate(emulation.SetEmulatedMediaParams{Media: paper}))
		if !seen("details pre") {
			t.Errorf("on %s one does not see how it was decided", paper)
		}
		if got := seen("nav"); got == printed {
			t.Errorf("on %s it is %v that one sees the way to other pages", paper, got)
		}
	}
}

// TestNothingRuns looks for scripts, and for what the pages' policy refuses, such
// as styles within them, which the browser says in its console.
func TestNothingRuns(t *testing.T) {
	ctx := chromium(t)
	o := newOffice(t)
	nothingRuns(t, ctx, o.url, "/", "/review", "/decision/"+o.decision, "/cancelled", "/record?ref=workflow+a00000000000001AAA", "/acts", "/rules")
}

// nothingRuns signs in and looks at pages for scripts and styles, and for what
// the browser says against them.
func nothingRuns(t *testing.T, ctx context.Context, url string, paths ...string) {
	t.Helper()
	said := chromedp.Console(ctx)
	signIn(t, ctx, url, "Vera")
	for _, path := range paths {
		run(t, ctx, chromedp.Navigate(url+path))
		if n := get(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("script, style, [style], [onclick]").length`)); n > 0 {
			t.Errorf("%s has %d scripts or styles within", path, n)
		}
	}
	get(t, ctx, chromedp.Evaluate[int](`console.log("that is all"); 0`))
	for message, err := range said {
		if err != nil {
			t.Fatal(err)
		}
		if message.Text == "that is all" {
			break
		}
		t.Errorf("the browser says: %s", message.Text)
	}
}
