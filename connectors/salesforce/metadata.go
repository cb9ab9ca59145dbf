package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"standdown/connectors"
)

// An Object is an sObject as the org describes it to the integration user:
// what that user may not see is not there.
type Object struct {
	Name         string  `json:"name"`
	Queryable    bool    `json:"queryable"`
	Createable   bool    `json:"createable"`
	Updateable   bool    `json:"updateable"`
	Deletable    bool    `json:"deletable"`
	Replicatable bool    `json:"replicateable"`
	FeedEnabled  bool    `json:"feedEnabled"`
	Fields       []Field `json:"fields"`
}

// A Field is one field of an [Object].
type Field struct {
	Name string `json:"name"`
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

// Objects returns the names of all objects that the integration user may see.
func (c *Client) Objects(ctx context.Context) ([]string, error) {
	var answer struct {
		Objects []struct {
			Name string `json:"name"`
		} `json:"sobjects"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: "/sobjects", read: true}, &answer); err != nil {
		return nil, fmt.Errorf("listing objects: %w", err)
	}
	var names []string
	for _, o := range answer.Objects {
		names = append(names, o.Name)
	}
	return names, nil
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
