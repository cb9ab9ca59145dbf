package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"standdown/cmd/standdown/internal/store"
)

var (
	intakeMails  = flag.Int("intake", 5000, "mails that are taken in by BenchmarkMailIntake")
	trickleMails = flag.Int("trickle", 200, "mails that arrive one by one in BenchmarkArrivalToWrite")
	burstMails   = flag.Int("burst", 1000, "mails that arrive at once in BenchmarkBurst")
)

const intakeSize = 4000

// One operation is the intake of -intake mails of 4 kB into something durable,
// from the start of the program. Peers only store the mails; the daemon also
// takes them apart, reads what they ask and sees who vouches for them. The org
// cannot be reached meanwhile, so that nothing but intake happens.
//
//	go test ./cmd/standdown -run '^$' -bench MailIntake -benchtime 1x
func BenchmarkMailIntake(b *testing.B) {
	program := buildProgram(b)
	for _, server := range []struct {
		name string
		open func(testing.TB) *postbox
	}{
		{"embedded", func(testing.TB) *postbox { return nil }},
		{"dovecot", startDovecot},
	} {
		b.Run(server.name, func(b *testing.B) {
			c := newCrowd(b, 0, server.open(b))
			letters := make([][]byte, *intakeMails)
			for i := range letters {
				letters[i] = letter(i, intakeSize)
			}
			if err := c.inbox.deliver(letters...); err != nil {
				b.Fatal(err)
			}
			// A first look has the server make its index.
			fetchAll(b, c.inbox)

			speed := map[string]float64{}
			peer := func(name string, run func(*testing.B) usage) {
				b.Run(name, func(b *testing.B) {
					var all usage
					for range b.N {
						u := run(b)
						all.wall += u.wall
						all.cpu += u.cpu
						all.memory = max(all.memory, u.memory)
					}
					speed[name] = float64(*intakeMails*b.N) / all.wall.Seconds()
					b.ReportMetric(speed[name], "mails/s")
					if all.cpu > 0 { // the floor is measured in this process
						b.ReportMetric(float64(all.memory)/1024, "MB-peak")
						b.ReportMetric(all.cpu.Seconds()/float64(b.N), "cpu-s")
					}
					if name == "standdown" {
						for other, s := range speed {
							if other != name {
								b.ReportMetric(speed[name]/s, "x-"+other)
							}
						}
					}
				})
			}
			peer("floor", func(b *testing.B) usage { return usage{wall: fetchAll(b, c.inbox)} })
			if c.inbox.tls != "none" {
				peer("mbsync", func(b *testing.B) usage { return mbsync(b, c.inbox, true) })
				peer("mbsync-unsafe", func(b *testing.B) usage { return mbsync(b, c.inbox, false) })
			}
			peer("imapflow-one-by-one", func(b *testing.B) usage { return imapflow(b, c.inbox, "one-by-one") })
			peer("imapflow-stream", func(b *testing.B) usage { return imapflow(b, c.inbox, "stream") })
			peer("standdown", func(b *testing.B) usage { return c.intake(b, program) })
		})
	}
}

