package sandbox

import (
	"fmt"
	"net/http"
)

// An Error is a refusal, in Salesforce's words.
type Error struct {
	Status  int // HTTP status
	Code    string
	Message string
	Fields  []string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) on(fields ...string) *Error {
	e.Fields = fields
	return e
}

func notFound(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: fmt.Sprintf(format, args...)}
}

// restBody is the form of an error that concerns the whole request.
func (e *Error) restBody() []map[string]any {
	body := map[string]any{"message": e.Message, "errorCode": e.Code}
	if e.Fields != nil {
		body["fields"] = e.Fields
	}
	return []map[string]any{body}
}

// rowResult is the form of an error that concerns one row of several.
func (e *Error) rowResult() map[string]any {
	fields := e.Fields
	if fields == nil {
		fields = []string{}
	}
	return map[string]any{
		"success": false,
		"errors":  []map[string]any{{"statusCode": e.Code, "message": e.Message, "fields": fields}},
	}
}
