package config

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Show is the configuration as it takes effect, as YAML: what the file says,
// what it leaves out, variables replaced, paths resolved. Secrets are hidden.
func (c *Config) Show() ([]byte, error) {
	var root yaml.Node
	if err := root.Encode(c); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	stated(&root)
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return text.Bytes(), nil
}

// stated leaves out what is not there, and secrets that are not set, which
// would look as if they were.
func stated(n *yaml.Node) {
	kept := n.Content[:0]
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if value := n.Content[i+1]; value.Tag != "!!null" {
			kept = append(kept, n.Content[i], value)
		}
	}
	if n.Kind == yaml.MappingNode {
		n.Content = kept
	}
	for _, child := range n.Content {
		stated(child)
	}
}
