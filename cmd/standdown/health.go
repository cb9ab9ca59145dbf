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
	"time"

	"github.com/spf13/cobra"
)

func newHealthCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the daemon on this machine whether it can do its job now",
		Long: `Ask the daemon on this machine whether it can do its job now, at web.listen of the
configuration. It can if mailbox and org were read when they should have been,
the journal can be written and API calls are left. Containers run this as their
health check.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load()
			if err != nil {
				return err
			}
			if cfg.Web.Listen == "" {
				return usagef("web.listen is empty in %s: the daemon cannot be asked", g.config.Value)
			}
			return askHealth(cmd.Context(), cfg.Web.Listen, cmd.OutOrStdout())
		},
	}
}

// askHealth prints what keeps the daemon that listens on the address from doing
// its job, and returns an error if there is anything.
func askHealth(ctx context.Context, address string, out io.Writer) error {
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
			fmt.Fprintf(out, "%s: %s\n", c.Name, c.Detail)
		}
	}
	if response.StatusCode != http.StatusOK {
		return errors.New("the daemon cannot do its job now")
	}
	return nil
}
