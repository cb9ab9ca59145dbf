package main

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
)

func newOrgPackageCommand(g *globals) *cobra.Command {
	var user, contact string
	cmd := &cobra.Command{
		Use:   "package DIR",
		Short: "Write a Salesforce DX project with what the org needs for this configuration",
		Long: `Package writes a Salesforce DX project, made from the mapping: the external id
fields that keep records from being created twice, the field in which a visit's
worker is kept during a hold, what else is mapped to a field that begins with
Standdown_, a permission set that names exactly the mapped
objects and fields, the queue, and an external client app for the login. It
connects to nothing. Review it, then deploy it:

  cd DIR && sf project deploy start --target-org ORG

and give the integration user the permission set:

  sf org assign permset --name Standdown --on-behalf-of USER --target-org ORG

A field that is required on its object must be taken out of the permission set:
Salesforce grants it to everybody and refuses to have it named. DIR must be new
or empty.`,
		Example: "  standdown org package sfdx --run-as standdown@acme.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := g.load()
			if err != nil {
				return err
			}
			if contact == "" && cfg.Mailbox != nil {
				if from, err := mail.ParseAddress(cfg.Mailbox.SMTP.From); err == nil {
					contact = from.Address
				}
			}
			if contact == "" {
				return usagef("whom shall Salesforce name as responsible for the app? Say it with --contact ADDRESS")
			}
			files := packageOf(cfg, cmp.Or(user, cfg.Salesforce.Auth.Username), contact)
			if err := writeFiles(args[0], files); err != nil {
				return err
			}
			if g.json() {
				return printJSON(cmd.OutOrStdout(), map[string]any{"dir": args[0], "files": fileNames(files)})
			}
			for _, name := range fileNames(files) {
				fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], name))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&user, "run-as", "", "user `name` of the integration user, for the client credentials flow")
	cmd.Flags().StringVar(&contact, "contact", "", "mail `address` of who is responsible for the app (default: sender of the mailbox)")
	return cmd
}

const sourceDir = "force-app/main/default/"

type (
	customField struct {
		XMLName    xml.Name  `xml:"http://soap.sforce.com/2006/04/metadata CustomField"`
		FullName   string    `xml:"fullName"`
		Default    string    `xml:"defaultValue,omitempty"`
		Constraint string    `xml:"deleteConstraint,omitempty"`
		About      string    `xml:"description"`
		ExternalID bool      `xml:"externalId"`
		Label      string    `xml:"label"`
		Length     int       `xml:"length,omitempty"`
		RefersTo   string    `xml:"referenceTo,omitempty"`
		Children   string    `xml:"relationshipName,omitempty"`
		Required   bool      `xml:"required"`
		Type       string    `xml:"type"`
		Unique     *bool     `xml:"unique,omitempty"`
		Values     *valueSet `xml:"valueSet"`
	}
	valueSet struct {
		Restricted bool          `xml:"restricted"`
		Sorted     bool          `xml:"valueSetDefinition>sorted"`
		Values     []customValue `xml:"valueSetDefinition>value"`
	}
	customValue struct {
		FullName string `xml:"fullName"`
		Default  bool   `xml:"default"`
		Label    string `xml:"label"`
	}
	permissionSet struct {
		XMLName xml.Name           `xml:"http://soap.sforce.com/2006/04/metadata PermissionSet"`
		About   string             `xml:"description"`
		Fields  []fieldPermission  `xml:"fieldPermissions"`
		Label   string             `xml:"label"`
		Objects []objectPermission `xml:"objectPermissions"`
		User    []userPermission   `xml:"userPermissions"`
	}
	fieldPermission struct {
		Editable bool   `xml:"editable"`
		Field    string `xml:"field"`
		Readable bool   `xml:"readable"`
	}
	objectPermission struct {
		Create    bool   `xml:"allowCreate"`
		Delete    bool   `xml:"allowDelete"`
		Edit      bool   `xml:"allowEdit"`
		Read      bool   `xml:"allowRead"`
		ModifyAll bool   `xml:"modifyAllRecords"`
		Object    string `xml:"object"`
		ViewAll   bool   `xml:"viewAllRecords"`
	}
	userPermission struct {
		Enabled bool   `xml:"enabled"`
		Name    string `xml:"name"`
	}
	queue struct {
		XMLName xml.Name    `xml:"http://soap.sforce.com/2006/04/metadata Queue"`
		Email   bool        `xml:"doesSendEmailToMembers"`
		Name    string      `xml:"name"`
		Takes   []queueType `xml:"queueSobject"`
	}
	queueType struct {
		Object string `xml:"sobjectType"`
	}
	clientApp struct {
		XMLName      xml.Name `xml:"http://soap.sforce.com/2006/04/metadata ExternalClientApplication"`
		Contact      string   `xml:"contactEmail"`
		About        string   `xml:"description"`
		Distribution string   `xml:"distributionState"`
		Protected    bool     `xml:"isProtected"`
		Label        string   `xml:"label"`
	}
	clientAppOAuth struct {
		XMLName xml.Name `xml:"http://soap.sforce.com/2006/04/metadata ExtlClntAppOauthSettings"`
		Scopes  string   `xml:"commaSeparatedOauthScopes"`
		App     string   `xml:"externalClientApplication"`
		Label   string   `xml:"label"`
	}
	clientAppPolicy struct {
		XMLName     xml.Name `xml:"http://soap.sforce.com/2006/04/metadata ExtlClntAppOauthConfigurablePolicies"`
		RunAs       string   `xml:"clientCredentialsFlowUser,omitempty"`
		Permission  string   `xml:"commaSeparatedPermissionSet"`
		App         string   `xml:"externalClientApplication"`
		IP          string   `xml:"ipRelaxationPolicyType"`
		Credentials bool     `xml:"isClientCredentialsFlowEnabled"`
		Label       string   `xml:"label"`
		Who         string   `xml:"permittedUsersPolicyType"`
		Refresh     string   `xml:"refreshTokenPolicyType"`
	}
)

