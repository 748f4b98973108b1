package bpf

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// perfEventKind runs programs when a counter of the CPU or the kernel passes a number. Targets are written as bpftrace does:
//
//	profile:hz:99            99 times a second on every CPU; also ms, us, s for an interval
//	software:NAME:PERIOD     every PERIOD-th event of the kernel: cpu-clock, page-faults, ...
//	hardware:NAME:PERIOD     every PERIOD-th event of the CPU: cycles, cache-misses, ...
//	software:NAME:hz:99      as many of the events as make 99 times a second; hardware too
//
// They are those of all CPUs, or of those of the option cpu, or of one process on all CPUs.
var perfEventKind = &kind{
	name:        "perf_event",
	sections:    []string{"perf_event"},
	legacy:      []string{"perf_event"},
	form:        "profile:hz:99",
	programType: ebpf.PerfEvent,
	takes:       takesPID | takesCPU,
	resolve: func(p *point) error {
		if p.cpu != "" && len(probe.CPUs(p.cpu)) == 0 {
			return fmt.Errorf(`cpu: %q is no list of CPUs, which is written "0-3,5"`, p.cpu)
		}
		_, err := parsePerfEvent(p.where)
		return err
	},
	attach: attachPerfEvent,
}

// softwareEvents and hardwareEvents are those of enum perf_sw_ids and perf_hw_id in include/uapi/linux/perf_event.h, as perf calls them.
var (
	softwareEvents = map[string]uint64{
		"cpu-clock": unix.PERF_COUNT_SW_CPU_CLOCK, "task-clock": unix.PERF_COUNT_SW_TASK_CLOCK,
		"page-faults": unix.PERF_COUNT_SW_PAGE_FAULTS, "faults": unix.PERF_COUNT_SW_PAGE_FAULTS,
		"context-switches": unix.PERF_COUNT_SW_CONTEXT_SWITCHES, "cs": unix.PERF_COUNT_SW_CONTEXT_SWITCHES,
		"cpu-migrations": unix.PERF_COUNT_SW_CPU_MIGRATIONS,
		"minor-faults":   unix.PERF_COUNT_SW_PAGE_FAULTS_MIN, "major-faults": unix.PERF_COUNT_SW_PAGE_FAULTS_MAJ,
		"alignment-faults": unix.PERF_COUNT_SW_ALIGNMENT_FAULTS, "emulation-faults": unix.PERF_COUNT_SW_EMULATION_FAULTS,
	}
	hardwareEvents = map[string]uint64{
		"cycles": unix.PERF_COUNT_HW_CPU_CYCLES, "cpu-cycles": unix.PERF_COUNT_HW_CPU_CYCLES,
		"instructions":     unix.PERF_COUNT_HW_INSTRUCTIONS,
		"cache-references": unix.PERF_COUNT_HW_CACHE_REFERENCES, "cache-misses": unix.PERF_COUNT_HW_CACHE_MISSES,
		"branches": unix.PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "branch-misses": unix.PERF_COUNT_HW_BRANCH_MISSES,
		"bus-cycles": unix.PERF_COUNT_HW_BUS_CYCLES, "ref-cycles": unix.PERF_COUNT_HW_REF_CPU_CYCLES,
		"frontend-stalls": unix.PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, "backend-stalls": unix.PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
	}
)

func parsePerfEvent(where string) (*unix.PerfEventAttr, error) {
	parts := strings.Split(where, ":")
	frequency := len(parts) == 4 && parts[2] == "hz" && parts[0] != "profile"
	if frequency {
		parts = append(parts[:2], parts[3])
	}
	if len(parts) != 3 {
		return nil, &predicate{`is no perf event, which is written "profile:hz:99", "software:NAME:PERIOD" or "hardware:NAME:PERIOD"`}
	}
	number, err := strconv.ParseUint(strings.ReplaceAll(parts[2], "_", ""), 10, 63)
	if err != nil || number == 0 {
		return nil, fmt.Errorf("%s is no number above 0", parts[2])
	}
	attr := &unix.PerfEventAttr{Size: unix.PERF_ATTR_SIZE_VER1, Sample: number}
	if frequency {
		attr.Bits = unix.PerfBitFreq
	}
	switch parts[0] {
	case "profile":
		return attr, profile(attr, parts[1], number)
	case "software":
		attr.Type = unix.PERF_TYPE_SOFTWARE
		attr.Config, err = eventNamed(softwareEvents, parts[1])
	case "hardware":
		attr.Type = unix.PERF_TYPE_HARDWARE
		attr.Config, err = eventNamed(hardwareEvents, parts[1])
	default:
		err = fmt.Errorf("perf events are of profile, software or hardware, not of %s", parts[0])
	}
	return attr, err
}

