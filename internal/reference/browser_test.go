package reference_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/spurline/spurline/internal/server"
	"github.com/spurline/spurline/internal/server/servertest"
)

// screenshotsVar names a directory for a picture of each page, for people to
// look at.
const screenshotsVar = "SPURLINE_SCREENSHOTS"

// startBrowser starts one browser for a test.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("the pages are looked at in a real browser; install it with: apt-get install -y chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// complaints gathers what a tab has to complain of: messages on its console,
// requests that fail, and requests to anywhere else.
type complaints struct {
	origin string

	mu  sync.Mutex
	all []string
}

func (c *complaints) hear(event any) {
	text := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		text = fmt.Sprintf("console.%s", e.Type)
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		text = fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL)
	case *network.EventLoadingFailed:
		text = "failed: " + e.ErrorText
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, c.origin+"/") && !strings.HasPrefix(e.Request.URL, "data:") {
			text = "a request to " + e.Request.URL
		}
	}
	if text != "" {
		c.mu.Lock()
		c.all = append(c.all, text)
		c.mu.Unlock()
	}
}

// tab opens a tab whose complaints fail the test.
func tab(t *testing.T, browser context.Context, origin string) context.Context {
	t.Helper()
	c := &complaints{origin: origin}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithListener(c.hear))
	t.Cleanup(func() {
		cancel()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, text := range c.all {
			t.Error(text)
		}
	})
	if err := chromedp.Do(ctx, command(log.Enable, cdp.Empty{}), command(network.Enable, network.EnableParams{})); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// command is a command of the browser's protocol, as an action.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// into keeps what an action answers.
func into[T any](to *T, a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		*to, err = a(ctx, t)
		return none, err
	}
}

// measured is what a page looks like, as the page itself can tell.
type measured struct {
	Title    string
	Overflow float64 // pixels that the page is wider than the window
	Dark     bool
	Contrast float64 // the least of the texts looked at
	Where    string  // where it is the least
}

// measure looks at every kind of text on the page. The ratio is that of the
// web's guidelines, which ask for 4.5.
const measure = `(() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.match(/[\d.]+/g).map(Number).map(channel); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const clear = (c) => /, 0\)$/.test(c);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!clear(c)) return c; } return "rgb(255, 255, 255)"; };
  let least = 99, where = "";
  for (const e of document.querySelectorAll("h1, h2, h3, p, a, b, li, dt, dd, td, th, em, span, code, pre, summary, figcaption, footer, button, input")) {
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) { least = ratio; where = e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 40); }
  }
  return {
    Title: document.title, Overflow: document.documentElement.scrollWidth - window.innerWidth,
    Dark: light(behind(document.body)) < 0.2, Contrast: least, Where: where,
  };
})()`

func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	browser := startBrowser(t)
	pages := map[string]string{
		"start": "/docs", "area": "/docs/areas/policy-management", "list": "/docs/operations/listForwardingRules", "create": "/docs/operations/createIpSourceGroup",
		"odd": "/docs/operations/generateExternalId", "schema": "/docs/schemas/ForwardingRule", "found": "/docs?q=workload+group",
	}
	for _, scheme := range []string{"light", "dark"} {
		for size, width := range map[string]int64{"wide": 1280, "narrow": 360} {
			ctx := tab(t, browser, s.URL())
			media := command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			for name, path := range pages {
				var m measured
				var picture []byte
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), media, chromedp.Navigate(s.URL()+path),
					into(&m, chromedp.Evaluate[measured](measure)), into(&picture, chromedp.CaptureScreenshot())); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if m.Overflow > 0 || m.Dark != (scheme == "dark") || m.Contrast < 4.5 || !strings.HasSuffix(m.Title, " · Spurline") {
					t.Errorf("%s, %s and %s: %+v", path, scheme, size, m)
				}
				keep(t, picture, name, scheme, size)
			}
		}
	}
}

func keep(t *testing.T, picture []byte, name ...string) {
	t.Helper()
	dir := os.Getenv(screenshotsVar)
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, strings.Join(name, "-")+".png"), picture, 0o644); err != nil {
		t.Error(err)
	}
}

// slash is the key that leads to the search box, without the character that a
// driver types after it, whatever the page says.
func slash(ctx context.Context, t *chromedp.Target) error {
	_, err := chromedp.Evaluate[bool](`document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true}))`)(ctx, t)
	return err
}

// The contents narrow down to what is typed, and the server finds the same.
func TestSearchInABrowser(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	browser := startBrowser(t)
	const (
		shown = `[...document.querySelectorAll("nav [data-find]")].filter((e) => e.checkVisibility()).map((e) => e.textContent.trim().replace(/\s+/g, " "))`
		found = `[...document.querySelectorAll("main .operations li a")].map((e) => e.textContent.trim().replace(/\s+/g, " "))`
	)
	var before, typed, cleared, answered []string
	ctx := tab(t, browser, s.URL())
	entries := chromedp.Evaluate[[]string](shown)
	err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL()+"/docs"), into(&before, entries),
		chromedp.Func(slash), chromedp.KeyEvent("regenerate"), into(&typed, entries),
		chromedp.KeyEvent(strings.Repeat("\b", len("regenerate"))), into(&cleared, entries),
		chromedp.KeyEvent("API key value\r"), chromedp.WaitVisible(chromedp.CSS("main .operations")), into(&answered, chromedp.Evaluate[[]string](found)),
	)
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != 0 || len(cleared) != 0 || len(typed) == 0 || len(typed) > 4 || !strings.Contains(typed[0], "API key") {
		t.Errorf("shown before %q, while typing %q, and after %q", before, typed, cleared)
	}
	if !strings.Contains(strings.Join(answered, "\n"), "/apiKeys/{id}/regenerate") {
		t.Errorf("the server found %q", answered)
	}
}

// Without scripts the pages say the same, and the search asks the server.
func TestPagesWithoutScripts(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, server.Config{})
	ctx := tab(t, startBrowser(t), s.URL())
	var heading, first string
	const found = chromedp.CSS("main .operations a")
	err := chromedp.Do(ctx, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}), chromedp.Navigate(s.URL()+"/docs"),
		chromedp.SendKeys(chromedp.CSS("input[type=search]"), "createLocationTemplate\r"), chromedp.WaitVisible(found),
		chromedp.Click(found), chromedp.WaitVisible(chromedp.CSS(".facts")),
		into(&heading, chromedp.Text(chromedp.CSS("h1"))), into(&first, chromedp.Text(chromedp.CSS(".path code"))))
	if err != nil {
		t.Fatal(err)
	}
	if heading != "Create a location template" || first != "/api/v1/locationTemplate" {
		t.Errorf("the page is %q of %q", heading, first)
	}
}
