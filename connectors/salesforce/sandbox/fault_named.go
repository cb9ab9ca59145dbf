package sandbox

import (
	"fmt"
	"time"
)

// Named are the faults that users of Salesforce report, by name. Only
// answer-lost, answer-truncated, slow and the clocks let the call take effect.
// Each acts once; set Count, Method and Path to taste.
func Named() map[string]Fault {
	refusal := func(status int, code, message string) Fault {
		return Fault{Kind: Answer, Status: status, Body: fmt.Sprintf(`[{"message":%q,"errorCode":%q}]`, message, code)}
	}
	page := "<html><head><title>Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>"
	return map[string]Fault{
		"session-expired":    refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"),
		"session-refused":    refusal(401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
		"session-detached":   refusal(401, "INVALID_SESSION_ID", "Connected app is not attached to Agent"),
		"quota":              refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
		"concurrency":        refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
		"not-acceptable":     {Kind: Answer, Status: 406},
		"setting-up":         {Kind: Answer, Status: 420},
		"too-many":           {Kind: Answer, Status: 429},
		"broken":             refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
		"busy":               refusal(503, "SERVER_UNAVAILABLE", "Server too busy"),
		"unavailable-page":   {Kind: Answer, Status: 503, ContentType: "text/html", Body: page},
		"maintenance":        refusal(400, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "Updates can't be made during maintenance. Try again when maintenance is complete."),
		"row-lock":           {Kind: Lock},
		"locator-lost":       {Kind: Answer, Method: "GET", Path: "/query/0r8", Status: 400, Body: `[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]`},
		"connection-dropped": {Kind: Drop},
		"slow":               {Kind: Delay, Delay: 2 * time.Second},
		"clock-ahead":        {Kind: Skew, Delay: time.Hour},
		"clock-behind":       {Kind: Skew, Delay: -time.Hour},
		"answer-lost":        {Kind: Lose},
		"answer-truncated":   {Kind: Truncate},
	}
}
