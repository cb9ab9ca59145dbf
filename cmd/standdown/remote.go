package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
)

// remoteTimeout is how long one call may take, and mostReceived how many bytes
// an answer may have.
const (
	remoteTimeout = 30 * time.Second
	mostReceived  = 64 << 20
)

// serverURL is the daemon that is to be asked; empty if it is the journal.
func (g *globals) serverURL() string {
	return cmp.Or(g.server.Value.String(), os.Getenv("STANDDOWN_SERVER"))
}

// suit refuses flags that the command would ignore.
func (g *globals) suit(cmd *cobra.Command, _ []string) error {
	remote := false
	for c := cmd; c != nil; c = c.Parent() {
		remote = remote || c.Annotations[byServer] != ""
	}
	switch {
	case g.server.Changed && !remote:
		return usagef("'%s' does not ask a daemon: do it where the journal and the configuration are, without --server", cmd.CommandPath())
	case g.org.Changed && remote && g.serverURL() != "":
		return usagef("--org chooses from the configurations here, and the daemon at %s is that of one org: leave it out", g.serverURL())
	case g.tokenFile.Changed && g.serverURL() == "":
		return usagef("--token-file is for a daemon: name it with --server")
	}
	return nil
}

// byServer marks the commands that can ask a daemon, with all below them.
const byServer = "server"

// remotely marks a command so.
func remotely(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{byServer: "yes"}
	return cmd
}

// A remote is a desk at a daemon elsewhere, which knows by the token who acts.
// What only looks is tried again when the way there is troubled. What acts is
// not: if no answer comes, the error says so, and people look first.
type remote struct {
	base  *url.URL
	token string
	once  *http.Client
	again *http.Client // for what only looks
}

func (g *globals) newRemote(server string) (*remote, error) {
	token := os.Getenv("STANDDOWN_TOKEN")
	if file := g.tokenFile.Value.String(); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, usagef("reading the token: %v", err)
		}
		token = string(text)
	}
	token = strings.TrimSpace(token)
	base, err := url.Parse(server)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, usagef("--server: want the address of the daemon's pages (web.listen), such as https://standdown.acme.example or http://127.0.0.1:8470")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, usagef("--server: want the address alone; the token goes into a file (--token-file) or STANDDOWN_TOKEN")
	case base.Scheme == "http" && token != "" && !here(base.Hostname()):
		return nil, usagef("--server %s: the token would go there for everybody to read; want https", server)
	}
	once := &http.Client{Timeout: remoteTimeout, CheckRedirect: stay}
	retry := retryablehttp.NewClient()
	retry.HTTPClient, retry.Logger, retry.RetryMax = once, nil, 3
	retry.RetryWaitMin, retry.RetryWaitMax = 100*time.Millisecond, time.Second
	retry.CheckRetry, retry.ErrorHandler = troubled, retryablehttp.PassthroughErrorHandler
	again := retry.StandardClient()
	again.CheckRedirect = stay
	return &remote{base: base, token: token, once: once, again: again}, nil
}

// stay keeps the token from being sent elsewhere.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// here tells whether the host is this machine.
func here(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// troubled tells whether trying again may help: not if somebody has to wait for
// long, as one who was refused too often has.
func troubled(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return true, nil
	}
	return resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusGatewayTimeout, nil
}

// get asks for what is there.
func (r *remote) get(ctx context.Context, path string, query url.Values, out any) error {
	return r.call(ctx, r.again, http.MethodGet, path, query, nil, out)
}

// post has something done, once.
func (r *remote) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return r.call(ctx, r.once, http.MethodPost, path, nil, body, out)
}

func (r *remote) call(ctx context.Context, client *http.Client, method, path string, query url.Values, body []byte, out any) error {
	where := r.base.JoinPath("api/v1", path)
	where.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, where.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return r.unreached(method, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostReceived))
	switch kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); {
	case err != nil:
		return r.unreached(method, err)
	case kind == "application/problem+json":
		return r.refused(resp.StatusCode, text)
	case resp.StatusCode != http.StatusOK || kind != "application/json":
		return &connectors.Error{Class: connectors.Rejected, Err: fmt.Errorf("%s does not answer as this program's daemon does (%s); want the address of its pages (web.listen)", r.base.Redacted(), resp.Status)}
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", r.base.Redacted(), err)
	}
	return nil
}

