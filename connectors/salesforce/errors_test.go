package salesforce

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"standdown/connectors"
)

func TestAnswersAreJudged(t *testing.T) {
	const write, read = false, true
	for name, test := range map[string]struct {
		read   bool
		status int
		body   string
		want   connectors.Class
		wait   time.Duration
	}{
		"the daily quota":                                {read, 403, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, connectors.Throttled, time.Hour},
		"too many calls at once":                         {read, 403, `[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, connectors.Throttled, 15 * time.Second},
		"too many long calls at once":                    {read, 403, `[{"message":"ConcurrentPerOrgLongTxn Limit exceeded","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, connectors.Throttled, 15 * time.Second},
		"a locked row":                                   {write, 400, `[{"message":"unable to obtain exclusive access to this record","errorCode":"UNABLE_TO_LOCK_ROW"}]`, connectors.Temporary, 0},
		"a locked row within a trigger":                  {write, 400, `[{"message":"x: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW","errorCode":"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"}]`, connectors.Temporary, 0},
		"a trigger":                                      {write, 400, `[{"message":"x: execution of AfterUpdate","errorCode":"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"}]`, connectors.Rejected, 0},
		"a validation rule":                              {write, 400, `[{"message":"Pick a reason.","errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION"}]`, connectors.Rejected, 0},
		"a record that is deleted":                       {write, 404, `[{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED","fields":[]}]`, connectors.Conflict, 0},
		"a failed precondition with a body":              {write, 412, `[{"message":"modified","errorCode":"ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"}]`, connectors.Conflict, 0},
		"a failed precondition without one":              {write, 412, ``, connectors.Conflict, 0},
		"several matches of an external id":              {write, 300, `["/services/data/v64.0/sobjects/X/a"]`, connectors.Rejected, 0},
		"a read behind a busy proxy":                     {read, 503, `<html>busy</html>`, connectors.Temporary, 0},
		"a write behind a busy proxy":                    {write, 503, `<html>busy</html>`, connectors.Unknown, 0},
		"a write that Salesforce is busy for":            {write, 503, `[{"message":"Server too busy","errorCode":"SERVER_UNAVAILABLE"}]`, connectors.Temporary, 0},
		"a write that broke off within":                  {write, 500, `[{"message":"An unexpected error occurred.","errorCode":"UNKNOWN_EXCEPTION"}]`, connectors.Unknown, 0},
		"a read that broke off within":                   {read, 500, `[{"message":"An unexpected error occurred.","errorCode":"UNKNOWN_EXCEPTION"}]`, connectors.Temporary, 0},
		"an edge server setting things up":               {write, 420, ``, connectors.Temporary, 0},
		"a read not acceptable for now":                  {read, 406, ``, connectors.Temporary, 0},
		"maintenance":                                    {write, 400, `[{"message":"read only","errorCode":"INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"}]`, connectors.Temporary, 5 * time.Minute},
		"a missing API permission":                       {read, 403, `[{"message":"no","errorCode":"API_DISABLED_FOR_ORG"}]`, connectors.Denied, 0},
		"a retired version":                              {read, 410, ``, connectors.Rejected, 0},
		"a URI that is too long":                         {read, 414, ``, connectors.Rejected, 0},
		"too many requests":                              {read, 429, ``, connectors.Throttled, 0},
		"a code nobody knows":                            {write, 400, `[{"message":"?","errorCode":"BRAND_NEW"}]`, connectors.Rejected, 0},
		"a code nobody knows, of a read that broke off":  {read, 500, `[{"message":"?","errorCode":"BRAND_NEW"}]`, connectors.Temporary, 0},
		"a code nobody knows, of a write that broke off": {write, 503, `[{"message":"?","errorCode":"BRAND_NEW"}]`, connectors.Unknown, 0},
		"a code nobody knows, of what is forbidden":      {write, 403, `[{"message":"?","errorCode":"BRAND_NEW"}]`, connectors.Rejected, 0},
		"a failed precondition with another code":        {write, 412, `[{"message":"?","errorCode":"BRAND_NEW"}]`, connectors.Conflict, 0},
		"a token that is not taken":                      {read, 401, `[{"message":"INVALID_HEADER_TYPE","errorCode":"INVALID_AUTH_HEADER"}]`, connectors.Denied, 0},
		"too many requests, in so many words":            {write, 429, `[{"message":"?","errorCode":"BRAND_NEW"}]`, connectors.Throttled, 0},
		"a call that took too long":                      {write, 400, `[{"message":"Your request was running for too long, and has been stopped.","errorCode":"REQUEST_RUNNING_TOO_LONG"}]`, connectors.Unknown, 0},
		"a broken body":                                  {write, 400, `[{"message":`, connectors.Rejected, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := answerError(&call{read: test.read, status: test.status, body: []byte(test.body)})
			if got := connectors.ClassOf(err); got != test.want {
				t.Errorf("class %s of %q, want %s", got, err, test.want)
			}
			if got := connectors.RetryAfter(err); got != test.wait {
				t.Errorf("wait %s, want %s", got, test.wait)
			}
		})
	}
}

// The codes that Salesforce documents or users report, each as an error of one
// record and as an error of a whole call.
func TestEveryKnownCodeHasItsClass(t *testing.T) {
	for class, codes := range map[connectors.Class]string{
		connectors.Temporary: `SERVER_UNAVAILABLE UNABLE_TO_LOCK_ROW QUERY_TIMEOUT INVALID_QUERY_LOCATOR ENTITY_IS_LOCKED UNKNOWN_EXCEPTION
			INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE API_CURRENTLY_DISABLED FUNCTIONALITY_TEMPORARILY_UNAVAILABLE
			TXN_SECURITY_METERING_ERROR PROCESSING_HALTED ALL_OR_NONE_OPERATION_ROLLED_BACK`,
		connectors.Throttled: `REQUEST_LIMIT_EXCEEDED`,
		connectors.Conflict:  `ENTITY_IS_DELETED ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE`,
		connectors.Denied:    `INVALID_SESSION_ID INVALID_LOGIN API_DISABLED_FOR_ORG`,
		connectors.Rejected: `NOT_FOUND FIELD_CUSTOM_VALIDATION_EXCEPTION CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY CANNOT_EXECUTE_FLOW_TRIGGER
			STRING_TOO_LONG REQUIRED_FIELD_MISSING INVALID_CROSS_REFERENCE_KEY INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_OR_READONLY
			INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY DUPLICATE_VALUE DUPLICATE_EXTERNAL_ID DUPLICATES_DETECTED INVALID_FIELD
			INVALID_TYPE MALFORMED_QUERY MALFORMED_ID INVALID_FIELD_FOR_INSERT_UPDATE JSON_PARSER_ERROR METHOD_NOT_ALLOWED
			INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST INVALID_EMAIL_ADDRESS OPERATION_TOO_LARGE STORAGE_LIMIT_EXCEEDED LIMIT_EXCEEDED
			EXCEEDED_ID_LIMIT INVALID_REPLICATION_DATE FEED_NOT_ENABLED_FOR_OBJECT`,
	} {
		for _, code := range strings.Fields(codes) {
			record := entryError(apiError{StatusCode: code, Message: "what Salesforce says"})
			whole := answerError(&call{status: 400, body: []byte(`[{"errorCode":"` + code + `","message":"what Salesforce says"}]`)})
			for _, err := range []error{record, whole} {
				if got := connectors.ClassOf(err); got != class || !strings.HasPrefix(err.Error(), code+": ") {
					t.Errorf("class %s of %q, want %s", got, err, class)
				}
			}
		}
	}
}

func TestErrorsDoNotRepeatWhatTheyAreAbout(t *testing.T) {
	for name, test := range map[string]struct{ e, keep, drop string }{
		"a query":    {`{"errorCode":"INVALID_FIELD","message":"\nSELECT Id FROM Contact WHERE Email = 'maria@example.com'\n       ^\nERROR at Row:1:Column:8\nNo such column 'X' on entity 'Contact'."}`, "No such column 'X'", "SELECT"},
		"an address": {`{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"maria.alvarez@example.com is not known"}`, "example.com is not known", "maria"},
		"a value":    {`{"statusCode":"STRING_TOO_LONG","message":"Subject: data value too large: Dear all (max length=80)","fields":["Subject"]}`, "Subject", "Dear"},
	} {
		t.Run(name, func(t *testing.T) {
			text := answerError(&call{status: 400, body: []byte("[" + test.e + "]")}).Error()
			if !strings.Contains(text, test.keep) || strings.Contains(text, test.drop) {
				t.Errorf("error %q, want it to keep %q and drop %q", text, test.keep, test.drop)
			}
		})
	}
}

func TestOnlyReadsAreRepeated(t *testing.T) {
	for _, test := range []struct {
		name   string
		method string
		read   bool
		status int
		want   int64
	}{
		{"a read is repeated after 503", "GET", true, 503, 3},
		{"a read by POST is repeated after 429", "POST", true, 429, 3},
		{"a read is not repeated after 400", "GET", true, 400, 1},
		{"a create is not repeated after 503", "POST", false, 503, 1},
		{"an update is not repeated after 500", "PATCH", false, 500, 1},
		{"a delete is not repeated after 503", "DELETE", false, 503, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int64
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.WriteHeader(test.status)
			}))
			c := connect(t, url, func(o *Options) { o.Auth = Auth{AccessToken: "t"} })
			err := c.do(t.Context(), request{method: test.method, path: "/x", read: test.read}, nil)
			if err == nil || calls.Load() != test.want {
				t.Errorf("%d calls and error %v, want %d calls and an error", calls.Load(), err, test.want)
			}
		})
	}
}

