package salesforce

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"standdown/connectors"
)

// An apiError is one entry of an error answer. Requests as a whole name the
// code errorCode, single records in a collection statusCode.
type apiError struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func (e apiError) code() string {
	if e.ErrorCode != "" {
		return e.ErrorCode
	}
	return e.StatusCode
}

// What to do about an error code. Codes that are not listed are Rejected.
type verdict struct {
	class connectors.Class
	wait  time.Duration
	hint  string
}

const (
	hintRead  = "check the name, and that the integration user may read it"
	hintWrite = "check the integration user's permissions on the object and its fields"
	hintRule  = "a rule of the org refuses it; see what its administrator says"
	hintValue = "another record has this value; find out which one is right"
)

var verdicts = map[string]verdict{
	// For the moment.
	"INVALID_QUERY_LOCATOR":                               {class: connectors.Temporary},
	"QUERY_TIMEOUT":                                       {class: connectors.Temporary},
	"REQUEST_RUNNING_TOO_LONG":                            {class: connectors.Temporary},
	"SERVER_UNAVAILABLE":                                  {class: connectors.Temporary},
	"UNABLE_TO_LOCK_ROW":                                  {class: connectors.Temporary},
	"UNKNOWN_EXCEPTION":                                   {class: connectors.Temporary},
	"TXN_SECURITY_METERING_ERROR":                         {class: connectors.Temporary, wait: time.Minute},
	"PROCESSING_HALTED":                                   {class: connectors.Temporary},
	"ALL_OR_NONE_OPERATION_ROLLED_BACK":                   {class: connectors.Temporary},
	"API_CURRENTLY_DISABLED":                              {class: connectors.Temporary, wait: time.Minute},
	"FUNCTIONALITY_TEMPORARILY_UNAVAILABLE":               {class: connectors.Temporary, wait: time.Minute},
	"INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": {class: connectors.Temporary, wait: 5 * time.Minute},
	"ENTITY_IS_LOCKED":                                    {class: connectors.Temporary, wait: 15 * time.Minute, hint: "the record is locked by an approval"},

	// The record is not what it was.
	"ENTITY_IS_DELETED":                      {class: connectors.Conflict},
	"ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": {class: connectors.Conflict},

	// The whole connection.
	"INVALID_SESSION_ID":   {class: connectors.Denied, hint: "check that the integration user may use the API"},
	"INVALID_LOGIN":        {class: connectors.Denied},
	"API_DISABLED_FOR_ORG": {class: connectors.Denied, hint: "this edition or user has no API access"},

	// For ever, unless a person does something.
	"INSUFFICIENT_ACCESS":                           {class: connectors.Rejected, hint: hintWrite},
	"INSUFFICIENT_ACCESS_OR_READONLY":               {class: connectors.Rejected, hint: hintWrite},
	"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": {class: connectors.Rejected, hint: hintWrite},
	"INVALID_FIELD_FOR_INSERT_UPDATE":               {class: connectors.Rejected, hint: hintWrite},
	"INVALID_FIELD":                                 {class: connectors.Rejected, hint: hintRead},
	"INVALID_TYPE":                                  {class: connectors.Rejected, hint: hintRead},
	"NOT_FOUND":                                     {class: connectors.Rejected, hint: hintRead},
	"INVALID_CROSS_REFERENCE_KEY":                   {class: connectors.Rejected, hint: "a record it refers to is gone, or the integration user may not see it"},
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":       {class: connectors.Rejected, hint: "add the value to the picklist, or map it to one that is there"},
	"REQUIRED_FIELD_MISSING":                        {class: connectors.Rejected, hint: "the org requires a field that is not written; make it optional, or give it a default"},
	"STRING_TOO_LONG":                               {class: connectors.Rejected, hint: "make the field longer"},
	"FEED_NOT_ENABLED_FOR_OBJECT":                   {class: connectors.Rejected, hint: "turn on feed tracking for the object"},
	"FIELD_CUSTOM_VALIDATION_EXCEPTION":             {class: connectors.Rejected, hint: hintRule},
	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY":          {class: connectors.Rejected, hint: hintRule},
	"CANNOT_EXECUTE_FLOW_TRIGGER":                   {class: connectors.Rejected, hint: hintRule},
	"DUPLICATES_DETECTED":                           {class: connectors.Rejected, hint: hintRule},
	"DUPLICATE_VALUE":                               {class: connectors.Rejected, hint: hintValue},
	"DUPLICATE_EXTERNAL_ID":                         {class: connectors.Rejected, hint: hintValue},
	"OPERATION_TOO_LARGE":                           {class: connectors.Rejected, hint: "give the integration user View All on the object"},
	"STORAGE_LIMIT_EXCEEDED":                        {class: connectors.Rejected, hint: "the org's storage is full; make room, then have it tried again"},
}