// packageOf returns the files of the project by name.
func packageOf(cfg *config.Config, user, contact string) map[string]any {
	const app = "Standdown"
	names := cfg.Names.Effective()
	needs := needsOf(cfg.Names)
	files := map[string]any{
		"sfdx-project.json": map[string]any{
			"packageDirectories": []map[string]any{{"path": "force-app", "default": true}},
			"namespace":          "", "sourceApiVersion": cfg.Salesforce.APIVersion,
		},
		sourceDir + "permissionsets/" + app + ".permissionset-meta.xml": permissionsFor(needs, app),
		sourceDir + "externalClientApps/" + app + ".eca-meta.xml": clientApp{Contact: contact, Label: app, Distribution: "Local",
			About: "Carries out what follows from cancellation requests and holds"},
		sourceDir + "extlClntAppOauthSettings/" + app + "_oauth.ecaOauth-meta.xml": clientAppOAuth{Scopes: "Api", App: app, Label: app + " OAuth"},
		sourceDir + "extlClntAppOauthPolicies/" + app + "_oauthPlcy.ecaOauthPlcy-meta.xml": clientAppPolicy{RunAs: user, Permission: app, App: app, IP: "Enforce",
			Credentials: user != "" && cfg.Salesforce.Auth.Method == "client_credentials", Label: app + " policy", Who: "AdminApprovedPreAuthorized", Refresh: "Zero"},
	}
	if names.Queue != "" {
		files[sourceDir+"queues/"+names.Queue+".queue-meta.xml"] = queue{Name: strings.ReplaceAll(names.Queue, "_", " "), Takes: []queueType{{names.Objects["case"].Name}}}
	}
	unique := true
	for _, n := range needs {
		if n.key != "" && ownCustom(n.key) {
			files[fieldFile(n.object, n.key)] = customField{FullName: n.key, Label: labelOf(n.key), Type: "Text", Length: 64, ExternalID: true, Unique: &unique,
				About: "Keeps Standdown from creating a record twice"}
		}
		for _, f := range n.fields {
			if f.at() == "job.resource" && ownCustom(f.path) {
				files[fieldFile(n.object, f.path)] = customField{FullName: f.path, Label: labelOf(f.path), Type: "Lookup", Constraint: "SetNull",
					RefersTo: names.Objects["resource"].Name, Children: "Held_Visits", About: "Who gets the visit back after a hold; set and emptied by Standdown"}
			}
			switch {
			case !ownCustom(f.path):
			case f.at() == "job.abort_reason" && strings.HasPrefix(f.path, ownPrefix):
				files[fieldFile(n.object, f.path)] = customField{FullName: f.path, Label: labelOf(f.path), Type: "Picklist", Values: oneOf(f.values),
					About: "Why the visit was cancelled; set and emptied by Standdown"}
			case holdFields[f.at()].kind != "" && strings.HasPrefix(f.path, ownPrefix):
				files[fieldFile(n.object, f.path)] = holdFields[f.at()].named(f.path)
			case f.at() == "case.answer":
				files[fieldFile(n.object, f.path)] = customField{FullName: f.path, Label: labelOf(f.path), Type: "Picklist", Values: oneOf(f.values),
					About: "What a person answers in a case that Standdown has opened; let only those edit it who may approve"}
			case f.at() == "case.answer_reason":
				files[fieldFile(n.object, f.path)] = customField{FullName: f.path, Label: labelOf(f.path), Type: "Text", Length: 255, About: "Why a person answers so"}
			}
		}
	}
	return files
}

