package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// control answers what is below /sandbox/, which is no part of Salesforce.
func (o *Org) control(method, what string, body []byte) reply {
	var err error
	switch method + " " + what {
	case "DELETE faults":
		o.ClearFaults()
	case "POST faults":
		err = o.controlFault(body)
	case "POST access":
		err = o.controlAccess(body)
	case "DELETE sessions":
		o.ExpireTokens()
	default:
		if what != "faults" && what != "access" && what != "sessions" {
			return notFound("The requested resource does not exist").reply()
		}
		return call{method: method}.methods(nil)
	}
	if err != nil {
		return refuse("JSON_PARSER_ERROR", "%s", err).reply()
	}
	return reply{status: http.StatusNoContent}
}

func (o *Org) controlFault(body []byte) error {
	var in struct {
		Name string
		Kind FaultKind

		Method, Path, Record, ContentType, Body, Delay string

		After, Count, Status int
	}
	err := decodeStrictly(body, &in)
	if err != nil {
		return err
	}
	f := Fault{Kind: in.Kind, Method: in.Method, Path: in.Path, Record: in.Record, After: in.After, Count: in.Count, Status: in.Status, ContentType: in.ContentType, Body: in.Body}
	if in.Name != "" {
		named, ok := Named()[in.Name]
		if !ok {
			return fmt.Errorf("fault: there is none named %q", abbreviate(in.Name))
		}
		f = named
		f.After = in.After
		if in.Count != 0 {
			f.Count = in.Count
		}
		if in.Method != "" || in.Path != "" {
			f.Method, f.Path = in.Method, in.Path
		}
		if in.Record != "" {
			f.Record = in.Record
		}
	}
	if in.Delay != "" {
		if f.Delay, err = time.ParseDuration(in.Delay); err != nil {
			return err
		}
	}
	if err := f.check(); err != nil {
		return err
	}
	o.Fault(f)
	return nil
}

func (o *Org) controlAccess(body []byte) error {
	var in struct {
		Access Access
		To     []string
	}
	if err := decodeStrictly(body, &in); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.allow(in.Access, in.To)
}

func decodeStrictly(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
