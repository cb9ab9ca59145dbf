package bench

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peers are scripts as a good engineer would write them.
//
//go:embed peers
var peers embed.FS

// script returns the command that runs one of the scripts, which needs npm
// packages.
func (b *Bench) script(ctx context.Context, name string, packages []string, args ...string) (*exec.Cmd, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, missing("node is not installed")
	}
	dir, err := b.modules(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", p)); err != nil {
			return nil, missing(fmt.Sprintf("npm install --prefix DIR %s, and say --npm DIR", strings.Join(packages, " ")))
		}
	}
	text, err := peers.ReadFile("peers/" + name)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.Dir, name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(node, append([]string{file}, args...)...)
	cmd.Env = append(os.Environ(), "STANDDOWN_PEERS="+dir, "STANDDOWN_NPM="+dir)
	return cmd, nil
}

// modules is the directory that has node_modules.
func (b *Bench) modules(ctx context.Context) (string, error) {
	if b.NPM != "" {
		return absolute(b.NPM), nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", missing("npm is not installed; say --npm DIR")
	}
	root, err := exec.CommandContext(ctx, npm, "root", "-g").Output()
	if err != nil {
		return "", missing("npm does not tell where its packages are; say --npm DIR")
	}
	return filepath.Dir(strings.TrimSpace(string(root))), nil
}

// mailScript starts the script that acts on a crowd's mails, and waits until it
// is ready.
func (b *Bench) mailScript(ctx context.Context, c *Crowd, way string) (*Process, error) {
	host, port, _ := net.SplitHostPort(c.Inbox.Address)
	cmd, err := b.script(ctx, "mail.mjs", []string{"imapflow", "jsforce"}, way, host, port, MailUser, MailPassword, "http://"+c.Door.Address)
	if err != nil {
		return nil, err
	}
	withTrust(cmd, c.Inbox)
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = in
	p, err := begin(cmd)
	in.Close()
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
		io.Copy(io.Discard, out)
		out.Close()
	}()
	select {
	case line := <-said:
		if strings.TrimSpace(line) != "ready" {
			p.Kill()
			return nil, fmt.Errorf("the script said %q: %s", line, p.said.end())
		}
	case <-ctx.Done():
		p.Kill()
		return nil, ctx.Err()
	}
	return p, nil
}

// mbsync copies the mailbox into an empty Maildir.
func mbsync(ctx context.Context, dir string, box *Postbox, mails int, durable bool) (u Usage, err error) {
	program, err := exec.LookPath("mbsync")
	if err != nil {
		return u, missing("mbsync is not installed (Debian: isync)")
	}
	_, port, _ := net.SplitHostPort(box.Address)
	fsync := "no"
	if durable {
		fsync = "yes"
	}
	conf := filepath.Join(dir, "mbsyncrc")
	err = os.WriteFile(conf, fmt.Appendf(nil, `FSync %s

IMAPStore far
Host localhost
Port %s
User %s
Pass %s
SSLType IMAPS
CertificateFile %s

MaildirStore near
Inbox %[6]s/inbox
Path %[6]s/

Channel all
Far :far:
Near :near:
Create Near
Sync Pull
SyncState *
`, fsync, port, MailUser, MailPassword, box.Trust, dir), 0o600)
	if err != nil {
		return u, err
	}
	if u, err = Measure(ctx, exec.Command(program, "-c", conf, "all")); err != nil {
		return u, err
	}
	return u, stored(filepath.Join(dir, "inbox"), mails)
}

// getmail copies the mailbox into an empty Maildir. It waits for the disk after
// each mail.
func getmail(ctx context.Context, dir string, box *Postbox, mails int) (u Usage, err error) {
	program, err := exec.LookPath("getmail")
	if err != nil {
		return u, missing("getmail is not installed (Debian: getmail6)")
	}
	maildir, user := filepath.Join(dir, "inbox"), ""
	for _, folder := range []string{"", "cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(maildir, folder), 0o700); err != nil {
			return u, err
		}
	}
	if os.Getuid() == 0 { // it refuses to deliver as root, and becomes another
		user = "user = nobody"
		err = errors.Join(os.Chmod(filepath.Dir(dir), 0o711), os.Chmod(dir, 0o711))
		for _, folder := range []string{"", "cur", "new", "tmp"} {
			err = errors.Join(err, os.Chown(filepath.Join(maildir, folder), 65534, 65534))
		}
		if err != nil {
			return u, err
		}
	}
	_, port, _ := net.SplitHostPort(box.Address)
	conf := filepath.Join(dir, "getmailrc")
	err = os.WriteFile(conf, fmt.Appendf(nil, `[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = %s
username = %s
password = %s
ca_certs = %s
mailboxes = ("INBOX",)

[destination]
type = Maildir
path = %s/
%s

[options]
read_all = true
delete = false
delivered_to = false
received = false
verbose = 0
`, port, MailUser, MailPassword, box.Trust, maildir, user), 0o600)
	if err != nil {
		return u, err
	}
	if u, err = Measure(ctx, exec.Command(program, "--getmaildir", dir, "--rcfile", conf)); err != nil {
		return u, err
	}
	return u, stored(maildir, mails)
}

// stored checks how many mails there are in a Maildir.
func stored(maildir string, want int) error {
	for _, part := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(maildir, part))
		if err != nil {
			return err
		}
		want -= len(entries)
	}
	if want != 0 {
		return fmt.Errorf("%d mails were not stored", want)
	}
	return nil
}