func TestALostAnswerToAWriteIsUnknown(t *testing.T) {
	hang := make(chan struct{})
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/services/data/v64.0/drop":
			panic(http.ErrAbortHandler)
		case "/services/data/v64.0/cut":
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`[{"id":`))
		case "/services/data/v64.0/hang":
			<-hang
		}
	}))
	defer close(hang)
	c := connect(t, url, func(o *Options) { o.Auth, o.CallTimeout = Auth{AccessToken: "t"}, 500*time.Millisecond })
	for _, path := range []string{"/drop", "/cut", "/hang"} {
		t.Run(path[1:], func(t *testing.T) {
			var out []any
			wantClass(t, c.do(t.Context(), request{method: http.MethodPatch, path: path}, &out), connectors.Unknown)
			err := c.do(t.Context(), request{method: http.MethodGet, path: path, read: true}, &out)
			wantClass(t, err, connectors.Temporary)
			if strings.Contains(err.Error(), "/services/") {
				t.Errorf("error %q shows the address", err)
			}
		})
	}
	t.Run("a server that is not there is temporary, for writes too", func(t *testing.T) {
		c := connect(t, "http://127.0.0.1:1", func(o *Options) { o.Auth = Auth{AccessToken: "t"} })
		wantClass(t, c.do(t.Context(), request{method: http.MethodPatch, path: "/x"}, nil), connectors.Temporary)
	})
}

