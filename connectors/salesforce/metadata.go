package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"standdown/connectors"
)

// An Object is an sObject as the org describes it to the integration user:
// what that user may not see is not there.
type Object struct {
	Name         string  `json:"name"`
	Label        string  `json:"label"`
	Queryable    bool    `json:"queryable"`
	Createable   bool    `json:"createable"`
	Updateable   bool    `json:"updateable"`
	Deletable    bool    `json:"deletable"`
	Replicatable bool    `json:"replicateable"`
	FeedEnabled  bool    `json:"feedEnabled"`
	Fields       []Field `json:"fields"`
	Children     []Child `json:"childRelationships"`
}

// A Child is a lookup of another object that leads to this one.
type Child struct {
	Object string `json:"childSObject"`
	Field  string `json:"field"`
}

// A Field is one field of an [Object].
type Field struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	// Type is as Salesforce writes it: string, picklist, reference, datetime.
	Type             string   `json:"type"`
	Length           int      `json:"length"` // in characters; 0 for types without
	Createable       bool     `json:"createable"`
	Updateable       bool     `json:"updateable"`
	Filterable       bool     `json:"filterable"`
	Nillable         bool     `json:"nillable"`
	Calculated       bool     `json:"calculated"`
	ExternalID       bool     `json:"externalId"`
	Unique           bool     `json:"unique"`
	NameField        bool     `json:"nameField"` // what people call the record by
	Restricted       bool     `json:"restrictedPicklist"`
	Values           []Choice `json:"picklistValues"`
	RefersTo         []string `json:"referenceTo"`
	RelationshipName string   `json:"relationshipName"`
}

// A Choice is one value of a picklist.
type Choice struct {
	Value  string `json:"value"`
	Active bool   `json:"active"`
}

// Field returns the field of that name, whatever its case.
func (o Object) Field(name string) (Field, bool) {
	for _, f := range o.Fields {
		if strings.EqualFold(f.Name, name) {
			return f, true
		}
	}
	return Field{}, false
}

// Describe returns what the integration user may see of an object. If it is
// none, or hidden, there is no error and found is false.
func (c *Client) Describe(ctx context.Context, name string) (o Object, found bool, err error) {
	if !isName(name) {
		return Object{}, false, nil
	}
	err = c.do(ctx, request{method: http.MethodGet, path: "/sobjects/" + name + "/describe", read: true}, &o)
	if code(err) == "NOT_FOUND" {
		return Object{}, false, nil
	}
	if err != nil {
		return Object{}, false, fmt.Errorf("describing %s: %w", name, err)
	}
	return o, true, nil
}

// describesPerCall keeps an answer small: of an object with hundreds of fields
// it may be a megabyte.
const describesPerCall = 10

// DescribeAll is [Client.Describe] for many objects in few calls, by name. What
// is hidden or not there is not in the result. (Composite takes all sObject
// resources, and counts as one call; an object that it does not describe is asked
// for alone.)
func (c *Client) DescribeAll(ctx context.Context, names []string) (map[string]Object, error) {
	all := map[string]Object{}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isName(name) })
	for batch := range slices.Chunk(names, describesPerCall) {
		var parts []request
		for _, name := range batch {
			parts = append(parts, request{method: http.MethodGet, path: "/sobjects/" + name + "/describe", read: true})
		}
		answers, _, err := c.composite(ctx, parts)
		if err != nil {
			return nil, fmt.Errorf("describing objects: %w", err)
		}
		for i, a := range answers {
			o, found, err := c.described(ctx, batch[i], a)
			if err != nil {
				return nil, fmt.Errorf("describing %s: %w", batch[i], err)
			}
			if found {
				all[batch[i]] = o
			}
		}
	}
	return all, nil
}

// described reads what a part of a Composite call says about an object.
func (c *Client) described(ctx context.Context, name string, a answered) (o Object, found bool, err error) {
	switch err := a.err(true); {
	case code(err) == "NOT_FOUND":
		return o, false, nil
	case err != nil:
		return c.Describe(ctx, name)
	}
	err = json.Unmarshal(a.Body, &o)
	return o, err == nil, err
}

// Objects returns all objects that the integration user may see, without their
// fields and children.
func (c *Client) Objects(ctx context.Context) ([]Object, error) {
	var answer struct {
		Objects []Object `json:"sobjects"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: "/sobjects", read: true}, &answer); err != nil {
		return nil, fmt.Errorf("listing objects: %w", err)
	}
	return answer.Objects, nil
}

// An Allowance is how much of something the org may use in its time, and how
// much of that is left.
type Allowance struct {
	Max       int `json:"Max"`
	Remaining int `json:"Remaining"`
}

// Limits returns the org's allowances by Salesforce's names, such as
// "DailyApiRequests". A user without the permission "View Setup and
// Configuration" may be denied them; [Client.Usage] is told to everyone.
func (c *Client) Limits(ctx context.Context) (map[string]Allowance, error) {
	var limits map[string]Allowance
	if err := c.do(ctx, request{method: http.MethodGet, path: "/limits", read: true}, &limits); err != nil {
		return nil, fmt.Errorf("reading limits: %w", err)
	}
	return limits, nil
}

// User returns who is logged in, by user name; empty if that is not known, as
// with an access token.
func (c *Client) User(ctx context.Context) (string, error) {
	if _, err := c.login.current(ctx, ""); err != nil {
		return "", err
	}
	id := c.login.userID()
	if id == "" {
		return "", nil
	}
	found, err := c.Find(ctx, connectors.Query{Kind: "User", Fields: []string{"Username"}, Where: []connectors.Cond{{Field: "Id", Op: "=", Value: id}}})
	if err != nil || len(found) == 0 {
		return "", err
	}
	name, _ := found[0].Fields["Username"].(string)
	return name, nil
}
