package usym

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Functions of a just-in-time compiler are known as soon as it has written them down.
func TestJIT(t *testing.T) {
	r := start(t, exec.Command(compile(t, "program.c")))
	var table Table
	defer table.Close()
	jit := r.addresses["jit"]
	if s := table.Name(r.pid, jit); s != (Symbol{}) {
		t.Errorf("before there is a map, got %+v", s)
	}
	path := fmt.Sprintf("/tmp/perf-%d.map", r.pid)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	defer file.Close()
	write := func(format string, args ...any) {
		t.Helper()
		if _, err := fmt.Fprintf(file, format, args...); err != nil {
			t.Fatal(err)
		}
		later(&table, r.pid)
	}
	check := func(address uint64, want string) {
		t.Helper()
		got := ""
		if s := table.Name(r.pid, address); s.Name != "" {
			got = fmt.Sprintf("%s+%d", s.Name, s.Offset)
		}
		if got != want {
			t.Errorf("%#x is %q, want %q", address, got, want)
		}
	}
	write("%x 20 Interpreter::run(int, long)\nnonsense\n\n%x zz bad\n%x 10 LazyCompile:~add /app/ma", jit, jit, jit+0x20)
	check(jit+5, "Interpreter::run(int, long)+5")
	check(jit+0x21, "") // its line is not whole
	write("in.js:1\n")
	check(jit+0x21, "LazyCompile:~add /app/main.js:1+1")
	check(jit+0x40, "")
	write("%x 8 replaced\n0x%x 0x8 prefixed\n", jit, jit+0x40)
	check(jit+5, "replaced+5")
	check(jit+0x41, "prefixed+1")

	// What is begun anew counts alone.
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	write("%x 8 again\n", jit)
	check(jit+1, "again+1")
	check(jit+0x41, "")

	// The file may vanish with the process.
	os.Remove(path)
	r.end()
	later(&table, r.pid)
	check(jit+1, "again+1")
}

// later is as if a second had passed.
func later(table *Table, pid int) {
	p := table.processes[pid]
	p.read = p.read.Add(-4 * trust)
	p.jit.looked = p.jit.looked.Add(-4 * trust)
}

// A container's process writes the map into its own /tmp, under the number that it knows itself by.
func TestJITInContainer(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	do(t, "cp", compile(t, "program.c", "-static"), filepath.Join(root, "tool"))
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/tool")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	r := start(t, cmd)
	jit := r.addresses["jit"]
	// A link is followed inside of the container alone.
	outside := filepath.Join(t.TempDir(), "outside")
	for _, path := range []string{filepath.Join(root, "tmp/real"), outside} {
		if err := os.WriteFile(path, fmt.Appendf(nil, "%x 10 from %s\n", jit, filepath.Base(path)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	perfMap := filepath.Join(root, "tmp/perf-1.map")
	if err := os.Symlink(outside, perfMap); err != nil {
		t.Fatal(err)
	}
	var table Table
	defer table.Close()
	if s := table.Name(r.pid, jit+2); s.Name != "" {
		t.Errorf("got %+v from outside of the container", s)
	}
	os.Remove(perfMap)
	if err := os.Symlink("/tmp/real", perfMap); err != nil {
		t.Fatal(err)
	}
	later(&table, r.pid)
	if s := table.Name(r.pid, jit+2); s.Name != "from real" || s.Offset != 2 {
		t.Errorf("got %+v, want from real", s)
	}
	// A pipe in its place holds nobody up.
	os.Remove(perfMap)
	if err := unix.Mkfifo(perfMap, 0o600); err != nil {
		t.Fatal(err)
	}
	var other Table
	defer other.Close()
	if s := other.Name(r.pid, jit+2); s.Name != "" {
		t.Errorf("got %+v from a pipe", s)
	}
}
