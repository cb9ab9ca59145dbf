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
	"slices"
	"sync"
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
	"standdown/mapping"
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

On SIGHUP the configuration is read anew. If it is right, the daemon goes on with
it, as after a restart, without one; if not, all of it is refused, the log says
why, and the daemon goes on as it was.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			load := func() (*config.Config, error) {
				cfg, err := g.load()
				if err != nil {
					return nil, err
				}
				return cfg, soundRules(cfg)
			}
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			return reloading(cmd.Context(), load, hangups, func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
				return serve(ctx, cfg, log, time.Now, time.Second)
			}, cmd.ErrOrStderr())
		},
	}
}

// serve runs the daemon until ctx ends. Everything it consists of is built
// here, top to bottom. Tick is how often the clock is looked at. Changes
// are made to the engine before it runs: the demonstration's pace, and what
// tests put between it and its parts.
func serve(ctx context.Context, cfg *config.Config, log *slog.Logger, now func() time.Time, tick time.Duration, changes ...func(*engine.Engine)) error {
	// The journal: what was read, decided and done.
	journal, err := store.Open(ctx, cfg.Journal.Name())
	if err != nil {
		return err
	}
	defer journal.Close()
	if journal.Key, err = store.ParseKey(string(cfg.Journal.Key)); err != nil {
		return fmt.Errorf("journal.key: %w", err)
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
	watcher, err := telemetry.New(telemetry.Options{Endpoint: telemetry.Endpoint(cfg.Telemetry.Traces.Endpoint, os.LookupEnv), Version: version(), Log: log})
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
	var tokens *mailbox.Tokens
	if m := cfg.Mailbox; m != nil {
		tokens = mailTokens(m.Auth, log, now)
	}
	inboxes := connectInboxes(cfg, tokens, log, now)
	for _, in := range inboxes {
		defer in.Close()
		feeds = append(feeds, engine.Feed{Name: in.name, Source: in, Schedule: cfg.Mailbox.Poll})
	}

	// Notices go out, by the mailbox's server or by Salesforce.
	var notices connectors.Sink
	switch m := cfg.Mailbox; {
	case cfg.Notify.Via == "salesforce":
		notices, err = org.Mailer(salesforce.MailOptions{From: cfg.Notify.From})
	case m != nil:
		notices, err = mailbox.NewSink(mailbox.SinkOptions{
			Address:      m.SMTP.Address,
			TLS:          m.SMTP.TLS,
			Username:     m.SMTP.Username,
			Password:     string(m.SMTP.Password),
			Tokens:       tokens,
			From:         m.SMTP.From,
			CopyTo:       m.SMTP.CopyTo,
			Looker:       inboxes[0].Source,
			Keeper:       inboxes[0].Source,
			SentByServer: m.SMTP.SentByServer,
			Timeout:      cfg.Delivery.CallTimeout,
			Logger:       log,
			Now:          now,
		})
	}
	if err != nil {
		return err
	}
	if notices != nil {
		sinks["mail"] = mailbox.NewCeiling(notices, cfg.Notify.PerHour, sentMail(journal), now)
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
		Start:       engine.Start{Adopt: cfg.Start.Adopt, Since: time.Time(cfg.Start.Since)},
		Delivery: engine.Delivery{
			Lease:      cfg.Delivery.Lease,
			Quiet:      cfg.Delivery.Quiet,
			Attempts:   cfg.Delivery.Attempts,
			BackoffMin: cfg.Delivery.BackoffMin,
			BackoffMax: cfg.Delivery.BackoffMax,
			QuietHours: quietHours(cfg.Delivery.QuietHours),
		},
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

	var telling sync.WaitGroup
	telling.Go(func() { tellSystemd(ctx, log, site.Ready) })

	log.Info("started", "version", version(), "journal", journal.Name())
	err = e.Run(ctx)
	stop()
	telling.Wait()
	if err := errors.Join(err, <-serving); err != nil {
		return fmt.Errorf("running the daemon: %w", err)
	}
	log.Info("stopped")
	return nil
}

// quietHours are those of the mail; what concerns the org goes on.
func quietHours(q config.QuietHours) map[string]engine.Hours {
	return map[string]engine.Hours{mapping.Mail: {From: q.Begin, To: q.End, Zone: q.Location}}
}

// soundRules refuses a configuration under which the site's own examples fail.
func soundRules(cfg *config.Config) error {
	failing, err := failingExamples(cfg)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range failing {
		errs = append(errs, errors.New(e.String()))
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
func mailTokens(a config.MailAuth, log *slog.Logger, now func() time.Time) *mailbox.Tokens {
	if a.Method != "oauth" {
		return nil
	}
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
