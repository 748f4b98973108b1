package bpf

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// holder tells who has a hook that has room for one program: "program xdp_filter (id 12) of process 345, xdp-filter". What cannot be
// found out is left out. id 0: nothing is known.
func holder(id ebpf.ProgramID) string {
	if id == 0 {
		return "another program"
	}
	text := fmt.Sprintf("program %d", id)
	if prog, err := ebpf.NewProgramFromID(id); err == nil {
		if info, err := prog.Info(); err == nil && info.Name != "" {
			text = fmt.Sprintf("program %s (id %d)", info.Name, id)
		}
		prog.Close()
	}
	if pid, name := programOwner(id); pid != 0 {
		text += fmt.Sprintf(" of process %d, %s,", pid, name)
	}
	return text
}

// programOwner returns a process that has a file descriptor of a program or of a link of it; 0 where none has, since it is pinned or
// attached without a link.
func programOwner(id ebpf.ProgramID) (pid int, name string) {
	want := strconv.FormatUint(uint64(id), 10)
	files, err := filepath.Glob("/proc/[0-9]*/fdinfo/*")
	if err != nil {
		return 0, ""
	}
	for _, file := range files {
		process := filepath.Dir(filepath.Dir(file))
		fd := filepath.Base(file)
		if to, err := os.Readlink(filepath.Join(process, "fd", fd)); err != nil || !strings.HasPrefix(to, "anon_inode:bpf") {
			continue
		}
		if fdInfo(file, "prog_id") != want {
			continue
		}
		if pid, err = strconv.Atoi(filepath.Base(process)); err != nil {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			continue // it has ended meanwhile
		}
		return pid, strings.TrimSpace(string(comm))
	}
	return 0, ""
}

// fdInfo returns a value of a file of /proc/PID/fdinfo.
func fdInfo(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && k == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// linkedProgram returns the program of the first link that is wanted, 0 where there is none.
func linkedProgram(wanted func(*link.Info) bool) ebpf.ProgramID {
	it := new(link.Iterator)
	defer it.Close()
	for it.Next() {
		if info, err := it.Link.Info(); err == nil && wanted(info) {
			return info.Program
		}
	}
	return 0
}

// netnsHolder tells who holds an attach type of a network namespace.
func netnsHolder(ns *os.File, attachType ebpf.AttachType) string {
	var stat unix.Stat_t
	if err := unix.Fstat(int(ns.Fd()), &stat); err != nil {
		return holder(0)
	}
	return holder(linkedProgram(func(info *link.Info) bool {
		netns := info.NetNs()
		return netns != nil && uint64(netns.NetnsInode) == stat.Ino && ebpf.AttachType(netns.AttachType) == attachType
	}))
}
