package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// partsPerCall is how many queries or sObject Collections one Composite call
// may carry; it counts as one API call (Composite, Limits).
const partsPerCall = 5

// An answered is what a Composite call says about one of its parts.
type answered struct {
	Body        json.RawMessage `json:"body"`
	Status      int             `json:"httpStatusCode"`
	ReferenceID string          `json:"referenceId"`
}

var errUnanswered = errors.New("a part of the call was not answered")

// err is nil if the part was done.
func (a answered) err(read bool) error {
	switch {
	case a.Status == 0:
		return lostError(read, errUnanswered)
	case a.Status >= 300:
		return answerError(&call{read: read, status: a.Status, body: a.Body})
	}
	return nil
}

// composite makes several requests in one call, one after the other, and
// returns their answers in the same order. The error is that of the call as a
// whole.
func (c *Client) composite(ctx context.Context, parts []request) ([]answered, time.Time, error) {
	type subrequest struct {
		Method      string            `json:"method"`
		URL         string            `json:"url"`
		ReferenceID string            `json:"referenceId"`
		Body        any               `json:"body,omitempty"`
		Header      map[string]string `json:"httpHeaders,omitempty"`
	}
	body := struct {
		AllOrNone bool         `json:"allOrNone"`
		Collate   bool         `json:"collateSubrequests"`
		Requests  []subrequest `json:"compositeRequest"`
	}{}
	read := true
	for i, p := range parts {
		read = read && p.read
		body.Requests = append(body.Requests, subrequest{
			Method: p.method, URL: "/services/data/v" + c.opts.APIVersion + p.path, ReferenceID: "p" + strconv.Itoa(i),
			Body: p.body, Header: p.header,
		})
	}
	var answer struct {
		Responses []answered `json:"compositeResponse"`
	}
	at, err := c.doDated(ctx, request{method: http.MethodPost, path: "/composite", body: body, read: read, parts: len(parts)}, &answer)
	if err != nil {
		return nil, at, err
	}
	answers := make([]answered, len(parts))
	for i, sent := range body.Requests {
		if j := slices.IndexFunc(answer.Responses, func(a answered) bool { return a.ReferenceID == sent.ReferenceID }); j >= 0 {
			answers[i] = answer.Responses[j]
		}
	}
	return answers, at, nil
}
