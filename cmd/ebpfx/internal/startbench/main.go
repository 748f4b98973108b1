// Command startbench measures how long "ebpfx run" takes, from exec to the first event in a callback, beside bpftrace on the
// same tracepoint, and how much memory both take until then. Runs of the two take turns,
// so that whatever else the machine does falls on both.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "startbench:", err)
		os.Exit(1)
	}
}

const project = `
target("start")
    add_files("start.bpf.c")
    on_event(function (event)
        print(event.pid)
        stop()
    end)
`

const program = `// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_getpgid(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
`

const script = `tracepoint:syscalls:sys_enter_getpgid { printf("%d\n", pid); exit(); }`

func bench() error {
	ebpfx := flag.String("ebpfx", "bin/ebpfx", "the `binary` to measure")
	runs := flag.Int("n", 15, "`runs` of each")
	flag.Parse()
	binary, err := filepath.Abs(*ebpfx)
	if err != nil {
		return err
	}

	dir, err := os.MkdirTemp("", "startbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"project.lua": project, "start.bpf.c": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	if out, err := exec.Command(binary, "build", "-P", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("build the project: %w\n%s", err, out)
	}

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go activity(ctx)

	ours := series{name: "ebpfx", args: []string{binary, "run", "-q", "-P", dir}}
	theirs := series{name: "bpftrace", args: []string{"bpftrace", "-e", script}}
	for range *runs + 1 { // the first fills the caches and does not count
		for _, s := range []*series{&ours, &theirs} {
			if err := s.run(); err != nil {
				return err
			}
		}
	}
	ours.print()
	theirs.print()
	fmt.Printf("%-10s %5.2f of bpftrace's time, %.2f of its memory\n", "ratio",
		float64(ours.time())/float64(theirs.time()), float64(ours.memory())/float64(theirs.memory()))
	return nil
}

// activity makes the system call that both watch, often enough to add little to what is measured
// and seldom enough to leave the CPUs alone.
func activity(ctx context.Context) {
	for tick := time.NewTicker(200 * time.Microsecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			unix.Getpgid(0)
		}
	}
}

// series is what was measured of one command.
type series struct {
	name  string
	args  []string
	times []time.Duration // from start to the first line of output that is a number
	rss   []int64         // peak, KiB
}

// run executes the command once.
func (s *series) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	var said bytes.Buffer // bpftrace complains about limits that do no harm
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	var first time.Duration
	for lines := bufio.NewScanner(out); lines.Scan(); {
		// bpftrace announces its probes first.
		if c := lines.Bytes(); first == 0 && len(c) > 0 && c[0] >= '0' && c[0] <= '9' {
			first = time.Since(began)
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", s.name, err, &said)
	}
	if first == 0 {
		return fmt.Errorf("run %s: it printed no event\n%s", s.name, &said)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not report the memory of processes")
	}
	s.times = append(s.times, first)
	s.rss = append(s.rss, usage.Maxrss)
	return nil
}

// time returns the median.
func (s *series) time() time.Duration { return median(s.times[1:]) }

// memory returns the median of the peaks, in KiB.
func (s *series) memory() int64 { return median(s.rss[1:]) }

func (s *series) print() {
	fmt.Printf("%-10s %5.1f ms to the first event (fastest %.1f, slowest %.1f), %.1f MB\n", s.name,
		milliseconds(s.time()), milliseconds(slices.Min(s.times[1:])), milliseconds(slices.Max(s.times[1:])), float64(s.memory())/1024)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median[T int64 | time.Duration](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
