package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShadow(t *testing.T) {
	const rest = `
salesforce: {url: "https://acme.my.salesforce.com", auth: {client_id: id, client_secret: secret}}
autonomy: {cancel-job: auto, free-worker: "off"}
`
	for _, test := range []struct {
		sentence, shadow string
		want             map[string]string
	}{
		{"without it the modes of autonomy count", "", map[string]string{"cancel-job": "auto", "free-worker": "off", "open-case": "auto"}},
		{"all leaves nothing on, and off what is off", "shadow: {all: true}", map[string]string{"cancel-job": "shadow", "free-worker": "off", "open-case": "shadow"}},
		{"what is excepted has its mode", "shadow: {all: true, except: [cancel-job, post-comment]}",
			map[string]string{"cancel-job": "auto", "free-worker": "off", "open-case": "shadow", "post-comment": "auto"}},
	} {
		t.Run(test.sentence, func(t *testing.T) {
			c, err := Parse("test.yaml", []byte(rest+test.shadow), func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for verb := range test.want {
				got[verb] = c.Autonomy[verb]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("modes (-want +got):\n%s", diff)
			}
		})
	}
}
