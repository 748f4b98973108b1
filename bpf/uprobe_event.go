package bpf

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/executable"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Kernels before 6.6 make a perf event for each uprobe, and wait for all CPUs each time that one is closed, one after the other: seconds for
// hundreds. They also have trace events with several uprobes (since 5.4), which are written to a file of tracefs and closed with one wait. Such an event is not a
// file descriptor, so that a child of the process sees to it that it goes.

const uprobeEvents = "uprobe_events"

// few is how many uprobes are not worth a child.
const few = 10

// attachAsEvent attaches prog to all places with one trace event. It is an error where that is not for these places or this kernel, or where
// the kernel takes no probe at one of them.
func attachAsEvent(prog *ebpf.Program, p *point, f *executable.File, places []place) (_ io.Closer, err error) {
	for _, at := range places {
		if at.cookie != places[0].cookie {
			return nil, errors.New("they have different cookies")
		}
	}
	tracefs, _, err := probe.MountTracefs()
	if err != nil {
		return nil, err
	}
	event := fmt.Sprintf("ebpfx_%016x/uprobes", rand.Uint64()) // a process of another container may have the same number
	k, err := startKeeper("uprobes", tracefs+" "+event)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.Close())
		}
	}()
	if err := defineUprobes(tracefs, event, p.kind.moments == onReturn, f.KernelPath(), places); err != nil {
		return nil, err
	}
	opened, err := openTraceEvent(tracefs, event, p.pid)
	if err != nil {
		return nil, err
	}
	attached, err := attachToEvent(prog, opened, places[0].cookie)
	if err != nil {
		return nil, err
	}
	return closers{k, attached}, nil // the event must be closed when it is to go
}

// defineUprobes writes the probes of an event, as Documentation/trace/uprobetracer.rst of the kernel has them. What has the name of
// an event that is there already is added to it.
func defineUprobes(tracefs, event string, returns bool, path string, places []place) error {
	file, err := os.OpenFile(filepath.Join(tracefs, uprobeEvents), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	sort := "p"
	if returns {
		sort = "r"
	}
	for _, at := range places {
		line := fmt.Sprintf("%s:%s %s:%#x", sort, event, path, at.offset)
		if at.semaphore != 0 {
			line += fmt.Sprintf("(%#x)", at.semaphore)
		}
		if _, err := file.WriteString(line + "\n"); err != nil {
			return fmt.Errorf("define %s: %w", line, err)
		}
	}
	return nil
}

// openTraceEvent opens a trace event for a process; 0: for all.
func openTraceEvent(tracefs, event string, pid int) (*os.File, error) {
	text, err := os.ReadFile(filepath.Join(tracefs, "events", event, "id"))
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("number of the event: %w", err)
	}
	task, cpu := pid, -1
	if pid == 0 {
		task, cpu = -1, 0 // programs run on all CPUs all the same
	}
	attr := &unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Size: unix.PERF_ATTR_SIZE_VER1, Config: id}
	return openPerfEvent(attr, task, cpu)
}

// undoUprobes removes an event. While a process that was killed still closes its files the kernel says that it is in use.
func undoUprobes(arguments string, _ []int) error {
	tracefs, event, _ := strings.Cut(arguments, " ")
	remove := func() error {
		file, err := os.OpenFile(filepath.Join(tracefs, uprobeEvents), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = file.WriteString("-:" + event + "\n")
		return err
	}
	const most = time.Minute
	err := remove()
	for end := time.Now().Add(most); errors.Is(err, unix.EBUSY) && time.Now().Before(end); err = remove() {
		time.Sleep(10 * time.Millisecond)
	}
	if errors.Is(err, unix.ENOENT) {
		return nil // it was not defined yet
	}
	if err != nil {
		return fmt.Errorf("remove the trace event %s: %w", event, err)
	}
	return nil
}
