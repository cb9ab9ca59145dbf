package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// A Key seals mails as they come and opens them again. The journal does not
// hold it. Its methods may be used by several goroutines; a nil Key seals
// nothing, and opens what is not sealed.
type Key struct {
	opens []age.Identity
	seals age.Recipient
}

// ParseKey reads a key as age-keygen writes it. The first identity seals; the
// others only open what was sealed with them before. The key of an empty text
// is nil. The error shows nothing of the text.
func ParseKey(text string) (*Key, error) {
	if text == "" {
		return nil, nil
	}
	all, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, errNoKey
	}
	k := &Key{opens: all}
	switch first := all[0].(type) {
	case *age.X25519Identity:
		k.seals = first.Recipient()
	case *age.HybridIdentity:
		k.seals = first.Recipient()
	default:
		return nil, errNoKey
	}
	return k, nil
}

var errNoKey = errors.New("it is no key: want an age identity (AGE-SECRET-KEY-...), as age-keygen makes it")

// ErrSealed is returned for a mail that cannot be opened with the key there is.
var ErrSealed = errors.New("the mail is sealed")

// seal returns what is to be stored of a mail.
func (k *Key) seal(mail []byte) ([]byte, error) {
	if k == nil {
		return mail, nil
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, k.seals)
	if err == nil {
		_, err = w.Write(mail)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("sealing a mail: %w", err)
	}
	return sealed.Bytes(), nil
}

// sealedMail is how what is sealed begins, and no mail does: this is no header.
var sealedMail = []byte("age-encryption.org/v1\n")

// open returns the mail that was stored, sealed or not.
func (k *Key) open(stored []byte) ([]byte, error) {
	if !bytes.HasPrefix(stored, sealedMail) {
		return stored, nil
	}
	if k == nil {
		return nil, fmt.Errorf("%w, and there is no key: name the one it was sealed with as journal.key_file", ErrSealed)
	}
	r, err := age.Decrypt(bytes.NewReader(stored), k.opens...)
	var mail []byte
	if err == nil {
		mail, err = io.ReadAll(r)
	}
	if err != nil {
		return nil, fmt.Errorf("%w, and the key at journal.key_file does not open it; add the one it was sealed with to that file, as a further line: %w", ErrSealed, err)
	}
	return mail, nil
}

// scanKeptMail scans keptMailColumns, and opens the mail.
func (s *Store) scanKeptMail(r *sql.Rows) (KeptMail, error) {
	m, err := scanKeptMail(r)
	if err == nil {
		m.Raw, err = s.Key.open(m.Raw)
	}
	if err != nil {
		return m, fmt.Errorf("event %s: %w", m.ID, err)
	}
	return m, nil
}
