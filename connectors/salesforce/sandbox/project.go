package sandbox

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A project is what a Salesforce DX project adds to an org.
type project struct {
	fields map[string][]Field // by object
	queues []projectQueue
}

type projectQueue struct {
	developerName string
	Name          string `xml:"name"`
}

// metadataTypes are the field types of the Metadata API that a project may have.
var metadataTypes = map[string]Type{
	"Text": Text, "LongTextArea": LongText, "TextArea": LongText, "Checkbox": Checkbox, "Number": Number, "Date": Date, "DateTime": DateTime,
	"Email": Email, "Phone": Phone, "Picklist": Picklist, "MultiselectPicklist": MultiPicklist, "Lookup": Reference,
}

// readProject reads the fields and queues of the project at dir. What else it
// may have (permission sets, apps) is not looked at: here the integration user
// may do everything.
func readProject(dir string) (*project, error) {
	if _, err := os.Stat(filepath.Join(dir, "sfdx-project.json")); err != nil {
		return nil, fmt.Errorf("%s is no Salesforce DX project: %w", dir, err)
	}
	p := &project{fields: map[string][]Field{}}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasSuffix(path, ".field-meta.xml") || strings.HasSuffix(path, ".queue-meta.xml") {
			err = p.read(path)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		return nil
	})
	return p, err
}

func (p *project) read(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if name, ok := strings.CutSuffix(filepath.Base(path), ".queue-meta.xml"); ok {
		q := projectQueue{developerName: name}
		p.queues = append(p.queues, q)
		return xml.Unmarshal(text, &p.queues[len(p.queues)-1])
	}
	f, err := parseField(text)
	if err != nil {
		return err
	}
	object := filepath.Base(filepath.Dir(filepath.Dir(path)))
	p.fields[object] = append(p.fields[object], f)
	return nil
}

// parseField reads a CustomField of the Metadata API.
func parseField(text []byte) (Field, error) {
	var in struct {
		FullName   string   `xml:"fullName"`
		Label      string   `xml:"label"`
		Type       string   `xml:"type"`
		Length     int      `xml:"length"`
		RefersTo   []string `xml:"referenceTo"`
		Children   string   `xml:"relationshipName"`
		Required   bool     `xml:"required"`
		Unique     bool     `xml:"unique"`
		ExternalID bool     `xml:"externalId"`
		Restricted bool     `xml:"valueSet>restricted"`
		Values     []string `xml:"valueSet>valueSetDefinition>value>fullName"`
	}
	if err := xml.Unmarshal(text, &in); err != nil {
		return Field{}, err
	}
	f := Field{Name: in.FullName, Label: in.Label, Type: metadataTypes[in.Type], Length: in.Length, RefersTo: in.RefersTo,
		Required: in.Required, Unique: in.Unique, ExternalID: in.ExternalID, Restricted: in.Restricted, Values: in.Values}
	switch {
	case !f.custom():
		return f, fmt.Errorf("%q is no name of a custom field", abbreviate(f.Name))
	case f.Type == "":
		return f, fmt.Errorf("%s is of type %q, which this org does not know", f.Name, abbreviate(in.Type))
	case f.Type == Reference && len(f.RefersTo) == 0:
		return f, fmt.Errorf("%s refers to nothing", f.Name)
	}
	if in.Children != "" {
		f.Children = in.Children + "__r"
	}
	return f, nil
}

// onto returns the objects with the fields that the project adds; one that is
// there already is replaced.
func (p *project) onto(objects []Object) ([]Object, error) {
	objects = slices.Clone(objects)
	for name, added := range p.fields {
		i := slices.IndexFunc(objects, func(o Object) bool { return o.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("the project adds fields to %s, which the org does not have", name)
		}
		for _, f := range added {
			for _, target := range f.RefersTo {
				if !slices.ContainsFunc(objects, func(o Object) bool { return o.Name == target }) {
					return nil, fmt.Errorf("the project's field %s.%s refers to %s, which the org does not have", name, f.Name, target)
				}
			}
			kept := slices.DeleteFunc(slices.Clone(objects[i].Fields), func(old Field) bool { return strings.EqualFold(old.Name, f.Name) })
			objects[i].Fields = append(kept, f)
		}
	}
	return objects, nil
}
