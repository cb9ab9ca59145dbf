package mailbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// keep has the refresh token survive a restart. That it could not be kept is
// no reason to do without the mailbox today; it is tried again each time.
func (t *Tokens) keep() {
	if t.refresh == t.kept {
		return
	}
	if t.options.RefreshFile == "" {
		t.options.Logger.Warn("refresh token was replaced and will be lost at a restart, use a file for it", "system", t.host())
		t.kept = t.refresh
		return
	}
	if err := replaceFile(t.options.RefreshFile, t.refresh+"\n"); err != nil {
		t.options.Logger.Error("refresh token was replaced and cannot be kept", "system", t.host(), "err", err)
		return
	}
	t.kept = t.refresh
}

// reread reports whether the file holds another refresh token than the one
// that is known, which then takes its place.
func (t *Tokens) reread() bool {
	if t.options.RefreshFile == "" {
		return false
	}
	text, err := os.ReadFile(t.options.RefreshFile)
	held := strings.TrimRight(string(text), "\r\n")
	if err != nil || held == "" || held == t.refresh || held == t.kept {
		return false
	}
	t.refresh, t.kept = held, held
	return true
}

// replaceFile puts text into the file so that a crash at any moment leaves the
// old or the new content. Only the owner can read it. A link stays a link.
func replaceFile(path, text string) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".refresh-*") // has mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", file.Name(), err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
