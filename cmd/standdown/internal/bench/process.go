package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Process is a program that runs until it is told to stop.
type Process struct {
	cmd  *exec.Cmd
	said said
	peak func() int // ends the watching
}

// begin starts a program. What it writes to standard error is kept, and to
// standard output, too, unless the command says otherwise.
func begin(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd}
	cmd.Stderr = &p.said
	if cmd.Stdout == nil {
		cmd.Stdout = &p.said
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.peak = sync.OnceValue(watch(cmd.Process.Pid))
	return p, nil
}

// Stop tells the program to stop, and tells what it needed. It is an error if it
// does not end well. A second call does nothing.
func (p *Process) Stop() (u Usage, err error) {
	if p == nil || p.cmd.ProcessState != nil {
		return u, nil
	}
	u.Memory = p.peak()
	p.cmd.Process.Signal(os.Interrupt)
	kill := time.AfterFunc(30*time.Second, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	if err = p.cmd.Wait(); err != nil {
		err = fmt.Errorf("%s: %w\n%s", filepath.Base(p.cmd.Path), err, p.said.end())
	}
	u.CPU = p.busy()
	return u, err
}

// Kill ends the program without warning (SIGKILL), and tells what it needed. A
// second call does nothing.
func (p *Process) Kill() (u Usage) {
	if p == nil || p.cmd.ProcessState != nil {
		return u
	}
	u.Memory = p.peak()
	p.cmd.Process.Kill()
	p.cmd.Wait()
	u.CPU = p.busy()
	return u
}

// busy is how long the program, which has ended, was on a processor.
func (p *Process) busy() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Said is what the program has written so far.
func (p *Process) Said() []byte { return p.said.all() }

// Usage is what a program needed.
type Usage struct {
	Wall   time.Duration
	CPU    time.Duration // of the user and of the system; says most on a busy machine
	Memory int           // KiB, resident, at most; 0 where nobody tells
}

// values are those of the usage as figures.
func (u Usage) values(into map[string]float64) {
	if u.CPU > 0 {
		into["cpu"] = u.CPU.Seconds()
	}
	if u.Memory > 0 {
		into["memory"] = float64(u.Memory) / 1024
	}
}

// Measure runs a program to its end, or until ctx ends. It is an error if the
// program does not end well.
func Measure(ctx context.Context, cmd *exec.Cmd) (u Usage, err error) {
	began := time.Now()
	p, err := begin(cmd)
	if err != nil {
		return u, err
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	err = cmd.Wait()
	u.Wall, u.Memory = time.Since(began), p.peak()
	u.CPU = p.busy()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, p.said.end())
	}
	return u, err
}

// watch follows how much memory a process has had at most (VmHWM; what wait
// reports includes the process that started it). The result ends it.
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

// resident is how much memory a process has now, in KiB, and how long it has
// been on a processor: fields 14 and 15 of proc_pid_stat(5), in hundredths of a
// second.
func resident(pid int) (kib int, busy time.Duration, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, missing("only /proc tells what a process needs")
	}
	if _, rest, ok := bytes.Cut(status, []byte("VmRSS:")); ok {
		kib, _ = strconv.Atoi(string(bytes.Fields(rest)[0]))
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, 0, errors.New("/proc tells something else")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return kib, time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err1, err2)
}

// said keeps what a program writes.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) all() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.text.Bytes())
}

func (s *said) end() []byte {
	all := s.all()
	return all[max(0, len(all)-3000):]
}
