package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
)

// extension is that of a configuration in a directory of them.
const extension = ".yaml"

var orgName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// Orgs returns the names of the orgs that a directory configures, in order: each
// *.yaml in it is the configuration of one, and named by it. Hidden files and
// subdirectories do not count. Files that look like configurations but cannot be
// are the problems.
func Orgs(dir string) (names []string, problems Problems, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configurations: %w", err)
	}
	for _, entry := range entries {
		name, ext := strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name())), filepath.Ext(entry.Name())
		refuse := func(text string) {
			problems = append(problems, Problem{File: filepath.Join(dir, entry.Name()), Line: 1, Text: text})
		}
		switch {
		case entry.IsDir() || strings.HasPrefix(entry.Name(), "."):
		case ext == extension && orgName.MatchString(name):
			names = append(names, name)
		case ext == extension:
			refuse(fmt.Sprintf("%q is no name for an org; want lower-case letters, digits, - and _, such as acme%s", name, extension))
		case ext == ".yml":
			refuse(fmt.Sprintf("would not be read; want the name %s%s, or another place for it", name, extension))
		}
	}
	if len(names) == 0 && len(problems) == 0 {
		err = fmt.Errorf("reading the configurations: there is none in %s; want a file for each org, such as %s", dir, filepath.Join(dir, "acme"+extension))
	}
	return names, problems, err
}

// LoadDir reads the configurations of all orgs of a directory, see [Orgs]; they
// have their names. The orgs must be apart: it is a problem if two would do the
// same work, or keep it in the same place. If the files can be read but are
// wrong, the error is of type [Problems], about all of them.
func LoadDir(dir string, env Env) ([]*Config, error) {
	names, problems, err := Orgs(dir)
	if err != nil {
		return nil, err
	}
	var all []org
	for _, name := range names {
		file := filepath.Join(dir, name+extension)
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
		c, d := parse(file, data, env)
		c.Name = name
		all = append(all, org{c, d})
	}
	for i, one := range all {
		one.disown(all)
		for _, other := range all[:i] {
			one.apartFrom(other)
		}
		if found, ok := errors.AsType[Problems](one.document.err()); ok {
			problems = append(problems, found...)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	configs := make([]*Config, len(all))
	for i, one := range all {
		configs[i] = one.Config
	}
	return configs, nil
}

// disown refuses a file that is another's list of users or examples: what is said
// about it as a configuration would lead astray.
func (o org) disown(all []org) {
	for _, owner := range all {
		for _, file := range append(owner.Examples, owner.Web.UsersFile) {
			if file != "" && resolved(file) == resolved(o.name) {
				o.problems, o.keys = nil, map[string]place{"": {line: 1}}
				o.bad("", fmt.Sprintf("is a file that the configuration of %s names, and would be taken for that of an org; want it elsewhere, such as in a subdirectory", owner.Name))
				return
			}
		}
	}
}

// resolved is the path that the file has without symbolic links, whether there is
// such a file or not.
func resolved(path string) string {
	path, _ = filepath.Abs(path)
	found, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			return filepath.Join(dir, filepath.Base(path))
		}
	}
	if err != nil {
		return path
	}
	return found
}

// Same tells whether a daemon can go on under the other configuration as under
// this one. Of what the environment and files of secrets say, what was read
// counts; a refresh token in a file does not, for the daemon itself replaces it.
func (c *Config) Same(other *Config) bool {
	return reflect.DeepEqual(c.written(), other.written())
}

// written is the configuration without what follows from it.
func (c *Config) written() Config {
	w := *c
	w.Book, w.Names = nil, nil
	if c.Mailbox != nil && c.Mailbox.Auth.RefreshTokenFile != "" {
		m := *c.Mailbox
		m.Auth.RefreshToken = ""
		w.Mailbox = &m
	}
	return w
}
