package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/replicas"
	"standdown/cmd/standdown/internal/store"
	"standdown/cmd/standdown/internal/telemetry"
	"standdown/cmd/standdown/internal/web"
	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/salesforce"
)

func newServeCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon",
		Long: `Run the daemon until it is told to stop (SIGINT or SIGTERM).

It reads the mailbox and the org, decides by the rules, and writes what follows.
The configuration, the rule tables and the site's own examples are checked
first; if anything is wrong, nothing is started. On its first start it records
what is there and acts only on what comes after (see start in the
configuration).

If --config is a directory, each *.yaml in it is an org: acme.yaml that of acme.
All of them run in this process, each with a journal, API calls, ceilings and
pages of its own; --org runs one of them alone. They are checked together, and
refused together. If one fails later, such as for want of its database, the
others go on, and it is begun again, after a minute at most each time.

On SIGHUP the configuration is read anew. If it is right, the daemon goes on with
it, as after a restart, without one; orgs whose configuration is as it was are not
disturbed. If it is wrong, all of it is refused, the log says why, and the daemon
goes on as it was.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			h := &household{
				load: func() ([]*config.Config, error) {
					all, err := g.loadAll()
					if err != nil {
						return nil, err
					}
					return all, soundRules(all...)
				},
				run: func(ctx context.Context, cfg *config.Config, log *slog.Logger, begun func(ability)) error {
					return serve(ctx, cfg, log, time.Now, time.Second, begun)
				},
				several: g.several(),
				logs:    cmd.ErrOrStderr(),
				now:     time.Now,
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(50) // an intake needs a tenth less memory for a few hundredths more time
			}
			return h.live(cmd.Context(), hangups)
		},
	}
}

// serve runs the daemon until ctx ends. Everything it consists of is built
// here, top to bottom. Tick is how often the clock is looked at. Begun, unless it
// is nil, is told once it runs how to ask whether it can do its job. Changes
// are made to the engine before it runs: the demonstration's pace, and what
// tests put between it and its parts.
func serve(ctx context.Context, cfg *config.Config, log *slog.Logger, now func() time.Time, tick time.Duration, begun func(able ability), changes ...func(*engine.Engine)) error {
	// The journal: what was read, decided and done.
	journal, err := store.Open(ctx, cfg.Journal.Name())
	if err != nil && ctx.Err() != nil {
		return nil // told to stop while it waited, such as for another daemon that brings the tables up to date
	}
	if err != nil {
		return err
	}
	defer journal.Close()
	if journal.Key, err = store.ParseKey(string(cfg.Journal.Key)); err != nil {
		return fmt.Errorf("journal.key: %w", err)
	}

	// Who reads the tables' SQL leaves 16 MB behind, and lets go of them at the
	// second collection only. Counted as in use they would let garbage of the same
	// size stay for minutes.
	runtime.GC()
	runtime.GC()

	if was := journal.Upgraded(); was.From > 0 {
		log.Info("journal brought up to date", "from", was.From, "to", was.To, "copy", was.Copy)
	}

	// The other daemons on it, if it can have several.
	var others engine.Replicas
	if database := journal.Shared(); database != nil {
		replica, err := replicas.Join(ctx, database, log)
		if err != nil {
			return err
		}
		defer replica.Close()
		others = replica
	}

	// What it does, told in figures and traces.
	watcher, err := telemetry.New(telemetry.Options{Endpoint: telemetry.Endpoint(cfg.Telemetry.Traces.Endpoint, os.LookupEnv), Version: version(), Org: cfg.Name, Log: log})
	if err != nil {
		return err
	}
	defer watcher.Close()

	// Salesforce: watched for changes, asked for what decisions need, written to.
	org, err := connectOrg(cfg, log, now, watcher.Called)
	if err != nil {
		return err
	}
	feeds := []engine.Feed{{Name: "salesforce", Source: org, Schedule: cfg.Salesforce.Poll}}
	sinks := map[string]connectors.Sink{"salesforce": org}

	// The mailbox: requests come in.
	tokens := mailTokens(cfg.Mailbox, log, now)
	inboxes := connectInboxes(cfg, tokens, log, now)
	for _, in := range inboxes {
		defer in.Close()
		feeds = append(feeds, engine.Feed{Name: in.name, Source: in, Schedule: cfg.Mailbox.Poll})
	}

	// Notices go out, by the mailbox's server or by Salesforce.
	notices, err := connectNotices(cfg, org, inboxes, tokens, journal, log, now)
	if err != nil {
		return err
	}
	if notices != nil {
		sinks["mail"] = notices
	}

	// The engine: read, decide, deliver.
	e := &engine.Engine{
		Store:       journal,
		Replicas:    others,
		Book:        cfg.Book,
		Mapping:     cfg.Names,
		Feeds:       feeds,
		Lookup:      org,
		Sinks:       sinks,
		Autonomy:    cfg.Autonomy,
		Ceilings:    ceilings(cfg),
		ExpireAfter: cfg.Approvals.ExpireAfter,
		AskInCases:  cfg.Approvals.Cases,
		Person:      person(cfg.Approvals),
		Operators:   engine.Operators{Mail: cfg.Operators.Mail, Cases: cfg.Operators.Cases},
		Shadow:      engine.Shadow{All: cfg.Shadow.All, After: cfg.Shadow.After, Report: cfg.Shadow.Report},
		Start:       engine.Start{Adopt: cfg.Start.Adopt, Since: time.Time(cfg.Start.Since)},
		Delivery:    delivery(cfg),
		Retention: store.Retention{
			Raw:        time.Duration(cfg.Journal.Retain.Raw),
			Situations: time.Duration(cfg.Journal.Retain.Situations),
		},
		Observer: watcher,
		Now:      now,
		Log:      log,
		Tick:     tick,
	}
	for _, change := range changes {
		change(e)
	}

	// The pages: how it is, what it did, what waits for people.
	site := &web.Server{
		Name:    cfg.Name,
		Journal: journal,
		Budget:  org.Usage,
		Reserve: cfg.Salesforce.Reserve,
		Leads:   e.Leads,
		Systems: slices.Sorted(maps.Keys(sinks)),
		Figures: watcher,
		Down:    watcher.LeftAlone,
		Version: version(),
		Now:     now,
		Log:     log,

		Book:           cfg.Book,
		Org:            cfg.Salesforce.URL,
		UsersFile:      cfg.Web.UsersFile,
		TrustedHeader:  cfg.Web.TrustedHeader,
		TrustedProxies: cfg.Web.Proxies,
		OIDC:           issuer(cfg.Web.OIDC),
		Checker:        checker(cfg.Approvals),
		PlanUndo:       undoer(cfg),
		Plan:           e.Plan,
		Examples:       exampleReader(cfg),
		ReadMail:       mailParts,
	}
	for _, f := range feeds {
		site.Links = append(site.Links, web.Link{Name: f.Name, Schedule: f.Schedule, Grace: cfg.Delivery.CallTimeout})
	}
	serving := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if cfg.Web.Listen == "" {
		serving <- nil
	} else {
		door, err := web.Listen(cfg.Web.Listen)
		if err != nil {
			return err
		}
		go func() {
			defer stop() // without it nobody would learn how it is
			serving <- site.Serve(ctx, door)
		}()
	}

	if begun != nil {
		begun(site.Ready)
	}
	log.Info("started", "version", version(), "journal", journal.Name())
	debug.FreeOSMemory() // what only the start has needed
	err = e.Run(ctx)
	stop()
	if err := errors.Join(err, <-serving); err != nil {
		return fmt.Errorf("running the daemon: %w", err)
	}
	log.Info("stopped")
	return nil
}

// soundRules refuses configurations under which the sites' own examples fail.
func soundRules(all ...*config.Config) error {
	var errs []error
	for _, cfg := range all {
		failing, err := failingExamples(cfg)
		if err != nil {
			return err
		}
		for _, e := range failing {
			errs = append(errs, errors.New(e.String()))
		}
	}
	if len(errs) > 0 {
		return wrong{fmt.Errorf("the rules do not what the site's examples say:\n%w", errors.Join(errs...))}
	}
	return nil
}

func ceilings(cfg *config.Config) store.Ceilings {
	return store.Ceilings{
		Run:         cfg.Ceilings.Run.Records,
		Percent:     cfg.Ceilings.Run.Percent,
		Rule:        cfg.Ceilings.Rule.Records,
		RulePercent: cfg.Ceilings.Rule.Percent,
		Floor:       cfg.Ceilings.Run.Floor,
		Customer:    cfg.Ceilings.Customer.Records,
	}
}

// A mailFolder is one that mail comes into. The first is called mailbox.
type mailFolder struct {
	*mailbox.Source
	name string
}

// connectInboxes returns the folders of the mailbox and of the others; it makes
// no connection. They are to be closed.
func connectInboxes(cfg *config.Config, tokens *mailbox.Tokens, log *slog.Logger, now func() time.Time) []mailFolder {
	m := cfg.Mailbox
	if m == nil {
		return nil
	}
	var all []mailFolder
	for _, in := range append([]config.IMAP{m.IMAP}, m.Others...) {
		for _, folder := range append([]string{in.Folder}, in.Folders...) {
			name := "mailbox"
			if len(all) > 0 {
				name += "/" + in.Username + "/" + folder
			}
			all = append(all, mailFolder{name: name, Source: mailbox.NewSource(mailbox.Options{
				Address:        in.Address,
				TLS:            in.TLS,
				Username:       in.Username,
				Password:       string(in.Password),
				Tokens:         tokens,
				Folder:         folder,
				DoneFolder:     in.DoneFolder,
				SentFolder:     m.SMTP.SentFolder,
				CommandTimeout: cfg.Delivery.CallTimeout,
				Authenticator:  mailbox.Authenticator{ServIDs: m.AuthServIDs},
				Logger:         log,
				Now:            now,
			})})
		}
	}
	return all
}

// connectOrg returns a client for the org; it makes no call. Called, unless it
// is nil, is told of each.
func connectOrg(cfg *config.Config, log *slog.Logger, now func() time.Time, called func(resource string)) (*salesforce.Client, error) {
	var watches []salesforce.Watch
	for _, w := range cfg.Names.Watches() {
		watches = append(watches, salesforce.Watch(w))
	}
	return salesforce.New(salesforce.Options{
		URL:         cfg.Salesforce.URL,
		APIVersion:  cfg.Salesforce.APIVersion,
		Auth:        credentials(cfg.Salesforce.Auth),
		Watch:       watches,
		KeyFields:   cfg.Names.KeyFields(),
		WriteGuard:  cfg.Salesforce.WriteGuard,
		Overlap:     cfg.Salesforce.Overlap,
		Reconcile:   cfg.Salesforce.Reconcile,
		Reserve:     cfg.Salesforce.Reserve,
		Approvals:   cfg.Salesforce.Approvals,
		CallTimeout: cfg.Delivery.CallTimeout,
		Called:      called,
		Logger:      log,
		Now:         now,
	})
}

func credentials(a config.Auth) salesforce.Auth {
	return salesforce.Auth{
		ClientID:     a.ClientID,
		ClientSecret: string(a.ClientSecret),
		Username:     a.Username,
		PrivateKey:   []byte(a.PrivateKey),
		Audience:     a.Audience,
		AccessToken:  string(a.Token),
	}
}

// mailTokens are the access tokens for the mail servers, nil where passwords
// are used.
func mailTokens(m *config.Mailbox, log *slog.Logger, now func() time.Time) *mailbox.Tokens {
	if m == nil || m.Auth.Method != "oauth" {
		return nil
	}
	a := m.Auth
	return mailbox.NewTokens(mailbox.OAuth{
		TokenURL:     a.TokenURL,
		ClientID:     a.ClientID,
		ClientSecret: string(a.ClientSecret),
		RefreshToken: string(a.RefreshToken),
		RefreshFile:  a.RefreshTokenFile,
		Scope:        a.Scope,
		Logger:       log,
		Now:          now,
	})
}

func newLogger(l config.Log, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.Level(l.Level)}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