// judge finds the verdict on an error code. Two codes need their message: the
// daily quota and too many calls at once share one, and triggers wrap lock
// errors in another.
func judge(e apiError) verdict {
	switch {
	case e.code() == "REQUEST_LIMIT_EXCEEDED" && strings.Contains(e.Message, "Concurrent"):
		return verdict{class: connectors.Throttled, wait: 15 * time.Second}
	case e.code() == "REQUEST_LIMIT_EXCEEDED":
		return verdict{class: connectors.Throttled, wait: time.Hour, hint: "the org's API calls of the last 24 hours are used up"}
	case strings.Contains(e.Message, "UNABLE_TO_LOCK_ROW"):
		return verdicts["UNABLE_TO_LOCK_ROW"]
	}
	if v, ok := verdicts[e.code()]; ok {
		return v
	}
	return verdict{class: connectors.Rejected}
}

// entryError is the error of one record or one subrequest.
func entryError(e apiError) *connectors.Error {
	v := judge(e)
	text := cleanMessage(e)
	if len(e.Fields) > 0 {
		text = strings.TrimSpace(text + " [" + strings.Join(e.Fields, ", ") + "]")
	}
	return &connectors.Error{Class: v.class, Code: e.code(), RetryAfter: v.wait, Hint: v.hint, Err: errors.New(text)}
}

// answerError is the error of an answer that is not 2xx.
func answerError(made *call) error {
	var entries []apiError
	if json.Unmarshal(made.body, &entries) != nil || len(entries) == 0 || entries[0].code() == "" {
		return statusError(made)
	}
	e := entryError(entries[0])
	_, listed := verdicts[e.Code]
	byStatus := statusError(made)
	switch {
	case !made.read && (made.status >= 500 && e.Code == "UNKNOWN_EXCEPTION" || e.Code == "REQUEST_RUNNING_TOO_LONG"):
		e.Class = connectors.Unknown // of several records, some may have been written before
	case !listed && e.Class == connectors.Rejected && made.status != http.StatusForbidden:
		// That a code is new must not make a passing trouble a lasting one. (403 may
		// be about one record only.)
		e.Class, e.RetryAfter = byStatus.Class, byStatus.RetryAfter
	}
	return e
}

// isErrorList tells the body of an error from other lists.
func isErrorList(body []byte) bool {
	var entries []apiError
	return json.Unmarshal(body, &entries) != nil || len(entries) == 0 || entries[0].code() != ""
}

// statusError judges an answer whose body says nothing: an error page of some
// proxy, or none at all.
func statusError(made *call) *connectors.Error {
	e := &connectors.Error{Class: connectors.Rejected, RetryAfter: retryAfter(made.header), Err: fmt.Errorf("answered %d", made.status)}
	switch {
	case made.status == http.StatusUnauthorized, made.status == http.StatusForbidden:
		e.Class = connectors.Denied
	case made.status == http.StatusPreconditionFailed:
		e.Class = connectors.Conflict
	case made.status == http.StatusTooManyRequests:
		e.Class = connectors.Throttled
	case made.status == http.StatusNotAcceptable, made.status == 420:
		e.Class = connectors.Temporary
	case made.status == http.StatusRequestTimeout, made.status >= 500:
		// A proxy gave up on Salesforce, which may go on all the same.
		e.Class = connectors.Unknown
		if made.read {
			e.Class = connectors.Temporary
		}
	case made.status == http.StatusMultipleChoices:
		e.Hint = "several records have the same external id; make the field unique"
	case made.status < 400:
		e.Class, e.Hint = connectors.Denied, "set the url to the org's own https://<name>.my.salesforce.com"
	case made.status == http.StatusGone:
		e.Hint = "this version of the API is retired; set a newer one"
	}
	return e
}

// lostError is the error of a call without a usable answer.
func lostError(read bool, err error) error {
	err = withoutURL(err)
	if known, ok := errors.AsType[*connectors.Error](err); ok {
		return known
	}
	class := connectors.Unknown
	if read || neverSent(err) {
		class = connectors.Temporary
	}
	return &connectors.Error{Class: class, Err: err}
}

// neverSent tells that there was not even a connection.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// wordless are codes whose messages repeat the value that was refused.
var wordless = map[string]bool{
	"STRING_TOO_LONG":                         true,
	"INVALID_EMAIL_ADDRESS":                   true,
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": true,
	"JSON_PARSER_ERROR":                       true,
	"DUPLICATES_DETECTED":                     true,
}

func cleanMessage(e apiError) string {
	if wordless[e.code()] {
		return "the value is refused"
	}
	return cleanText(e.Message)
}

var address = regexp.MustCompile(`[^\s<>"',;:()\[\]@]+@([A-Za-z0-9.-]+)`)

const longest = 300

// cleanText keeps of a message what may be shown: not the query it repeats
// before the line "ERROR at Row:1:Column:2", and of addresses the domain only.
func cleanText(message string) string {
	if _, after, ok := strings.Cut(message, "ERROR at Row:"); ok {
		message = "at row " + strings.Replace(after, ":Column:", ", column ", 1)
	}
	message = address.ReplaceAllString(message, "...@$1")
	message = strings.Join(strings.Fields(message), " ")
	if runes := []rune(message); len(runes) > longest {
		message = string(runes[:longest]) + "..."
	}
	return message
}
