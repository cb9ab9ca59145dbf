package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"standdown/cmd/standdown/internal/web"
)

func newWebCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "web",
		Short: "Say who may use the daemon's pages and its API",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newWebUserCommand(), newWebTokenCommand(g))
	return cmd
}

func newWebTokenCommand(g *globals) *cobra.Command {
	var role, expires, users string
	var revoke bool
	cmd := &cobra.Command{
		Use:   "token NAME",
		Short: "Make a token by which a program can use the API, or revoke it",
		Long: `Make a token by which a program can use the API (/api/v1) and, with --server,
this program's own commands. It is printed once; the users file (web.users_file)
keeps its SHA-256, role and expiry under the NAME, and so does each act that is
done with it. The daemon need not be started again.

A token is somebody of its own: give none that approves to who causes what is to
be approved, or say in approvals.people whose it is. With --revoke it is taken
out, and good no longer.`,
		Example: `  standdown web token 'nightly report' --expires 365d > token.txt
  standdown --server https://standdown.acme.example --token-file token.txt outbox list
  standdown web token 'nightly report' --revoke`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if users == "" {
				cfg, err := g.load()
				if err != nil {
					return err
				}
				if users = cfg.Web.UsersFile; users == "" {
					return usagef("where? No users file is configured (web.users_file); name one there, or here with --users FILE")
				}
			}
			if revoke {
				return web.RevokeToken(users, args[0])
			}
			until, err := expiry(expires, time.Now())
			if err != nil {
				return err
			}
			token, err := web.NewToken(users, args[0], web.Role(role), until)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), "This is shown once; keep it where secrets are kept.")
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", string(web.Viewer), rolesInWords())
	cmd.Flags().StringVar(&expires, "expires", "90d", "for how long it is good: 90d, 12h")
	cmd.Flags().StringVar(&users, "users", "", "users `file`, if not that of the configuration")
	cmd.Flags().BoolVar(&revoke, "revoke", false, "take it out")
	return cmd
}

// expiry is when what is made now and is good for so long is good no longer.
func expiry(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.AddDate(0, 0, n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d), nil
	}
	return now, usagef("--expires %q: want a number of days such as 90d, or a duration such as 12h", text)
}

func rolesInWords() string { return strings.Join(names(web.Roles()), ", ") }

func newWebUserCommand() *cobra.Command {
	var role string
	var elsewhere bool
	cmd := &cobra.Command{
		Use:   "user NAME",
		Short: "Print a user's line for the users file (web.users_file)",
		Long: `Print a user's line for the users file (web.users_file).

The password is read from standard input; the line holds only its hash. A viewer
looks, an operator retries, confirms and drops, an approver approves, declines
and takes back, an admin pauses and resumes as well. The daemon reads the file
anew each time: it need not be started again.`,
		Example: "  standdown web user 'Dana Whitlock' --role approver >> users.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			user := web.User{Name: args[0], Role: web.Role(role)}
			if !elsewhere {
				password, err := readPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if user.Password, err = web.HashPassword(password); err != nil {
					return usagef("%v", err)
				}
			}
			line, err := user.Line()
			if err != nil {
				return usagef("%v", err)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), line)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", string(web.Viewer), rolesInWords())
	cmd.Flags().BoolVar(&elsewhere, "no-password", false, "for one who signs in at a proxy or by OIDC")
	return cmd
}

// readPassword reads a line, from a terminal without showing it.
func readPassword(in io.Reader, prompt io.Writer) (string, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(prompt, "Password: ")
		typed, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(prompt)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return string(typed), nil
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
