package salesforce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"standdown/connectors"
)

const (
	feedItem = "FeedItem"
	// A post in doubt is looked for as far back as an outage may last.
	lookBack = 14 * 24 * time.Hour
)

// post makes feed posts. Salesforce has no key for them and cannot search
// their text, so each ends with a mark of its key, which a post in doubt is
// recognised by.
func (c *Client) post(ctx context.Context, tasks []*task) {
	c.lookForPosts(ctx, tasks)
	c.collect(ctx, http.MethodPost, "/composite/sobjects", nil, open(tasks), func(t *task) map[string]any {
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

func (c *Client) lookForPosts(ctx context.Context, tasks []*task) {
	doubted := slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return !t.Doubt })
	if len(doubted) == 0 {
		return
	}
	var parents []string
	for _, t := range doubted {
		parents = append(parents, t.Ref.ID)
	}
	found, err := c.Find(ctx, connectors.Query{
		Kind: feedItem, Fields: []string{"ParentId", "Body"},
		Where: []connectors.Cond{
			{Field: "ParentId", Op: "in", Value: parents},
			{Field: "CreatedDate", Op: ">=", Value: c.opts.Now().Add(-lookBack)},
		},
	})
	if err != nil {
		failAll(doubted, stillUnknown(err))
		return
	}
	for _, item := range found {
		body, _ := item.Fields["Body"].(string)
		for _, t := range doubted {
			if same(item.Fields["ParentId"], t.Ref.ID) && strings.Contains(body, mark(t.Key)) {
				t.already(item.Ref)
			}
		}
	}
}

// mark is short, and unlike for different keys whatever they look like.
func mark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "[standdown " + hex.EncodeToString(sum[:6]) + "]"
}
