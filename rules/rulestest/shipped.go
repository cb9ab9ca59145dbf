package rulestest

import (
	"fmt"
	"io/fs"

	"go.yaml.in/yaml/v3"

	"standdown/rules"
)

// RunShipped runs the examples that come with the rule books, on the
// recommended settings they were written for.
func RunShipped() (Report, error) {
	names, err := fs.Glob(rules.Examples(), "testdata/*.yaml")
	if err != nil {
		return Report{}, err
	}
	var files []File
	for _, name := range names {
		data, err := fs.ReadFile(rules.Examples(), name)
		if err != nil {
			return Report{}, fmt.Errorf("reading examples: %w", err)
		}
		files = append(files, File{Name: name, Data: data})
	}
	return RunFiles(rules.Defaults(), files...)
}

// settingsOf returns the settings that an entry of the file's tests changes,
// such as cancellation.business_days.
func settingsOf(test *yaml.Node) []string {
	for i := 0; i+1 < len(test.Content); i += 2 {
		if test.Content[i].Value == "settings" {
			return keysBelow("", test.Content[i+1])
		}
	}
	return nil
}

func keysBelow(prefix string, n *yaml.Node) []string {
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := prefix+n.Content[i].Value, n.Content[i+1]
		if value.Kind == yaml.MappingNode {
			keys = append(keys, keysBelow(key+".", value)...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys
}
