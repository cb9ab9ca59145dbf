package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"standdown/connectors"
)

const (
	repetitions   = 2
	shortestPause = 100 * time.Millisecond
	longestPause  = 2 * time.Second
	errorLimit    = 64 << 10
	answerLimit   = 64 << 20
)

// A request is one call of the REST API.
type request struct {
	method string
	path   string // after /services/data/vXX.X
	body   any
	header map[string]string
	// read tells that the call changes nothing, whatever its method: it may be
	// repeated, and if it fails, nothing is in doubt.
	read bool
	// parts is how many requests a Composite call stands for; it may take as
	// many times as long.
	parts int
	// partial tells that a 400 brings outcomes too, because one of several is
	// an error (Actions API).
	partial bool
}

// A call travels with a request's context through the transports and brings
// back what the library drops.
type call struct {
	read   bool
	status int
	header http.Header
	body   []byte // of an answer that is not 2xx
}

type callKey struct{}

// do makes a call and decodes the answer into out, if that is not nil. Its
// errors are *connectors.Error. A write that was sent and not answered is of
// class Unknown; so is one that ctx ended.
func (c *Client) do(ctx context.Context, r request, out any) error {
	_, err := c.doDated(ctx, r, out)
	return err
}

// doDated is do, and tells the org's own time.
func (c *Client) doDated(ctx context.Context, r request, out any) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, &connectors.Error{Class: connectors.Temporary, Err: err}
	}
	if err := c.budget.allow(c.opts.Now()); err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(1, r.parts))*c.opts.CallTimeout)
	defer cancel()
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return time.Time{}, &connectors.Error{Class: connectors.Rejected, Err: err}
		}
	}
	made := &call{read: r.read}
	ctx = context.WithValue(ctx, callKey{}, made)
	resp, err := c.sf.DoRequest(r.method, r.path, body, func(req *http.Request) {
		*req = *req.WithContext(ctx)
		req.Header.Set("User-Agent", c.opts.Client)
		req.Header.Set("Sforce-Call-Options", "client="+c.opts.Client)
		for name, value := range r.header {
			req.Header.Set(name, value)
		}
	})
	if made.status >= 300 {
		if resp != nil {
			resp.Body.Close()
		}
		if r.partial && made.status == http.StatusBadRequest && !isErrorList(made.body) && json.Unmarshal(made.body, out) == nil {
			return serverTime(made.header, c.opts.Now), nil
		}
		return time.Time{}, answerError(made)
	}
	if err != nil {
		return time.Time{}, lostError(r.read, err)
	}
	defer resp.Body.Close()
	answer := c.answers.Get().(*bytes.Buffer)
	defer c.answers.Put(answer) // what is decoded shares nothing with it
	answer.Reset()
	_, err = answer.ReadFrom(io.LimitReader(resp.Body, answerLimit))
	if err == nil && out != nil {
		err = json.Unmarshal(answer.Bytes(), out)
	}
	if err != nil {
		return time.Time{}, lostError(r.read, fmt.Errorf("reading the answer: %w", err))
	}
	return serverTime(made.header, c.opts.Now), nil
}

// serverTime is the Date of an answer, which is cut to the second; or our own
// time if that is earlier: a clock that is ahead would have changes skipped,
// one that is behind only has some read again.
func serverTime(h http.Header, now func() time.Time) time.Time {
	ours := now().UTC().Truncate(time.Second)
	if t, err := http.ParseTime(h.Get("Date")); err == nil && t.Before(ours) {
		return t.UTC()
	}
	return ours
}

// observing is the outermost transport: it notes what the library would lose,
// and keeps the library from parsing error pages.
type observing struct {
	next   http.RoundTripper
	budget *budget
}

func (o observing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	o.budget.note(resp.Header.Get("Sforce-Limit-Info"))
	made, ok := req.Context().Value(callKey{}).(*call)
	if !ok {
		return resp, nil
	}
	made.status, made.header = resp.StatusCode, resp.Header
	if resp.StatusCode >= 300 {
		// A body that breaks off is judged by its status.
		made.body, _ = io.ReadAll(io.LimitReader(resp.Body, errorLimit))
		resp.Body.Close()
		resp.Body = io.NopCloser(strings.NewReader("[]"))
		resp.Header.Del("Content-Encoding")
	}
	return resp, nil
}

// counting is the innermost transport: it tells of each call, repetitions too.
type counting struct {
	next   http.RoundTripper
	called func(resource string)
}

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	// /services/data/v64.0/RESOURCE/...
	resource := "versions"
	if parts := strings.SplitN(strings.Trim(req.URL.Path, "/"), "/", 5); len(parts) > 3 {
		resource = parts[3]
	}
	c.called(resource)
	return c.next.RoundTrip(req)
}

// repeating repeats reads that met a passing trouble, and any call that could
// not even connect.
func repeating(next http.RoundTripper) http.RoundTripper {
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: next, CheckRedirect: noRedirect}
	client.Logger = nil
	client.RetryMax = repetitions
	client.RetryWaitMin, client.RetryWaitMax = shortestPause, longestPause
	client.CheckRetry = mayRepeat
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &retryablehttp.RoundTripper{Client: client}
}

func mayRepeat(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if _, known := errors.AsType[*connectors.Error](err); known {
		return false, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	made, ok := ctx.Value(callKey{}).(*call)
	read := ok && made.read
	if err != nil {
		return read || neverSent(err), nil
	}
	if !read {
		return false, nil
	}
	switch resp.StatusCode {
	case 406, 420, 429, 500, 502, 503, 504:
		return retryAfter(resp.Header) <= longestPause, nil
	}
	return false, nil
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}

// withoutURL drops the address that net/http puts before an error: it holds
// the query.
func withoutURL(err error) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = outer.Err
	}
}
