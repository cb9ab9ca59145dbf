package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"standdown/cmd/standdown/internal/bench"
	"standdown/cmd/standdown/internal/stage"
	"standdown/connectors/mailbox/sandbox"
)

// The ways in which a call of another system goes wrong.
const (
	lostBefore = "not applied" // the connection is cut before anything is applied
	lostAfter  = "answer lost" // it is applied, and the connection is cut
	late       = "late"        // it is applied after the caller has given up
	refused    = "refused"
	throttled  = "throttled"
)

var allFaults = []string{lostBefore, lostAfter, late, refused, throttled}

// lateBy is longer than the daemon's timeout of a call, 1 s, and less than that
// and the quiet time, 1.5 s, together. What a busy machine makes later than latest
// is not applied: a daemon rests on a bound, here a quarter of its lease.
const (
	lateBy = 1200 * time.Millisecond
	latest = 1400 * time.Millisecond
)

// dawdle waits, and reports whether it is not too late then.
func dawdle() bool {
	began := time.Now()
	time.Sleep(lateBy)
	return time.Since(began) < latest
}

// A deck deals what happens to the next call: every kind of fault once, and
// nothing so many times, then shuffled again.
type deck struct {
	mu     sync.Mutex
	chance *rand.Rand
	cards  []string
	left   []string
	dealt  map[string]int
}

func newDeck(seed uint64, faults []string, blanks int) *deck {
	return &deck{
		chance: rand.New(rand.NewPCG(seed, uint64(blanks))),
		cards:  append(faults[:len(faults):len(faults)], make([]string, blanks)...),
		dealt:  map[string]int{},
	}
}

func (d *deck) deal() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.left) == 0 {
		d.left = append(d.left, d.cards...)
		d.chance.Shuffle(len(d.left), func(i, j int) { d.left[i], d.left[j] = d.left[j], d.left[i] })
	}
	card := d.left[0]
	d.left = d.left[1:]
	if card != "" {
		d.dealt[card]++
	}
	return card
}

// counts is how often each fault was dealt.
func (d *deck) counts() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.dealt)
}

// A troubledOrg stands before the org. What is late goes on after the caller
// has hung up.
type troubledOrg struct {
	org          http.Handler
	reads, write *deck
	detached     sync.WaitGroup
}

func (o *troubledOrg) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	whole := func(ctx context.Context) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		again := r.Clone(ctx)
		again.Body = io.NopCloser(bytes.NewReader(body))
		o.org.ServeHTTP(answer, again)
		return answer
	}
	deck := o.reads
	if writes(r.Method, r.URL.Path, body) {
		deck = o.write
	}
	if strings.HasPrefix(r.URL.Path, "/services/oauth2") {
		pass(w, whole(r.Context()))
		return
	}
	switch deck.deal() {
	case lostBefore:
		panic(http.ErrAbortHandler)
	case lostAfter:
		whole(context.WithoutCancel(r.Context()))
		panic(http.ErrAbortHandler)
	case late:
		done := make(chan *httptest.ResponseRecorder, 1)
		o.detached.Go(func() {
			if dawdle() {
				done <- whole(context.Background())
			}
		})
		select {
		case answer := <-done:
			pass(w, answer)
		case <-r.Context().Done():
		}
	case refused:
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `[{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"not today"}]`)
	case throttled:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		pass(w, whole(r.Context()))
	}
}

func pass(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

// writes tells whether a call changes records.
func writes(method, path string, body []byte) bool {
	if strings.HasSuffix(path, "/composite") {
		return !bytes.Contains(body, []byte(`"method":"GET"`))
	}
	return method != http.MethodGet
}

// trouble puts faults between a world and its daemons.
type trouble struct {
	org, reads, mail *deck
	line             *bench.BadLine // to the mailbox
	server           *httptest.Server
	handler          *troubledOrg
}

// newTrouble returns what deals the faults. There are so many blanks between
// those of writes, more between those of reads, and none between those of mails,
// of which there are few.
func newTrouble(seed uint64, faults []string, blanks int) *trouble {
	return &trouble{org: newDeck(seed, faults, blanks), reads: newDeck(seed, faults, 8*blanks), mail: newDeck(seed, faults, 0)}
}

// rewire has the daemons reach the world through the trouble.
func (tr *trouble) rewire(t testing.TB, seed uint64) func(*stage.Stage, string) string {
	return func(world *stage.Stage, configuration string) string {
		tr.handler = &troubledOrg{org: world.Org.Handler(), reads: tr.reads, write: tr.org}
		tr.server = httptest.NewServer(tr.handler)
		t.Cleanup(func() {
			tr.server.CloseClientConnections()
			tr.server.Close()
			tr.handler.detached.Wait()
		})
		tr.line = startBadLine(t, world.Mail.IMAPAddr, seed, 0)
		world.Mail.SetFaults(tr.smtp())
		configuration = strings.ReplaceAll(configuration, world.OrgURL, tr.server.URL)
		return strings.ReplaceAll(configuration, world.Mail.IMAPAddr, tr.line.Address)
	}
}

// smtp deals what happens to the next mail.
func (tr *trouble) smtp() sandbox.Faults {
	var mu sync.Mutex
	lost := 0 // mails in progress whose answer gets lost
	return sandbox.Faults{
		BeforeAccept: func() error {
			switch tr.mail.deal() {
			case lostBefore:
				return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
			case lostAfter:
				mu.Lock()
				lost++
				mu.Unlock()
			case late:
				if !dawdle() {
					return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
				}
			case refused:
				return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not today"}
			case throttled:
				return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many"}
			}
			return nil
		},
		DropAfterData: func() bool {
			mu.Lock()
			defer mu.Unlock()
			if lost == 0 {
				return false
			}
			lost--
			return true
		},
	}
}
