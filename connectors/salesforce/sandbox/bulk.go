package sandbox

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A job is one of the Bulk API 2.0. It is done at once, but its owner learns
// of it only by asking again, as in Salesforce.
type job struct {
	id                 string
	query              bool // else it takes rows in
	object, operation  string
	field              *Field // external id of an upsert
	entity             *entity
	soql               string
	delimiter, ending  string
	state, message     string
	created            time.Time
	grants             grants
	user               string
	base               string
	table              [][]string // rows taken in or found, after the header
	header             []string
	succeeded, refused [][]string // with sf__Id and sf__Created, or sf__Error
}

// csvText is the body of an answer in CSV.
type csvText []byte

var delimiters = map[string]rune{"COMMA": ',', "SEMICOLON": ';', "TAB": '\t', "PIPE": '|', "CARET": '^', "BACKQUOTE": '`'}

// routeJobs answers calls of the Bulk API 2.0.
func (o *Org) routeJobs(c call, path []string) reply {
	if len(path) == 0 || path[0] != "ingest" && path[0] != "query" {
		return notFound("The requested resource does not exist").reply()
	}
	if len(path) == 1 {
		return c.methods(methods{"POST": func(c call) reply { return o.openJob(c, path[0] == "query") }})
	}
	i := slices.IndexFunc(o.jobs, func(j *job) bool { return j.id == path[1] && j.query == (path[0] == "query") })
	if i < 0 {
		return notFound("The requested resource does not exist").reply()
	}
	j := o.jobs[i]
	switch strings.Join(path[2:], "/") {
	case "":
		return c.methods(methods{
			"GET":   func(call) reply { return reply{http.StatusOK, nil, j.info()} },
			"PATCH": func(c call) reply { return o.changeJob(c, j) },
			"DELETE": func(call) reply {
				o.jobs = slices.Delete(o.jobs, i, i+1)
				return reply{status: http.StatusNoContent}
			},
		})
	case "batches":
		return c.methods(methods{"PUT": j.upload})
	case "successfulResults":
		return c.methods(methods{"GET": j.results([]string{"sf__Id", "sf__Created"}, j.succeeded)})
	case "failedResults":
		return c.methods(methods{"GET": j.results([]string{"sf__Id", "sf__Error"}, j.refused)})
	case "unprocessedrecords":
		return c.methods(methods{"GET": j.results(nil, nil)})
	case "results":
		return c.methods(methods{"GET": j.found})
	}
	return notFound("The requested resource does not exist").reply()
}

func (o *Org) openJob(c call, query bool) reply {
	var in struct{ Object, Operation, ExternalIDFieldName, ColumnDelimiter, LineEnding, ContentType, Query string }
	if err := c.decode(&in); err != nil {
		return err.reply()
	}
	o.opened++
	j := &job{
		id: makeID("750", o.opened), query: query, object: in.Object, operation: in.Operation, soql: in.Query,
		delimiter: in.ColumnDelimiter, ending: in.LineEnding, state: "Open", created: o.now(),
		grants: c.grants, user: c.user, base: c.base,
	}
	if j.delimiter == "" {
		j.delimiter = "COMMA"
	}
	if j.ending == "" {
		j.ending = "LF"
	}
	if delimiters[j.delimiter] == 0 || j.ending != "LF" && j.ending != "CRLF" {
		return refuse("INVALIDJOB", "unknown column delimiter or line ending").reply()
	}
	err := j.prepareIngest(o, in.ExternalIDFieldName)
	if query {
		err = j.run(o)
	}
	if err != nil {
		return err.reply()
	}
	o.jobs = append(o.jobs, j)
	info := j.info()
	if query {
		info["state"] = "UploadComplete"
	}
	return reply{http.StatusOK, nil, info}
}

// changeJob ends the upload of a job, or gives the job up.
func (o *Org) changeJob(c call, j *job) reply {
	var in struct{ State string }
	if err := c.decode(&in); err != nil {
		return err.reply()
	}
	answered := j.info()
	switch {
	case in.State == "Aborted" && j.state != "JobComplete":
		j.state = "Aborted"
		answered = j.info()
	case in.State == "UploadComplete" && j.state == "Open" && !j.query:
		answered["state"] = "UploadComplete"
		j.ingest(o)
	default:
		return refuse("INVALIDJOBSTATE", "a job that is %s cannot become %s", j.state, abbreviate(in.State)).reply()
	}
	return reply{http.StatusOK, nil, answered}
}

func (j *job) info() map[string]any {
	info := map[string]any{
		"id": j.id, "operation": j.operation, "object": j.object, "createdById": j.user, "createdDate": wire(j.created), "systemModstamp": wire(j.created),
		"state": j.state, "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": json.Number(strings.TrimPrefix(j.base, "/services/data/v")),
		"lineEnding": j.ending, "columnDelimiter": j.delimiter, "retries": 0, "totalProcessingTime": 0,
		"numberRecordsProcessed": len(j.succeeded) + len(j.refused), "jobType": "V2Ingest",
	}
	if j.query {
		info["jobType"], info["numberRecordsProcessed"] = "V2Query", len(j.table)
		return info
	}
	info["numberRecordsFailed"] = len(j.refused)
	if j.state == "Open" {
		// Salesforce leaves out the leading slash here.
		info["contentUrl"] = strings.TrimPrefix(j.base, "/") + "/jobs/ingest/" + j.id + "/batches"
	}
	if j.field != nil {
		info["externalIdFieldName"] = j.field.Name
	}
	if j.message != "" {
		info["errorMessage"] = j.message
	}
	return info
}

// write lays out rows as the job wants them.
func (j *job) write(header []string, rows [][]string) csvText {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma, w.UseCRLF = delimiters[j.delimiter], j.ending == "CRLF"
	_ = w.WriteAll(append([][]string{header}, rows...)) // a buffer takes all
	return out.Bytes()
}
