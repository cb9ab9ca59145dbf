package main

import (
	"log/slog"
	"time"

	"standdown/cmd/standdown/internal/config"
	"standdown/cmd/standdown/internal/engine"
	"standdown/cmd/standdown/internal/store"
	"standdown/connectors"
	"standdown/connectors/mailbox"
	"standdown/connectors/salesforce"
	"standdown/mapping"
)

// connectNotices returns where mails are sent, by the mailbox's server or by
// Salesforce, or nil if that is nowhere; it makes no connection.
func connectNotices(cfg *config.Config, org *salesforce.Client, inboxes []mailFolder, tokens *mailbox.Tokens, journal *store.Store, log *slog.Logger, now func() time.Time) (connectors.Sink, error) {
	var notices connectors.Sink
	var err error
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
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ceiling := mailbox.NewCeiling(notices, cfg.Notify.PerHour, sentMail(journal), now)
	ceiling.Exempt = store.IsNotice
	return ceiling, nil
}

// delivery is the pace of delivery.
func delivery(cfg *config.Config) engine.Delivery {
	return engine.Delivery{
		Lease:      cfg.Delivery.Lease,
		Quiet:      cfg.Delivery.Quiet,
		Attempts:   cfg.Delivery.Attempts,
		BackoffMin: cfg.Delivery.BackoffMin,
		BackoffMax: cfg.Delivery.BackoffMax,
		QuietHours: quietHours(cfg.Delivery.QuietHours),
	}
}

// quietHours are those of the mail; what concerns the org goes on.
func quietHours(q config.QuietHours) map[string]engine.Hours {
	return map[string]engine.Hours{mapping.Mail: {From: q.Begin, To: q.End, Zone: q.Location}}
}
