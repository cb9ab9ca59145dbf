package engine_test

import (
	"errors"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
)

func TestWhatIsOldIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.engine.Retention = store.Retention{Raw: 90 * 24 * time.Hour}
	w.start()
	w.write(1)
	w.rest()
	mail := func() error {
		for _, e := range w.events() {
			if e.Request != nil {
				_, err := w.journal.Mail(t.Context(), e.ID)
				return err
			}
		}
		return errors.New("there is no event of the mail")
	}
	if err := mail(); err != nil {
		t.Fatal(err)
	}
	w.ahead.Add(int64(91 * 24 * time.Hour))
	w.until("the mail to be removed", func() bool { return errors.Is(mail(), store.ErrRemoved) })
}
