package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// result is what was measured of one process.
type result struct {
	time time.Duration
	// ownMemory is the peak in KiB of the process without those that it started.
	ownMemory int64
}

// run runs a command in the project's folder, with a cache of its own, to its good end.
func (p *project) run(command ...string) (result, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+p.path("cache"), "CLANG=")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	var r result
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	for tick := time.NewTicker(2 * time.Millisecond); ; {
		select {
		case err := <-ended:
			tick.Stop()
			r.time = time.Since(began)
			if err != nil {
				return r, fmt.Errorf("%s: %w\n%s", command[0], err, &said)
			}
			return r, nil
		case <-tick.C:
			r.ownMemory = max(r.ownMemory, peak(cmd.Process.Pid))
		}
	}
}

// peak returns VmHWM of proc(5) in KiB, which falls with the process.
func peak(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kib
}
