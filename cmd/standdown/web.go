package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"standdown/cmd/standdown/internal/web"
)

func newWebCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "web",
		Short: "Prepare the daemon's pages",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newWebUserCommand())
	return cmd
}

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
	var roles []string
	for _, r := range web.Roles() {
		roles = append(roles, string(r))
	}
	cmd.Flags().StringVar(&role, "role", string(web.Viewer), strings.Join(roles, ", "))
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