func (r *remote) unreached(method string, err error) error {
	if ours, ok := errors.AsType[*url.Error](err); ok {
		err = ours.Err // without the address, which is told here
	}
	doubt := ""
	if method != http.MethodGet {
		doubt = "; it may have been done all the same: look before you say it again"
	}
	return &connectors.Error{Class: connectors.Temporary, Err: fmt.Errorf("reaching %s: %w%s", r.base.Redacted(), err, doubt)}
}

// refused is what the daemon says.
func (r *remote) refused(status int, text []byte) error {
	var problem struct{ Detail string }
	if err := json.Unmarshal(text, &problem); err != nil || problem.Detail == "" {
		problem.Detail = http.StatusText(status)
	}
	err := fmt.Errorf("%s: %s", r.base.Redacted(), problem.Detail)
	switch status {
	case http.StatusUnauthorized:
		return &connectors.Error{Class: connectors.Denied, Err: err, Hint: "the token comes from --token-file or STANDDOWN_TOKEN"}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInternalServerError:
		return &connectors.Error{Class: connectors.Temporary, Err: err}
	}
	return err
}

func (r *remote) Entries(ctx context.Context, f store.Filter) (all []store.Entry, err error) {
	query := url.Values{"limit": {"500"}}
	for _, s := range f.States {
		query.Add("state", string(s))
	}
	switch {
	case f.ID != 0:
		// Who names one that is not there is told so as by the journal.
		query.Set("after", strconv.FormatInt(f.ID-1, 10))
		query.Set("limit", "1")
		query.Set("all", "true")
	case f.Decision != "":
		query.Set("decision", f.Decision)
	case f.Hold != "":
		query.Set("hold", f.Hold)
	case len(f.States) == 0:
		query.Set("all", "true")
	}
	for {
		var page struct {
			Items []store.Entry
			Next  string
		}
		if err := r.get(ctx, "entries", query, &page); err != nil {
			return nil, err
		}
		if f.ID != 0 && (len(page.Items) != 1 || page.Items[0].ID != f.ID) {
			return nil, nil
		}
		all = append(all, page.Items...)
		if page.Next == "" || f.ID != 0 {
			return all, nil
		}
		query.Set("after", page.Next)
	}
}

func (r *remote) Decisions(ctx context.Context, name string) ([]store.Decision, error) {
	var page struct{ Items []store.Decision }
	err := r.get(ctx, "decisions", url.Values{"name": {name}}, &page)
	return page.Items, err
}

func (r *remote) Decision(ctx context.Context, id string) (one dossier, err error) {
	err = r.get(ctx, "decisions/"+url.PathEscape(id), nil, &one)
	return one, err
}

func (r *remote) Brakes(ctx context.Context) ([]store.Brake, error) {
	var status struct{ Paused []store.Brake }
	err := r.get(ctx, "status", nil, &status)
	return status.Paused, err
}

func (r *remote) Holds(ctx context.Context) ([]store.Hold, error) {
	var page struct{ Items []store.Hold }
	err := r.get(ctx, "holds", nil, &page)
	return page.Items, err
}

func (r *remote) Answer(ctx context.Context, entries []int64, signal store.Signal, reason string) error {
	return r.post(ctx, "answers", map[string]any{"signal": signal, "entries": entries, "reason": reason}, &struct{}{})
}

func (r *remote) PlanUndo(ctx context.Context, decision string) (p undoPlan, err error) {
	err = r.get(ctx, "decisions/"+url.PathEscape(decision)+"/undo", nil, &p)
	return p, err
}

func (r *remote) Undo(ctx context.Context, decision, reason string) (p undoPlan, err error) {
	err = r.post(ctx, "decisions/"+url.PathEscape(decision)+"/undo", map[string]string{"reason": reason}, &p)
	return p, err
}

func (r *remote) Pause(ctx context.Context, system, reason string) error {
	return r.post(ctx, "pause", map[string]string{"system": system, "reason": reason}, &struct{}{})
}

func (r *remote) Resume(ctx context.Context, system, reason string) error {
	return r.post(ctx, "resume", map[string]string{"system": system, "reason": reason}, &struct{}{})
}
