package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/survey"
	"standdown/mapping"
)

func newConfigInitCommand(g *globals) *cobra.Command {
	b := beginning{Login: "client_credentials", MailLogin: "password"}
	var fromOrg, force bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a configuration to begin with",
		Long: `Init writes a short configuration: how to reach the org and the mailbox, and what
the org calls things where that differs from the presets. On a terminal it asks
for what no flag says. Without FILE it writes what --config names. A file that is
there is left alone without --force.

No secret is asked for or written: the file names environment variables, and
init says which to set before "standdown config check".

With --from-org it logs in, as the file says, and proposes what the org calls
each thing that the presets know, by names, labels, types, values of picklists
and where lookups lead. Each proposal has its confidence and its reason beside
it. Of two that are nearly as good it takes none: such a line stays behind a #,
with what may be meant, and is named at the end. What it does not recognise by
itself can be said with --object. Read all of it: a value that is taken for
another is worse than one that is missing. It takes one API call, and one for
every ten objects that it looks at.`,
		Example: `  standdown config init
  standdown config init --org-url https://acme.my.salesforce.com --from-org
  standdown config init acme.yaml --org-url https://acme.my.salesforce.com --preset milestone \
    --mail cancellations@acme.example --mail-login microsoft --zone America/Denver`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := g.config.Value.String()
			if len(args) == 1 {
				path = args[0]
			}
			if _, err := os.Stat(path); err == nil && !force {
				return usagef("%s is there already; name another file, or have it replaced with --force", path)
			}
			if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
				given := func(flag string) bool { return cmd.Flags().Changed(flag) }
				if err := b.ask(cmd.Context(), newInterview(in, cmd.ErrOrStderr()), given, &fromOrg); err != nil {
					return err
				}
			}
			if err := b.complete(fromOrg); err != nil {
				return err
			}
			if fromOrg {
				if err := b.survey(cmd.Context(), cmd.ErrOrStderr()); err != nil {
					return err
				}
			}
			return b.write(path, force, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.URL, "org-url", "", "the org's My Domain `URL`")
	f.StringVar(&b.Login, "login", b.Login, "how to log in to the org: client_credentials, jwt or access_token")
	f.StringVar(&b.Username, "username", "", "the integration user's `name`, with --login jwt")
	f.StringVar(&b.KeyFile, "key-file", "", "`file` with the private key, with --login jwt")
	f.StringSliceVar(&b.Presets, "preset", nil, "what the org deals with: "+strings.Join(mapping.Presets(), ", ")+" (with --from-org: what is found)")
	f.StringToStringVar(&b.Objects, "object", nil, "what the org calls something, if you know, such as workflow=Deal__c (with --from-org)")
	f.StringVar(&b.Zone, "zone", "", "time zone in which business days begin, such as America/Denver")
	f.StringVar(&b.Mail, "mail", "", "`address` of the mailbox in which requests arrive; without it no mail is read")
	f.StringVar(&b.MailLogin, "mail-login", b.MailLogin, "how to log in to it: password, microsoft or gmail")
	f.StringVar(&b.IMAP, "imap", "", "`host:port` of the server with the mailbox")
	f.StringVar(&b.SMTP, "smtp", "", "`host:port` of the server that sends")
	f.BoolVar(&fromOrg, "from-org", false, "look at the org and propose what it calls things")
	f.BoolVar(&force, "force", false, "replace FILE")
	return cmd
}

// A beginning is what a first configuration says.
type beginning struct {
	URL      string
	Login    string
	Username string
	KeyFile  string
	Presets  []string
	Objects  map[string]string // of the org, by what they stand for, as far as it is known
	Zone     string

	Mail      string // address of the mailbox; empty for none
	MailLogin string // password, microsoft or gmail
	IMAP      string
	SMTP      string

	// Proposal is what the org was found to call things, if it was asked.
	Proposal *survey.Proposal
}

// mailServers are those of providers that have the same for everybody.
var mailServers = map[string]struct{ imap, smtp string }{
	"microsoft": {"outlook.office365.com:993", "smtp.office365.com:587"},
	"gmail":     {"imap.gmail.com:993", "smtp.gmail.com:465"},
}

