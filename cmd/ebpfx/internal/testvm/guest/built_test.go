package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBuiltObject runs a tool whose object was built on another machine, in a folder with nothing else: no compiler, no
// library, no shell, not even tracefs.
func TestBuiltObject(t *testing.T) {
	const root = "/bare"
	if _, err := os.Stat(filepath.Join(root, "ebpfx")); err != nil {
		t.Skip("make test-vm runs this, in a virtual machine")
	}
	for _, kind := range []string{"proc", "sysfs"} {
		path := filepath.Join(root, strings.TrimSuffix(kind, "fs"))
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(kind, path, kind, 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	const opened = "/a-file-that-is-not-there"
	cmd := exec.Command("/ebpfx", "run", "-o", "json", "-t", "1m")
	cmd.SysProcAttr = &unix.SysProcAttr{Chroot: root}
	cmd.Dir, cmd.Env = "/", []string{}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	go func() {
		for pace := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-pace.C:
				_, _ = os.Open(opened)
			}
		}
	}()
	seen := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var event struct{ Path string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Errorf("%s: %v", lines.Bytes(), err)
		}
		if event.Path == opened && !seen {
			seen = true
			if err := cmd.Process.Signal(unix.SIGINT); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !seen {
		t.Error("the event does not come")
	}
	if !strings.Contains(stderr.String(), " 0 lost") {
		t.Error("the closing line does not tell that nothing was lost")
	}
	t.Logf("%s", stderr.Bytes())
}
