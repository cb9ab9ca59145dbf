package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/bcrypt"
)

// A Role is what somebody may do. Each may do what those before it may.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // look
	Operator Role = "operator" // retry, drop and confirm
	Approver Role = "approver" // approve, decline and undo
	Admin    Role = "admin"    // pause and resume
)

// Roles returns every role, the least first.
func Roles() []Role { return []Role{Viewer, Operator, Approver, Admin} }

// May reports whether the role allows what needs another.
func (r Role) May(need Role) bool {
	return slices.Contains(Roles(), r) && slices.Index(Roles(), r) >= slices.Index(Roles(), need)
}

// A User is somebody whom the users file names.
type User struct {
	Name string `yaml:"-"`
	Role Role   `yaml:"role"`
	// Password is its bcrypt hash; empty for those who come through a proxy.
	Password string `yaml:"password,omitempty"`
	// Token is the SHA-256 of the token by which a program is known, in hex, and
	// Expires is until when; a program signs in in no other way.
	Token   string    `yaml:"token,omitempty"`
	Expires time.Time `yaml:"expires,omitempty"`
}

// ReadUsers reads a users file: YAML, each user by name with a role and the
// hash of a password, or each program with that of its token,
//
//	Dana Whitlock: {role: approver, password: $2a$12$...}
//	nightly report: {role: viewer, token: 9f86d0..., expires: 2027-01-31T00:00:00Z}
//
// The error names everything that is wrong, and no hash.
func ReadUsers(path string) (map[string]User, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the users: %w", err)
	}
	users, err := parseUsers(data)
	if err != nil {
		return nil, fmt.Errorf("reading the users of %s: %w", path, err)
	}
	return users, nil
}

func parseUsers(data []byte) (map[string]User, error) {
	users := map[string]User{}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	switch err := d.Decode(&users); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it names nobody; want lines such as Dana: {role: approver, password: <hash>}")
	case err != nil || d.Decode(new(any)) != io.EOF:
		return nil, errors.New("it is not as it should be; want lines such as Dana: {role: approver, password: <hash>}")
	}
	var errs []error
	holders := map[string]string{} // of tokens
	for name, u := range users {
		u.Token = strings.ToLower(u.Token)
		if strings.TrimSpace(name) != name || name == "" {
			errs = append(errs, fmt.Errorf("%q: a name has no spaces around it, and is not empty", name))
		}
		if !slices.Contains(Roles(), u.Role) {
			errs = append(errs, fmt.Errorf("%s: there is no role %q; there are viewer, operator, approver and admin", name, u.Role))
		}
		if _, err := bcrypt.Cost([]byte(u.Password)); u.Password != "" && err != nil {
			errs = append(errs, fmt.Errorf("%s: the password is no bcrypt hash", name))
		}
		if err := u.checkToken(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		if other := holders[u.Token]; u.Token != "" && other != "" {
			errs = append(errs, fmt.Errorf("%s and %s have the same token: nobody can tell who acts", min(name, other), max(name, other)))
		}
		holders[u.Token] = name
		u.Name = name
		users[name] = u
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return users, errors.Join(errs...)
}

// passwordCost takes about a quarter of a second to try one password.
const passwordCost = 12

// Lengths of passwords. Bcrypt looks at 72 bytes and no further.
const (
	minPassword = 12
	maxPassword = 72
)

// HashPassword returns the bcrypt hash of a password for the users file.
func HashPassword(password string) (string, error) {
	if len(password) < minPassword || len(password) > maxPassword {
		return "", fmt.Errorf("a password has %d to %d bytes; this has %d", minPassword, maxPassword, len(password))
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), passwordCost)
	return string(hash), err
}

// Line returns the user's line of the users file.
func (u User) Line() (string, error) {
	line, err := yaml.Marshal(map[string]User{u.Name: u})
	if err == nil {
		_, err = parseUsers(line)
	}
	return string(line), err
}
