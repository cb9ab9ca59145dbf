package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxSubrequests = 25
	maxHeavy       = 5 // of which queries or collections
)

type subrequest struct {
	Method      string
	URL         string
	ReferenceID string
	Body        json.RawMessage
	HTTPHeaders map[string]string
}

// composite runs up to 25 calls as one, in the order given: a later one may
// use what an earlier one answered, as in @{account.id}. Salesforce keeps
// that order too unless the parts may be collated, which nothing observes
// here.
func (o *Org) composite(c call) reply {
	var body struct {
		AllOrNone        bool
		CompositeRequest []subrequest
	}
	if err := c.decode(&body); err != nil {
		return err.reply()
	}
	parts := body.CompositeRequest
	if err := o.checkComposite(parts); err != nil {
		return err.reply()
	}
	restore := func() {}
	if body.AllOrNone {
		restore = o.store.snapshot()
	}
	responses := make([]map[string]any, len(parts))
	answers := map[string]any{}
	referring := bytes.Contains(c.body, []byte("@{")) // otherwise there is nothing to fill in
	failed := false
	for i, part := range parts {
		var rep reply
		if err := part.fill(answers, referring); err != nil {
			rep = err.reply()
		} else {
			rep = o.part(c, part)
		}
		ok := rep.status < 300
		failed = failed || !ok
		if ok && referring {
			answers[part.ReferenceID] = generic(rep.body)
		}
		responses[i] = response(part, rep)
	}
	if body.AllOrNone && failed {
		restore()
		for i, part := range parts {
			if responses[i]["httpStatusCode"].(int) < 300 {
				responses[i] = response(part, refuse("PROCESSING_HALTED",
					"The transaction was rolled back since another operation in the same transaction failed.").reply())
			}
		}
	}
	return reply{http.StatusOK, nil, map[string]any{"compositeResponse": responses}}
}

func (o *Org) checkComposite(parts []subrequest) *Error {
	if len(parts) == 0 {
		return refuse("REQUIRED_FIELD_MISSING", "At least 1 subrequest is required")
	}
	if len(parts) > maxSubrequests {
		return refuse("LIMIT_EXCEEDED", "Limit of %d reached for operations in the request", maxSubrequests)
	}
	heavy := 0
	seen := map[string]bool{}
	for _, p := range parts {
		if strings.Trim(p.ReferenceID, digits62+"_") != "" || p.ReferenceID == "" {
			return refuse("INVALID_INPUT", "referenceId %q: want letters, digits and underscores", p.ReferenceID)
		}
		if seen[p.ReferenceID] {
			return refuse("INVALID_INPUT", "referenceId %q is used twice", p.ReferenceID)
		}
		seen[p.ReferenceID] = true
		if strings.Contains(p.URL, "/query") || strings.Contains(p.URL, "/composite/sobjects") {
			heavy++
		}
	}
	if heavy > maxHeavy {
		return refuse("LIMIT_EXCEEDED", "Limit of %d reached for queries and sObject Collections in the request", maxHeavy)
	}
	return nil
}

func response(part subrequest, rep reply) map[string]any {
	headers := rep.header
	if headers == nil {
		headers = map[string]string{}
	}
	return map[string]any{"body": rep.body, "httpHeaders": headers, "httpStatusCode": rep.status, "referenceId": part.ReferenceID}
}

// fill puts what earlier parts answered in the place of references to it.
func (p *subrequest) fill(answers map[string]any, referring bool) *Error {
	if !referring {
		return nil
	}
	var body any
	if p.Body != nil {
		_ = json.Unmarshal(p.Body, &body) // it came from JSON
	}
	header := map[string]any{}
	for name, v := range p.HTTPHeaders {
		header[name] = v
	}
	filled, err := substitute([]any{p.URL, body, header}, answers)
	if err != nil {
		return err
	}
	all := filled.([]any)
	p.URL = fmt.Sprint(all[0])
	if p.Body != nil {
		p.Body, _ = json.Marshal(all[1])
	}
	p.HTTPHeaders = map[string]string{}
	for name, v := range all[2].(map[string]any) {
		p.HTTPHeaders[name] = fmt.Sprint(v)
	}
	return nil
}

func (o *Org) part(c call, part subrequest) reply {
	header := http.Header{}
	for name, v := range part.HTTPHeaders {
		header.Set(name, v)
	}
	u, perr := url.Parse(part.URL)
	if perr != nil {
		return refuse("INVALID_INPUT", "url: %s", perr).reply()
	}
	path, perr := splitPath(u.EscapedPath())
	if perr != nil || len(path) < 4 || path[0] != "services" || path[1] != "data" || path[3] == "composite" && len(path) == 4 {
		return refuse("INVALID_INPUT", "the url must be that of a resource below %s, and not of another composite request", c.base).reply()
	}
	sub := call{method: part.Method, path: path[3:], query: u.Query(), header: header, base: c.base, user: c.user, grants: c.grants, client: c.client}
	if string(part.Body) != "null" {
		sub.body = part.Body
	}
	return o.route(sub)
}

// substitute puts what earlier parts answered in the place of references such
// as @{account.id} or @{found.records[0].Id}.
func substitute(v any, answers map[string]any) (any, *Error) {
	switch v := v.(type) {
	case string:
		return substituteText(v, answers)
	case []any:
		out := slices.Clone(v)
		for i := range out {
			var err *Error
			if out[i], err = substitute(out[i], answers); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := maps.Clone(v)
		for k := range out {
			var err *Error
			if out[k], err = substitute(out[k], answers); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func substituteText(s string, answers map[string]any) (any, *Error) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(s, "@{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		reference, rest, closed := strings.Cut(after, "}")
		value, ok := lookUp(reference, answers)
		if !closed || !ok || reference == "" {
			return nil, refuse("PROCESSING_HALTED", "Invalid reference specified. No value for %s found.", abbreviate(reference))
		}
		if out.Len() == 0 && rest == "" {
			return value, nil
		}
		fmt.Fprint(&out, value)
		s = rest
	}
}

func lookUp(reference string, answers map[string]any) (any, bool) {
	var at any = answers
	for step := range strings.FieldsFuncSeq(reference, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return nil, false
			}
			at = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			at = v[i]
		default:
			return nil, false
		}
	}
	return at, true
}

// generic gives a body the shape it has for a reader of JSON.
func generic(body any) any {
	b, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}
