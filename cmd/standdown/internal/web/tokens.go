package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// tokenMark begins every token, so that one that is left lying about is known
// for what it is.
const tokenMark = "standdown_"

// NewToken makes a program known by the name until the given time, and returns
// its token, which is nowhere else: the users file has only its hash. It makes
// the users file if there is none yet. A name that is there already is an error,
// and changes nothing.
func NewToken(path, name string, role Role, expires time.Time) (token string, err error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading the users: %w", err)
	}
	if len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
		data = append(data, '\n')
	}
	token = tokenMark + rand.Text() + rand.Text()
	user := User{Name: name, Role: role, Token: tokenHash(token), Expires: expires.UTC().Truncate(time.Second)}
	line, err := user.Line()
	if err != nil {
		return "", err
	}
	if users, err := parseUsers(data); err == nil && users[name].Name != "" {
		return "", fmt.Errorf("%s is among the users of %s already; take it out first, or choose another name", name, path)
	}
	return token, writeUsers(path, append(data, line...))
}

// RevokeToken takes a program out of the users file; a running daemon refuses
// its token at once. What else is there stays, with its comments.
func RevokeToken(path, name string) error {
	users, err := ReadUsers(path)
	if err != nil {
		return err
	}
	if users[name].Token == "" {
		return fmt.Errorf("there is no token of the name %q in %s", name, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the users: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("reading the users of %s: %w", path, err)
	}
	pairs := &document.Content[0].Content
	for i := 0; i < len(*pairs); i += 2 {
		if (*pairs)[i].Value == name {
			*pairs = slices.Delete(*pairs, i, i+2)
			break
		}
	}
	if len(*pairs) == 0 {
		return fmt.Errorf("%s would name nobody any more, and the daemon not start with it; remove the file and its setting (web.users_file), or name somebody else first", path)
	}
	if data, err = yaml.Marshal(&document); err != nil {
		return err
	}
	return writeUsers(path, data)
}

// writeUsers writes what can be read again, all at once: a daemon that reads the
// file meanwhile finds it as it was or as it is. It stays its owner's.
func writeUsers(path string, data []byte) error {
	if _, err := parseUsers(data); err != nil {
		return fmt.Errorf("changing the users of %s: %w", path, err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	next, err := os.CreateTemp(filepath.Dir(path), ".users-*") // for nobody else to read
	if err != nil {
		return fmt.Errorf("writing the users: %w", err)
	}
	defer os.Remove(next.Name())
	_, err = next.Write(data)
	if info, missing := os.Stat(path); err == nil && missing == nil {
		err = errors.Join(keepOwner(next.Name(), info), next.Chmod(info.Mode().Perm()))
	}
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the users: %w", err)
	}
	return nil
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (u User) checkToken() error {
	if u.Token == "" {
		if !u.Expires.IsZero() {
			return errors.New("it has no token that could expire")
		}
		return nil
	}
	if sum, err := hex.DecodeString(u.Token); err != nil || len(sum) != sha256.Size {
		return errors.New("the token is no SHA-256 in hex")
	}
	if u.Password != "" {
		return errors.New("who has a token has no password: give the program a name of its own")
	}
	if u.Expires.IsZero() {
		return errors.New("the token must expire (expires)")
	}
	return nil
}

// A tooMany is about one who has failed so often that it must wait.
type tooMany struct{ wait time.Duration }

func (t tooMany) Error() string {
	return fmt.Sprintf("There were too many attempts. Try again in %d minutes.", t.minutes())
}

func (t tooMany) minutes() int { return int(t.wait/time.Minute) + 1 }

// bearer tells whose token the request brings. One that is good is never made
// to wait for others that are not: tokens cannot be guessed as passwords can.
func (s *site) bearer(r *http.Request, token string) (User, error) {
	users, err := s.users()
	if err != nil {
		return User{}, err
	}
	name := ""
	err = refuse(http.StatusUnauthorized, "This token is not known here (any more). Make one with: standdown web token NAME")
	hash := tokenHash(token)
	for _, u := range users {
		if u.Token != hash {
			continue
		}
		if s.Now().Before(u.Expires) {
			return u, nil
		}
		name = u.Name
		err = refuse(http.StatusUnauthorized, "The token of %s expired on %s. Make another with: standdown web token NAME", name, u.Expires.Format(time.DateOnly))
	}
	place, _, _ := net.SplitHostPort(r.RemoteAddr)
	if wait := s.refused.begin(place, place, s.Now()); wait > 0 {
		return User{}, tooMany{wait}
	}
	s.Log.Warn("a token was refused", "ref", name)
	return User{}, err
}