// packaged tells whether the package makes a field that the org does not have.
func packaged(f fieldNeed) bool {
	switch f.at() {
	case "job.resource", "case.answer", "case.answer_reason":
		return ownCustom(f.path)
	case "job.abort_reason", "contact.on_hold", "contact.hold_start", "contact.hold_return":
		return ownCustom(f.path) && strings.HasPrefix(f.path, ownPrefix)
	}
	return false
}

// ownPrefix begins the names of fields that nobody but Standdown has, so that
// they are made whatever they are for. Others may be the org's own already.
const ownPrefix = "Standdown_"

// holdFields say what is made of the fields of a hold.
var holdFields = map[string]holdField{
	"contact.on_hold":     {"Checkbox", "No visits while it is ticked, between the dates of the hold"},
	"contact.hold_start":  {"Date", "First day of the hold"},
	"contact.hold_return": {"Date", "First day with visits again; empty if nobody knows"},
}

type holdField struct{ kind, about string }

func (f holdField) named(path string) customField {
	field := customField{FullName: path, Label: labelOf(path), Type: f.kind, About: f.about}
	if f.kind == "Checkbox" {
		field.Default = "false" // Salesforce wants one
	}
	return field
}

// oneOf are the values of a picklist that has no others.
func oneOf(values []string) *valueSet {
	set := &valueSet{Restricted: true}
	for _, v := range values {
		set.Values = append(set.Values, customValue{FullName: v, Label: v})
	}
	return set
}

func fieldFile(object, field string) string {
	return sourceDir + "objects/" + object + "/fields/" + field + ".field-meta.xml"
}

func labelOf(field string) string {
	return strings.ReplaceAll(strings.TrimSuffix(field, "__c"), "_", " ")
}

// ownCustom tells a custom field of the org from a standard one and from one
// that a managed package brings.
func ownCustom(field string) bool {
	name, custom := strings.CutSuffix(field, "__c")
	return custom && !strings.Contains(name, "__")
}

// ungrantable are fields that everybody has who may read the object.
var ungrantable = []string{"Id", "Name", "LastName", "OwnerId", "CreatedDate", "LastModifiedDate", "SystemModstamp"}

func permissionsFor(needs []need, label string) permissionSet {
	p := permissionSet{Label: label, About: "What Standdown may read and write: the mapped objects and fields, and nothing else",
		User: []userPermission{{Enabled: true, Name: "ApiEnabled"}}}
	for _, n := range needs {
		if n.object == "Group" || n.object == "User" {
			continue // everybody may read them
		}
		p.Objects = append(p.Objects, objectPermission{Object: n.object, Read: true, Create: n.create, Edit: n.create || n.update, Delete: n.remove, ViewAll: true})
		editable := map[string]bool{}
		if n.key != "" {
			editable[n.key] = true
		}
		for _, f := range n.fields {
			if !strings.Contains(f.path, ".") && !slices.Contains(ungrantable, f.path) {
				editable[f.path] = editable[f.path] || f.create || f.update
			}
		}
		for field, edit := range editable {
			p.Fields = append(p.Fields, fieldPermission{Field: n.object + "." + field, Readable: true, Editable: edit})
		}
	}
	slices.SortFunc(p.Fields, func(a, b fieldPermission) int { return strings.Compare(a.Field, b.Field) })
	return p
}

func fileNames(files map[string]any) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// writeFiles writes the files below dir, which must be new or empty.
func writeFiles(dir string, files map[string]any) error {
	there, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("writing the project: %w", err)
	}
	if len(there) > 0 {
		return wrong{fmt.Errorf("%s is not empty; name a new directory, or empty it", dir)}
	}
	for _, name := range fileNames(files) {
		var text []byte
		if strings.HasSuffix(name, ".json") {
			text, err = json.MarshalIndent(files[name], "", "  ")
		} else {
			text, err = xml.MarshalIndent(files[name], "", "    ")
			text = append([]byte(xml.Header), text...)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, append(text, '\n'), 0o644)
		}
		if err != nil {
			return fmt.Errorf("writing the project: %w", err)
		}
	}
	return nil
}