// profile fires by the clock of each CPU, which every machine has.
func profile(attr *unix.PerfEventAttr, unit string, number uint64) error {
	attr.Type = unix.PERF_TYPE_SOFTWARE
	attr.Config = unix.PERF_COUNT_SW_CPU_CLOCK
	if unit == "hz" {
		attr.Bits = unix.PerfBitFreq
		return nil
	}
	units := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond}
	length, ok := units[unit]
	if !ok {
		return fmt.Errorf("profile counts in hz, s, ms or us, not in %s", unit)
	}
	if number > math.MaxInt64/uint64(length) {
		return fmt.Errorf("%d %s is too long", number, unit)
	}
	attr.Sample = number * uint64(length) // the clock counts nanoseconds
	return nil
}

func eventNamed(events map[string]uint64, name string) (uint64, error) {
	if n, ok := events[name]; ok {
		return n, nil
	}
	names := make([]string, 0, len(events))
	for n := range events {
		names = append(names, n)
	}
	slices.Sort(names)
	return 0, fmt.Errorf("no perf event is named %s (there is: %s)", name, strings.Join(names, ", "))
}

// attachPerfEvent opens the event on every CPU, or for every thread of one process wherever they run.
func attachPerfEvent(prog *ebpf.Program, p *point) (io.Closer, error) {
	attr, err := parsePerfEvent(p.where)
	if err != nil {
		return nil, err
	}
	tasks, cpus := []int{-1}, []int{-1} // all
	switch {
	case p.cpu != "":
		cpus = probe.CPUs(p.cpu)
	case p.pid == 0:
		cpus = probe.OnlineCPUs()
	}
	if p.pid != 0 {
		if tasks, err = threads(p.pid); err != nil {
			return nil, err
		}
		attr.Bits |= unix.PerfBitInherit | inheritThread
	}
	var all closers
	for _, task := range tasks {
		for _, cpu := range cpus {
			event, err := openPerfEvent(attr, task, cpu)
			// A thread may end meanwhile, a CPU go offline.
			if errors.Is(err, unix.ESRCH) && len(tasks) > 1 || errors.Is(err, unix.ENODEV) && p.cpu == "" {
				continue
			}
			if err == nil {
				var attached io.Closer
				if attached, err = attachToEvent(prog, event, 0); err == nil {
					all = append(all, attached)
				}
			}
			if err != nil {
				return nil, errors.Join(explainPerfEvent(err, p), all.Close())
			}
		}
	}
	return all, nil
}

// threads returns the numbers of the threads of a process.
func threads(pid int) ([]int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, fmt.Errorf("there is no process %d", pid)
	}
	var tids []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids, nil
}

// inheritThread has threads started later counted too, but not other processes: inherit_thread of struct
// perf_event_attr, since kernel 5.13.
const inheritThread = 1 << 35

func openPerfEvent(attr *unix.PerfEventAttr, pid, cpu int) (*os.File, error) {
	fd, err := unix.PerfEventOpen(attr, pid, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if errors.Is(err, unix.EINVAL) && attr.Bits&inheritThread != 0 {
		attr.Bits &^= inheritThread
		fd, err = unix.PerfEventOpen(attr, pid, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	}
	if err != nil {
		return nil, fmt.Errorf("open perf event: %w", err)
	}
	return os.NewFile(uintptr(fd), "perf_event"), nil
}

// attachToEvent attaches prog to an event, which is closed with the result, or at once with an error. Kernels before 5.15 have no link for that; there the
// event itself holds the program.
func attachToEvent(prog *ebpf.Program, event *os.File, cookie uint64) (io.Closer, error) {
	fd := int(event.Fd())
	attr := perfLinkAttr{linkCreateAttr{uint32(prog.FD()), uint32(fd), uint32(ebpf.AttachPerfEvent), 0}, cookie}
	l, err := createLink(unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err == nil {
		return closers{event, l}, nil
	}
	if errors.Is(err, unix.EINVAL) && cookie == 0 {
		if err = unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, prog.FD()); err == nil {
			err = unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0)
		}
		if err == nil {
			return event, nil
		}
	}
	return nil, fmt.Errorf("attach to perf event: %w", errors.Join(err, event.Close()))
}

func explainPerfEvent(err error, p *point) error {
	switch {
	case errors.Is(err, unix.ESRCH):
		return fmt.Errorf("there is no process %d", p.pid)
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.EINVAL) && p.cpu != "":
		return fmt.Errorf("cpu: not all of %s are online", p.cpu)
	}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
		return errors.New("this machine has no such counter, as is common in virtual ones; profile:hz:99 works everywhere")
	}
	return err
}

// closers closes all, in reverse order.
type closers []io.Closer

func (c closers) Close() error {
	var err error
	for _, one := range slices.Backward(c) {
		err = errors.Join(err, one.Close())
	}
	return err
}
