package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"standdown/cmd/standdown/internal/config"
)

func newHealthCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the daemon on this machine whether it can do its job now",
		Long: `Ask the daemon on this machine whether it can do its job now, at web.listen of the
configuration. It can if mailbox and org were read when they should have been,
the journal can be written and API calls are left. Containers run this as their
health check. Of a directory of configurations each org's daemon is asked that
listens; it is an error if one of them cannot do its job.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := g.loadAll()
			if err != nil {
				return err
			}
			someListen := slices.ContainsFunc(all, func(cfg *config.Config) bool { return cfg.Web.Listen != "" })
			var errs []error
			for _, cfg := range all {
				if someListen && cfg.Web.Listen == "" {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: not asked, for web.listen is empty\n", cfg.Name)
					continue
				}
				errs = append(errs, askOrg(cmd.Context(), cfg, cmd.OutOrStdout()))
			}
			return errors.Join(errs...)
		},
	}
}

// askOrg asks the daemon of the configuration. Where there may be several, each
// line says of which it is, and there is one for each.
func askOrg(ctx context.Context, cfg *config.Config, out io.Writer) error {
	org := cfg.Name
	if org != "" {
		org += ": "
	}
	if cfg.Web.Listen == "" {
		return usagef("%sweb.listen is empty: the daemon cannot be asked", org)
	}
	if err := askHealth(ctx, cfg.Web.Listen, org, out); err != nil {
		return fmt.Errorf("%s%w", org, err)
	}
	if org != "" {
		fmt.Fprintf(out, "%sit can do its job\n", org)
	}
	return nil
}

// askHealth prints what keeps the daemon that listens on the address from doing
// its job, each line after the prefix, and returns an error if there is anything.
func askHealth(ctx context.Context, address, prefix string, out io.Writer) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	ctx, done := context.WithTimeout(ctx, 10*time.Second)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(cmp.Or(host, "localhost"), port)+"/readyz?verbose", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the daemon does not answer: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("the daemon does not answer: %w", err)
	}
	var report struct {
		Checks []struct {
			Name   string `json:"name"`
			OK     bool   `json:"ok"`
			Detail string `json:"detail"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(text, &report); err != nil || len(report.Checks) == 0 {
		return fmt.Errorf("what answers at %s is not the daemon", address)
	}
	for _, c := range report.Checks {
		if !c.OK {
			fmt.Fprintf(out, "%s%s: %s\n", prefix, c.Name, c.Detail)
		}
	}
	if response.StatusCode != http.StatusOK {
		return errors.New("the daemon cannot do its job now")
	}
	return nil
}
