package salesforce

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"standdown/connectors"
)

const (
	feedItem = "FeedItem"
	// A post in doubt is looked for as far back as an outage may last.
	lookBack = 14 * 24 * time.Hour
)

// posts makes feed posts. Salesforce has no key for them and cannot search
// their text, so each ends with a mark of its key, which a post in doubt is
// recognised by.
func (c *Client) posts(tasks []*task) []parcel {
	return pack(http.MethodPost, "/composite/sobjects", nil, tasks, func(t *task) map[string]any {
		fields := wireFields(t.Fields)
		body, _ := fields["Body"].(string)
		fields["Body"] = body + "\n\n" + mark(t.Key)
		fields["ParentId"] = t.Ref.ID
		return fields
	}, func(t *task, o outcome) {
		if o.Success {
			t.result.Ref = connectors.Ref{Kind: feedItem, ID: o.ID}
		}
		t.finish(o.err())
	})
}

// aboutPosts finds posts in doubt that got through.
func (c *Client) aboutPosts(tasks []*task) question {
	var parents []string
	for _, t := range tasks {
		parents = append(parents, t.Ref.ID)
	}
	query := connectors.Query{
		Kind: feedItem, Fields: []string{"ParentId", "Body"},
		Where: []connectors.Cond{
			{Field: "ParentId", Op: "in", Value: parents},
			{Field: "CreatedDate", Op: ">=", Value: c.opts.Now().Add(-lookBack)},
		},
	}
	return question{query: query, tasks: tasks, settle: func(tasks []*task, items []connectors.Record, err error) {
		if err != nil {
			failAll(tasks, stillUnknown(err))
			return
		}
		marked := map[string]connectors.Ref{} // by the mark that ends the text
		for _, item := range items {
			body, _ := item.Fields["Body"].(string)
			if i := strings.LastIndex(body, markStart); i >= 0 {
				marked[strings.TrimSpace(body[i:])] = item.Ref
			}
		}
		for _, t := range tasks {
			if ref, there := marked[mark(t.Key)]; there {
				t.already(ref)
			}
		}
	}}
}

const markStart = "[standdown "

// mark is short, and unlike for different keys whatever they look like.
func mark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return markStart + hex.EncodeToString(sum[:6]) + "]"
}
