package usym

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ebpfx/ebpfx/bpf/internal/procmaps"
)

// process is what is known of one.
type process struct {
	pid      int
	started  string // when, as /proc/PID/stat has it: pid and it are one process's alone
	text     []byte // of maps, when it was read
	mappings []mapping
	jit      jitMap
	read     time.Time     // when the text was
	took     time.Duration // to read it
	gone     bool          // when it was read last
	used     uint64
}

// How long what is known of a process is believed.
const (
	trust      = 250 * time.Millisecond
	leastTrust = 2 * time.Millisecond // where an address is in no mapping
)

// process returns what is known of pid; nil where it never was.
func (t *Table) process(pid int) *process {
	if pid <= 0 {
		return nil
	}
	p := t.processes[pid]
	if p == nil {
		if len(t.processes) >= maxProcesses {
			t.forgetProcess()
		}
		if t.processes == nil {
			t.processes = make(map[int]*process)
		}
		p = &process{pid: pid}
		t.processes[pid] = p
	}
	p.used = t.clock
	if t.now.Sub(p.read) > trust {
		p.refresh(t.now)
	}
	return p
}

// forgetProcess forgets the process that was not asked for the longest.
func (t *Table) forgetProcess() {
	var oldest *process
	for _, p := range t.processes {
		if oldest == nil || p.used < oldest.used {
			oldest = p
		}
	}
	delete(t.processes, oldest.pid)
}

// reread refreshes p where it may have mapped something meanwhile, and reports whether anything changed. It takes no more than a tenth of the
// time, however often addresses are asked for that are in no mapping.
func (p *process) reread(now time.Time) bool {
	if now.Sub(p.read) < max(leastTrust, 10*p.took) {
		return false
	}
	return p.refresh(now)
}

// refresh reads what p maps. When it is gone, what was known stays.
func (p *process) refresh(now time.Time) (changed bool) {
	defer func() { p.took = time.Since(now) }()
	p.read = now
	started := startTime(p.pid)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.pid))
	if p.gone = started == "" || err != nil || len(text) == 0; p.gone {
		return false // also a kernel thread, or one that is ending
	}
	if started != p.started {
		p.started, p.jit = started, jitMap{}
	} else if bytes.Equal(text, p.text) {
		return false
	}
	p.text = text
	p.mappings = parseMaps(text)
	return true
}

// startTime is field 22 of /proc/PID/stat, behind the name, which may hold anything; "" where there is no such process.
func startTime(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const at = 22 - 3
	if len(fields) <= at {
		return ""
	}
	return fields[at]
}

// mapping is a part of a process's memory that holds code.
type mapping struct {
	procmaps.Mapping
	anonymous bool // no file, or none that has symbols
	binary    *binary
	tried     bool // binary was looked for, and is nil where it cannot be read
}

const vdsoName = "[vdso]"

// parseMaps reads /proc/PID/maps.
func parseMaps(text []byte) []mapping {
	var list []mapping
	for _, m := range procmaps.Parse(text) {
		list = append(list, mapping{Mapping: m, anonymous: m.Path != vdsoName && (m.Inode == 0 || !isFile(m.Path))})
	}
	return list
}

// isFile reports whether a mapped file may be a binary. Others are memory by another name, such as just-in-time compilers use.
func isFile(path string) bool {
	for _, memory := range []string{"/dev/zero", "/SYSV", "//"} {
		if strings.HasPrefix(path, memory) {
			return false
		}
	}
	return strings.HasPrefix(path, "/")
}

// mapping returns the mapping that address lies in, or nil.
func (p *process) mapping(address uint64) *mapping {
	i, exact := slices.BinarySearchFunc(p.mappings, address, func(m mapping, a uint64) int {
		switch {
		case m.End <= a:
			return -1
		case m.Start > a:
			return 1
		}
		return 0
	})
	if !exact {
		return nil
	}
	return &p.mappings[i]
}