// intake has a new daemon with a new journal take in what lies in the mailbox.
func (c *crowd) intake(b *testing.B, program string) (u usage) {
	for _, file := range []string{"journal.db", "journal.db-wal", "journal.db-shm"} {
		os.Remove(filepath.Join(c.dir, file))
	}
	p := patient
	p.start = "{adopt: true}"
	c.configure(b, p, nobody(b), c.inbox.address, c.mail.SMTPAddr)
	c.log.Reset()
	began := time.Now()
	c.serve(b, program)
	measured := watch(c.daemon.Process.Pid)
	journal, err := beside(b.Context(), filepath.Join(c.dir, "journal.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer journal.Close()
	err = until(b.Context(), "all mails are in the journal", func() (bool, error) {
		reading, err := journal.Reading(b.Context(), "mailbox")
		var at struct {
			Last int `json:"u"`
		}
		if reading.Cursor != "" {
			err = errors.Join(err, json.Unmarshal([]byte(reading.Cursor), &at))
		}
		return at.Last >= *intakeMails, err
	})
	u.wall, u.memory = time.Since(began), measured()
	daemon := c.daemon
	c.stop(b)
	u.cpu = daemon.ProcessState.UserTime() + daemon.ProcessState.SystemTime()
	if err != nil {
		b.Fatalf("%v\n%s", err, c.endOfLog())
	}
	events, err := journal.Events(b.Context(), store.New, store.Decided, store.Ignored, store.Quarantined)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range events {
		if e.State != store.New {
			b.Fatalf("event %s is %s, want all mails understood as requests: %s", e.ID, e.State, e.Note)
		}
	}
	if len(events) != *intakeMails {
		b.Fatalf("%d events in the journal, want %d", len(events), *intakeMails)
	}
	return u
}

// One operation is -trickle mails that arrive one after the other, ten a second
// on average. Measured is the time from a mail's arrival until the org has
// carried out the first write to its homeowner's workflow. "bare" is a client
// that waits in IDLE, fetches what is new and writes at once: it keeps no
// journal, reads nothing in the org and decides nothing.
//
//	go test ./cmd/standdown -run '^$' -bench ArrivalToWrite -benchtime 1x
func BenchmarkArrivalToWrite(b *testing.B) {
	program := buildProgram(b)
	var bare [2]time.Duration
	b.Run("bare", func(b *testing.B) {
		for range b.N {
			c := newCrowd(b, *trickleMails, nil)
			stop := c.bare(b)
			bare = trickle(b, c)
			stop()
		}
	})
	b.Run("standdown", func(b *testing.B) {
		for range b.N {
			c := newCrowd(b, *trickleMails, nil)
			c.configure(b, patient, c.orgAddr, c.inbox.address, c.mail.SMTPAddr)
			c.serve(b, program)
			journal := c.journal(b)
			ours := trickle(b, c)
			c.drained(b, journal, *trickleMails)
			if bare[0] > 0 {
				b.ReportMetric(float64(ours[0])/float64(bare[0]), "x-bare-p50")
				b.ReportMetric(float64(ours[1])/float64(bare[1]), "x-bare-p99")
			}
		}
	})
}

// trickle delivers everybody's mail and returns p50 and p99.
func trickle(b *testing.B, c *crowd) [2]time.Duration {
	chance := rand.New(rand.NewPCG(2, 3))
	arrived := make([]time.Time, *trickleMails)
	for i := range arrived {
		mail := letter(i, 1500)
		arrived[i] = time.Now()
		if err := c.inbox.deliver(mail); err != nil {
			b.Fatal(err)
		}
		wait(b.Context(), time.Duration(chance.ExpFloat64()*float64(100*time.Millisecond)))
	}
	err := until(b.Context(), "every workflow has been written to", func() (bool, error) {
		return c.howManyWritten() >= *trickleMails, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	took := make([]time.Duration, *trickleMails)
	for i := range took {
		took[i] = c.writtenAt(i).Sub(arrived[i])
	}
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	b.ReportMetric(float64(p50.Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(p99.Microseconds())/1000, "ms-p99")
	return [2]time.Duration{p50, p99}
}

// One operation is -burst mails that arrive at once; it ends when each has had
// its effects and has been filed.
//
//	go test ./cmd/standdown -run '^$' -bench Burst -benchtime 1x
func BenchmarkBurst(b *testing.B) {
	program := buildProgram(b)
	for range b.N {
		c := newCrowd(b, *burstMails, nil)
		c.configure(b, patient, c.orgAddr, c.inbox.address, c.mail.SMTPAddr)
		c.serve(b, program)
		measured := watch(c.daemon.Process.Pid)
		journal := c.journal(b)
		letters := make([][]byte, *burstMails)
		for i := range letters {
			letters[i] = letter(i, 1500)
		}
		calls := c.org.Calls()
		began := time.Now()
		if err := c.inbox.deliver(letters...); err != nil {
			b.Fatal(err)
		}
		for c.howManyWritten() < *burstMails {
			if time.Since(began) > 3*time.Minute {
				b.Fatalf("%d of %d workflows written to", c.howManyWritten(), *burstMails)
			}
			wait(b.Context(), 10*time.Millisecond)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-written")
		c.drained(b, journal, *burstMails)
		b.ReportMetric(time.Since(began).Seconds(), "s-drained")
		b.ReportMetric(float64(c.org.Calls()-calls)/float64(*burstMails), "calls/mail")
		b.ReportMetric(float64(measured())/1024, "MB-peak")
	}
}

// drained waits until all is done, and fails if anything was lost or doubled.
func (c *crowd) drained(b *testing.B, journal *store.Store, asked int) {
	b.Helper()
	if err := until(b.Context(), "all is done", func() (bool, error) { return c.settled(b.Context(), journal, asked) }); err != nil {
		b.Error(err)
	}
	c.stop(b)
	report(b, c, journal, asked)
}

// usage is what a program needed.
type usage struct {
	wall   time.Duration
	cpu    time.Duration // of the user and of the system; says most on a busy machine
	memory int           // KiB, resident, at most
}

// watch follows how much memory a process has had at most (VmHWM; what wait
// reports includes the process that started it). The result returns it.
func watch(pid int) func() int {
	stop, most := make(chan struct{}), make(chan int)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		peak := 0
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if _, rest, ok := bytes.Cut(status, []byte("VmHWM:")); ok {
				if kib, err := strconv.Atoi(string(bytes.Fields(rest)[0])); err == nil {
					peak = kib // the last program of the process: it begins as a copy of ours
				}
			}
			select {
			case <-stop:
				most <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return func() int {
		close(stop)
		return <-most
	}
}

// measure runs a program to its end.
func measure(b *testing.B, cmd *exec.Cmd) (u usage) {
	b.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	measured := watch(cmd.Process.Pid)
	err := cmd.Wait()
	u.wall, u.memory = time.Since(began), measured()
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if err != nil {
		b.Fatalf("%s: %v\n%s", filepath.Base(cmd.Path), err, out.Bytes())
	}
	return u
}

// buildProgram builds the program as it is delivered.
func buildProgram(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "standdown")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// nobody is an address at which nothing listens.
func nobody(b *testing.B) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