// complete adds what follows from the rest, and refuses what cannot work.
func (b *beginning) complete(fromOrg bool) error {
	if b.URL == "" {
		return usagef("where is the org? Say it with --org-url, such as https://acme.my.salesforce.com")
	}
	if len(b.Objects) > 0 && !fromOrg {
		return usagef("--object goes with --from-org")
	}
	if len(b.Presets) == 0 && !fromOrg {
		return usagef("what does the org deal with? Say it with --preset: %s; or let --from-org find out", strings.Join(mapping.Presets(), ", "))
	}
	if _, known := mailServers[b.MailLogin]; !known && b.MailLogin != "password" {
		return usagef("--mail-login %q is no choice; want password, microsoft or gmail", b.MailLogin)
	}
	if b.Mail == "" {
		return nil
	}
	if b.IMAP == "" {
		b.IMAP = mailServers[b.MailLogin].imap
	}
	if b.SMTP == "" {
		b.SMTP = mailServers[b.MailLogin].smtp
	}
	if b.IMAP == "" || b.SMTP == "" {
		return usagef("which servers have the mailbox %s? Say it with --imap and --smtp", b.Mail)
	}
	return nil
}

// survey looks at the org and keeps what it proposes.
func (b *beginning) survey(ctx context.Context, log io.Writer) error {
	draft := *b
	if len(draft.Presets) == 0 {
		draft.Presets = []string{mapping.Presets()[0]} // anything right; it is not used
	}
	draft.Mail = "" // nor is the mailbox, whose secrets may not be there yet
	cfg, unset, err := draft.checked("standdown.yaml")
	if err != nil {
		return err
	}
	if len(unset) > 0 {
		return usagef("to look at the org, set %s in the environment first", strings.Join(unset, ", "))
	}
	client, err := connectOrg(cfg, newLogger(cfg.Log, log), time.Now, nil)
	if err != nil {
		return err
	}
	hints := survey.Hints{Presets: b.Presets, Objects: b.Objects}
	org, err := survey.Read(ctx, client, hints)
	if err != nil {
		return err
	}
	p, err := survey.Propose(org, hints)
	if err != nil {
		return wrong{err}
	}
	if len(p.Presets) == 0 {
		return fmt.Errorf("nothing in %s looks like what the presets know:\n%sSay what is meant, such as --object workflow=Deal__c, and see that the integration user may see it",
			b.URL, listed(p.Parts))
	}
	b.Proposal = &p
	return nil
}

// checked reads the text as a configuration, and tells which variables of the
// environment it needs that are not set.
func (b *beginning) checked(path string) (cfg *config.Config, unset []string, err error) {
	missing := map[string]bool{}
	cfg, err = config.Parse(path, b.text(), func(name string) (string, bool) {
		value := os.Getenv(name)
		if value == "" {
			missing[name] = true
			value = "to be set"
		}
		return value, true
	})
	if err != nil {
		return nil, nil, wrong{fmt.Errorf("nothing is written, for it would be wrong:\n%w", err)}
	}
	return cfg, slices.Sorted(maps.Keys(missing)), nil
}

// write writes the file if it is right, and says what is left to be done.
func (b *beginning) write(path string, force bool, out, log io.Writer) error {
	_, unset, err := b.checked(path)
	if err != nil {
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	_, err = file.Write(b.text())
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	fmt.Fprintf(out, "%s is written.\n", path)
	if b.Proposal != nil {
		b.tell(log)
	}
	next := "standdown config check " + path
	if len(unset) > 0 {
		next = "set " + strings.Join(unset, ", ") + " in the environment; then: " + next
	}
	_, err = fmt.Fprintln(out, "Next:", next)
	return err
}

// tell says what was found and what is still to be decided.
func (b *beginning) tell(log io.Writer) {
	counts := map[survey.Verdict]int{}
	for _, c := range b.Proposal.Choices {
		counts[c.Verdict]++
	}
	fmt.Fprintf(log, "Of %d things, %d are called as in the presets %s, %d otherwise, %d are not there and not needed, and %d \"standdown org package\" makes.\n",
		len(b.Proposal.Choices), counts[survey.AsPreset], strings.Join(b.Proposal.Presets, ", "), counts[survey.Found], counts[survey.Absent], counts[survey.Made])
	if left := b.Proposal.Undecided(); len(left) > 0 {
		fmt.Fprintf(log, "Still to be decided:\n%s", listed(left))
	}
}

func listed(choices []survey.Choice) string {
	var b strings.Builder
	for _, c := range choices {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	return b.String()
}
