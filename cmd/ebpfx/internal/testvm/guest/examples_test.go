package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestExamples runs examples beside what they watch, until they have printed what they are to.
func TestExamples(t *testing.T) {
	const root = "/examples"
	if _, err := os.Stat(root); err != nil {
		t.Skip("make test-vm runs this, in a virtual machine")
	}
	for name, example := range map[string]struct {
		do   func() error
		want string // a line; those of an example that prints in the end come when it is ended
		end  bool
	}{
		"execsnoop":  {start("/usr/bin/id"), `> /usr/bin/id$`, false},
		"tcpconnlat": {connect, `127\.0\.0\.1 +\d+ +\d+\.\d us$`, false},
		"packets":    {send, `^UDP +\d+ +\d+$`, false},
		"mallocstat": {start("/usr/bin/id"), `^id +\d+ +\d+$`, true},
		"profile":    {spin, `^built\.test;.*;.* \d+$`, true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("/bare/ebpfx", "run", "-t", "1m")
			cmd.Dir = filepath.Join(root, name)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				begun := time.Now()
				for pace := time.NewTicker(10 * time.Millisecond); ; {
					select {
					case <-stop:
						return
					case <-pace.C:
						if err := example.do(); err != nil {
							t.Error(err)
						}
					}
					if example.end && time.Since(begun) > 3*time.Second {
						_ = cmd.Process.Signal(unix.SIGINT) // a second one is ignored by what has ended
						return
					}
				}
			}()
			want, seen := regexp.MustCompile(example.want), false
			var printed bytes.Buffer
			for lines := bufio.NewScanner(io.TeeReader(stdout, &printed)); lines.Scan(); {
				if want.Match(lines.Bytes()) && !seen {
					seen = true
					if !example.end {
						_ = cmd.Process.Signal(unix.SIGINT) // fails where it has ended
					}
				}
			}
			close(stop)
			<-done
			if err := cmd.Wait(); err != nil || !seen {
				t.Errorf("%v; no line is as %s, of\n%s%s", err, example.want, printed.Bytes(), stderr.Bytes())
			}
		})
	}
}

// start returns what runs a program.
func start(path string) func() error {
	return func() error { return exec.Command(path).Run() }
}

// connect opens a connection to itself.
func connect() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// send sends a datagram to nobody, which is told so.
func send() error {
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		return err
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("x"))
	return nil
}

// spin keeps the CPU busy for some samples.
func spin() error {
	for begun := time.Now(); time.Since(begun) < 50*time.Millisecond; {
	}
	return nil
}