func TestUsageIsReadInBothForms(t *testing.T) {
	for info, want := range map[string][2]int{
		"api-usage=18/5000": {18, 5000},
		"api-usage=25/15000; per-app-api-usage=17/250(appName=sample-connected-app)": {25, 15000},
	} {
		var u budget
		u.note(info)
		u.note("")
		u.note("api-usage=many/5000")
		if used, limit := u.get(); used != want[0] || limit != want[1] {
			t.Errorf("%s: %d of %d, want %v", info, used, limit, want)
		}
	}
}

func TestTheReserveIsKeptFromUsAndTheAppHasItsOwnLimit(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		info           string
		reserve        int
		allowed, short bool
	}{
		"nothing is known yet":              {"", 1000, true, false},
		"there is plenty":                   {"api-usage=100/15000", 1000, true, false},
		"there is less than twice as much":  {"api-usage=13500/15000", 1000, true, true},
		"the reserve is reached":            {"api-usage=14000/15000", 1000, false, true},
		"nothing is kept back":              {"api-usage=14999/15000", 0, true, false},
		"the app has used up its own":       {"api-usage=100/15000; per-app-api-usage=250/250(appName=x)", 1000, false, true},
		"the app has some left of its own":  {"api-usage=100/15000; per-app-api-usage=17/5000(appName=x)", 1000, true, false},
		"the org has less than the app may": {"api-usage=14500/15000; per-app-api-usage=17/5000(appName=x)", 1000, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := budget{reserve: test.reserve, last: now}
			b.note(test.info)
			if err := b.allow(now.Add(time.Minute)); (err == nil) != test.allowed || b.short() != test.short {
				t.Errorf("error %v and short %t, want allowed %t and short %t", err, b.short(), test.allowed, test.short)
			}
			b.last = now
			if err := b.allow(now.Add(probeEvery)); err != nil {
				t.Errorf("after a while nobody looks whether there is room again: %v", err)
			}
		})
	}
}

func FuzzAnswerError(f *testing.F) {
	f.Add(400, []byte(`[{"errorCode":"INVALID_FIELD","message":"ERROR at Row:1:Column:8 x"}]`))
	f.Add(503, []byte(`<html>`))
	f.Add(412, []byte(``))
	f.Add(400, []byte(`[{"statusCode":null,"message":"a@b@c"}]`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := answerError(&call{status: status, body: body})
		if err == nil || err.Error() == "" {
			t.Errorf("%d %q gives no error", status, body)
		}
	})
}

func FuzzLimitInfo(f *testing.F) {
	f.Add("api-usage=18/5000")
	f.Add("api-usage=25/15000; per-app-api-usage=17/250(appName=sample-connected-app)")
	f.Add("api-usage=/; =;per-app-api-usage=1/(")
	f.Fuzz(func(t *testing.T, info string) {
		b := budget{reserve: 10}
		b.note(info)
		if used, limit := b.get(); used < 0 || limit < 0 || limit == 0 && b.short() {
			t.Errorf("%q is read as %d of %d, short: %t", info, used, limit, b.short())
		}
	})
}
