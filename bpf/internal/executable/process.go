package executable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/procmaps"
)

// Mapping is a part of a file that a process has mapped to be run.
type Mapping struct {
	Start, End uint64 // addresses
	Path       string // of the file, as the process has it
	Deleted    bool   // nothing is at Path any more, or another file

	inode string
}

// noProcess is about a process that does not exist, or not any more.
func noProcess(pid int) error { return fmt.Errorf("there is no process %d", pid) }

// Alive returns an error that says so when there is no process pid.
func Alive(pid int) error {
	// What has ended and is not waited for still has an entry, but neither code nor memory.
	if _, err := os.Readlink(proc(pid, "exe")); errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return noProcess(pid)
	}
	return nil
}

func proc(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }

// Mappings returns what code process pid has mapped from files, in the order of addresses.
func Mappings(pid int) ([]Mapping, error) {
	text, err := os.ReadFile(proc(pid, "maps"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return nil, noProcess(pid)
	}
	if err != nil {
		return nil, fmt.Errorf("look what process %d has mapped: %w", pid, err)
	}
	var all []Mapping
	for _, m := range procmaps.Parse(text) {
		if strings.HasPrefix(m.Path, "/") {
			all = append(all, Mapping{m.Start, m.End, m.Path, m.Deleted, fmt.Sprint(m.Device, " ", m.Inode)})
		}
	}
	return all, nil
}

// location returns where the file of m can be opened: whatever became of its path, where this process is privileged.
func (m *Mapping) location(pid int, root string) Location {
	mapped := proc(pid, fmt.Sprintf("map_files/%x-%x", m.Start, m.End))
	if _, err := os.Stat(mapped); err == nil || m.Deleted {
		return Location{Name: m.Path, path: mapped}
	}
	return Location{Name: m.Path, path: m.Path, root: root}
}

// findMapped looks for name among what process pid has mapped.
func findMapped(name string, pid int) (l Location, ok bool, err error) {
	all, err := Mappings(pid)
	if err != nil {
		return Location{}, false, err
	}
	real := name
	if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		real = filepath.Join(dir, filepath.Base(name))
	}
	for _, m := range all {
		switch {
		case strings.Contains(name, "/"):
			// Other paths are as good where the file is still there.
			ok = m.Deleted && (m.Path == name || m.Path == real)
		default:
			ok = matches(name, filepath.Base(m.Path))
		}
		if ok {
			return m.location(pid, rootOf(pid)), true, nil
		}
	}
	return Location{}, false, nil
}

// Mapped returns the files whose code process pid has mapped, its executable first.
func Mapped(pid int) ([]Location, error) {
	all, err := Mappings(pid)
	if err != nil {
		return nil, err
	}
	root := rootOf(pid)
	var found []Location
	seen := make(map[string]bool)
	for _, m := range all {
		if !seen[m.inode] {
			seen[m.inode] = true
			found = append(found, m.location(pid, root))
		}
	}
	exe, err := os.Readlink(proc(pid, "exe"))
	if err != nil {
		return found, nil
	}
	exe = strings.TrimSuffix(exe, " (deleted)")
	for i, l := range found {
		if l.Name == exe {
			copy(found[1:], found[:i])
			found[0] = l
		}
	}
	return found, nil
}

// rootOf returns the root of a process that has another than this one, or "".
func rootOf(pid int) string {
	root := proc(pid, "root")
	var own, other unix.Stat_t
	if unix.Stat("/", &own) != nil || unix.Stat(root, &other) != nil || own.Dev == other.Dev && own.Ino == other.Ino && sameMounts(pid) {
		return ""
	}
	return root
}

// sameMounts reports whether a process sees the same file systems at the same places.
func sameMounts(pid int) bool {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return true
	}
	other, err := os.Readlink(proc(pid, "ns/mnt"))
	return err != nil || own == other
}
