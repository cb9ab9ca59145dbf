package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"standdown/connectors/salesforce/sandbox"
)

func newSandboxCommand() *cobra.Command {
	var addr, state, model, project string
	var noSeed bool
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a Salesforce org on this machine, to try a configuration",
		Long: `Sandbox runs a Salesforce org in this process: REST API, SOQL, believable
records. It prints how to log in and stays up until it is interrupted. It is for
trying a configuration; it keeps nothing unless --state names a file, in which
it then continues where it was when it was last interrupted.

With --model acme it is the org of a company that has other names for everything
and nothing of Standdown's: for trying what a new org asks of its administrator.
--add takes what "standdown org package" wrote, and gives the org its fields and
queue, as deploying it would.`,
		Example: `  standdown sandbox
  standdown sandbox --state org.json
  standdown sandbox --model acme --state acme.json
  standdown sandbox --model acme --state acme.json --add sfdx
  standdown sandbox --addr 127.0.0.1:0 --no-seed`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8080", "`address` to listen on, on this machine")
	cmd.Flags().StringVar(&state, "state", "", "`file` to keep the org in")
	cmd.Flags().StringVar(&model, "model", "standard", "what the org calls things: standard or acme; the same each time with --state")
	cmd.Flags().StringVar(&project, "add", "", "`directory` of a Salesforce DX project whose fields and queues the org has besides")
	cmd.Flags().BoolVar(&noSeed, "no-seed", false, "begin without records")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		const id, secret = "sandbox", "secret"
		options := sandbox.Options{ClientID: id, ClientSecret: secret, State: state, Project: project}
		switch model {
		case "standard":
		case "acme":
			options.Model = sandbox.Acme()
		default:
			return usagef("there is no model %q; want standard or acme", model)
		}
		org, fresh, err := sandbox.Open(options)
		if err != nil {
			return err
		}
		if fresh && !noSeed {
			if _, err := sandbox.Seed(org, time.Now()); err != nil {
				return fmt.Errorf("filling the sandbox: %w", err)
			}
		}
		url, err := org.Start(addr)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, org.Close()) }()
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), sandboxGuide, url, id, secret); err != nil {
			return err
		}
		<-cmd.Context().Done()
		return nil
	}
	return cmd
}

// sandboxGuide takes the URL, the client id and its secret.
const sandboxGuide = `A Salesforce org is up at %[1]s until you interrupt it.

Log in:

  curl -s %[1]s/services/oauth2/token -d grant_type=client_credentials \
    -d client_id=%[2]s -d client_secret=%[3]s

Ask, with the access_token that prints:

  curl -s -G %[1]s/services/data/v64.0/query -H "Authorization: Bearer $TOKEN" \
    --data-urlencode "q=SELECT Id, Name FROM Contact LIMIT 5"

Configure standdown to use it:

  salesforce:
    url: %[1]s
    auth:
      method: client_credentials
      client_id: %[2]s
      client_secret: %[3]s
`
