package usym

import (
	"bufio"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ulikunitz/xz"
	"golang.org/x/sys/unix"
)

// need returns the path of a tool, or skips; where everything must run it fails.
func need(t testing.TB, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
		t.Fatalf("no %s", tool)
	}
	t.Skipf("no %s", tool)
	return ""
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// do runs a command.
func do(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(need(t, name), args...)
	if name == "go" && os.Getenv("SUDO_UID") != "" {
		cmd.Env = append(os.Environ(), "GOCACHE="+t.TempDir()) // the user's is to stay the user's
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// compile compiles a source of testdata to an executable in a folder of its own, and returns its path.
func compile(t testing.TB, source string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	source = filepath.Join("testdata", source)
	switch filepath.Ext(source) {
	case ".c":
		do(t, "gcc", append([]string{"-O1", "-o", path, source}, flags...)...)
	case ".cc":
		do(t, "g++", append([]string{"-O1", "-o", path, source}, flags...)...)
	case ".rs":
		do(t, "rustc", append([]string{"-C", "opt-level=1", "-o", path, source}, flags...)...)
	case ".go":
		do(t, "go", append(append([]string{"build", "-o", path}, flags...), source)...)
	}
	return path
}

// running is a program of testdata that runs. It has told the addresses of its functions by name.
type running struct {
	pid       int
	addresses map[string]uint64
	stdin     io.WriteCloser
	lines     *bufio.Scanner
	cmd       *exec.Cmd
}

func start(t testing.TB, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{cmd: cmd, addresses: make(map[string]uint64)}
	var err error
	if r.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.end)
	r.pid, r.lines = cmd.Process.Pid, bufio.NewScanner(out)
	r.listen(t)
	return r
}

// listen reads "NAME ADDRESS" until an empty line.
func (r *running) listen(t testing.TB) {
	t.Helper()
	for r.lines.Scan() && r.lines.Text() != "" {
		name, address, _ := strings.Cut(r.lines.Text(), " ")
		a, err := strconv.ParseUint(strings.TrimPrefix(address, "0x"), 16, 64)
		if err != nil {
			t.Fatalf("the program says %q", r.lines.Text())
		}
		r.addresses[name] = a
	}
	if len(r.addresses) == 0 {
		t.Fatal("the program says nothing")
	}
}

// end ends the program and waits for it.
func (r *running) end() {
	_ = r.stdin.Close()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// expect checks what the addresses of r are called.
func (r *running) expect(t *testing.T, table *Table, want map[string]string) {
	t.Helper()
	for name, symbol := range want {
		address, ok := r.addresses[name]
		if !ok {
			t.Fatalf("the program does not say where %s is", name)
		}
		got := table.Name(r.pid, address+1)
		if got.Name != symbol || got.Offset != 1 {
			t.Errorf("%s is %+v, want %s", name, got, symbol)
		}
	}
}

var cNames = map[string]string{"outer": "outer", "inner": "inner", "malloc": "malloc"}

func TestC(t *testing.T) {
	for name, flags := range map[string][]string{
		"pie":       nil,
		"no pie":    {"-no-pie"},
		"static":    {"-static"},
		"old hash":  {"-Wl,--hash-style=sysv"},
		"separated": {"-Wl,-z,separate-code"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, exec.Command(compile(t, "program.c", flags...)))
			var table Table
			defer table.Close()
			r.expect(t, &table, cNames)
			s := table.Name(r.pid, r.addresses["outer"])
			if want := "outer+0x0 (" + r.cmd.Path + ")"; s.Long() != want || s.String() != "outer" {
				t.Errorf("got %s and %s, want %s", s, s.Long(), want)
			}
		})
	}
}

func TestLanguages(t *testing.T) {
	t.Run("C++", func(t *testing.T) {
		r := start(t, exec.Command(compile(t, "program.cc")))
		var table Table
		defer table.Close()
		r.expect(t, &table, map[string]string{"method": "shop::Cart<int>::add", "free": "shop::total"})
	})
	for name, flags := range map[string][]string{
		"": nil, " v0": {"-C", "symbol-mangling-version=v0"},
	} {
		t.Run("Rust"+name, func(t *testing.T) {
			r := start(t, exec.Command(compile(t, "program.rs", flags...)))
			var table Table
			defer table.Close()
			r.expect(t, &table, map[string]string{"free": "program::shop::total", "method": "<program::shop::Cart as program::shop::Sum>::add"})
		})
	}
	for name, flags := range map[string][]string{
		"": nil, " stripped": {"-ldflags=-s -w"}, " pie": {"-buildmode=pie", "-ldflags=-s -w"},
	} {
		t.Run("Go"+name, func(t *testing.T) {
			r := start(t, exec.Command(compile(t, "program.go", flags...)))
			var table Table
			defer table.Close()
			r.expect(t, &table, map[string]string{"free": "main.total", "method": "main.(*cart).add"})
		})
		if name == "" {
			continue
		}
		t.Run("Go and C"+name, func(t *testing.T) {
			r := start(t, exec.Command(compile(t, "mixed.go", flags...)))
			var table Table
			defer table.Close()
			r.expect(t, &table, map[string]string{"free": "main.total"})
		})
	}
}

// Symbols that were stripped are found where distributions put them.
func TestStripped(t *testing.T) {
	for _, test := range []struct {
		name  string
		strip func(t *testing.T, path string)
		known bool
	}{
		{"without symbols", func(t *testing.T, path string) { do(t, "strip", path) }, false},
		{"debug link beside it", func(t *testing.T, path string) { separate(t, path, path+".debug") }, true},
		{"debug link in .debug", func(t *testing.T, path string) {
			separate(t, path, filepath.Join(filepath.Dir(path), ".debug", "other"))
		}, true},
		{"debug link to another program", func(t *testing.T, path string) {
			separate(t, path, path+".debug")
			do(t, "cp", compile(t, "program.cc", "-g"), path+".debug")
		}, false},
		{"debug data", func(t *testing.T, path string) { pack(t, path) }, true},
	} {
		for _, id := range []string{"", "-Wl,--build-id=none"} {
			t.Run(test.name+id, func(t *testing.T) {
				flags := []string{"-g"}
				if id != "" {
					flags = append(flags, id)
				}
				path := compile(t, "program.c", flags...)
				test.strip(t, path)
				r := start(t, exec.Command(path))
				var table Table
				defer table.Close()
				if test.known {
					r.expect(t, &table, cNames)
					return
				}
				s := table.Name(r.pid, r.addresses["outer"]+1)
				if s.Name != "" || s.Module != path || !strings.HasPrefix(s.String(), "program+0x") {
					t.Errorf("got %+v, want the module", s)
				}
			})
		}
	}
}

// separate moves the symbols of path to debug, as dh_strip does.
func separate(t *testing.T, path, debug string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(debug), 0o755); err != nil {
		t.Fatal(err)
	}
	do(t, "objcopy", "--only-keep-debug", path, debug)
	do(t, "strip", path)
	do(t, "objcopy", "--add-gnu-debuglink="+debug, path)
}

// pack moves the symbols of path to a section of it, as rpm does.
func pack(t *testing.T, path string) {
	t.Helper()
	debug := path + ".mini"
	do(t, "objcopy", "--only-keep-debug", path, debug)
	do(t, "strip", "--strip-debug", "--remove-section=.comment", debug)
	b, err := os.ReadFile(debug)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = os.WriteFile(debug, packed.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	do(t, "strip", path)
	do(t, "objcopy", "--add-section", ".gnu_debugdata="+debug, path)
	os.Remove(debug)
}

// A container's binary is seen through its root, with the debug files there.
func TestContainer(t *testing.T) {
	needRoot(t)
	path := compile(t, "program.c", "-static", "-g", "-Wl,--build-id=0xabcdef0123")
	root := t.TempDir()
	debug := filepath.Join(root, "usr/lib/debug/.build-id/ab/cdef0123.debug")
	if err := os.MkdirAll(filepath.Dir(debug), 0o755); err != nil {
		t.Fatal(err)
	}
	do(t, "objcopy", "--only-keep-debug", path, debug)
	do(t, "strip", path)
	do(t, "cp", path, filepath.Join(root, "tool"))
	cmd := exec.Command("/tool")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	r := start(t, cmd)
	var table Table
	defer table.Close()
	r.expect(t, &table, cNames)

	// The build ID alone is enough.
	s := table.Name(r.pid, r.addresses["outer"]+1)
	var other Table
	defer other.Close()
	m := mappingOf(t, &other, r.pid, func(m *mapping) bool { return strings.HasSuffix(m.Path, "/tool") })
	offset := r.addresses["outer"] + 1 - m.Start + m.Offset
	id := []byte{0xab, 0xcd, 0xef, 0x01, 0x23}
	if got := other.NameBuildID(r.pid, id, offset); got.Name != "outer" || got.Offset != 1 {
		t.Errorf("by build ID got %+v, want %+v", got, s)
	}
	if got := other.NameBuildID(0, id, offset); got.Name != "outer" {
		t.Errorf("by build ID, without a process, got %+v, want %+v", got, s)
	}
	if got := other.NameBuildID(0, []byte{1, 2}, 3); got.String() != "buildid:0102+0x3" {
		t.Errorf("an unknown build ID is %s", got)
	}
}

// So is what is mounted for a process alone.
func TestMountNamespace(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	cmd := exec.Command("/bin/sh", "-c", `mount -t tmpfs none "$1" && cp "$0" "$1/tool" && exec "$1/tool"`, compile(t, "program.c"), dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	r := start(t, cmd)
	if _, err := os.Stat(filepath.Join(dir, "tool")); err == nil {
		t.Fatal("the mount is seen outside of its namespace")
	}
	var table Table
	defer table.Close()
	r.expect(t, &table, cNames)
	// Also by its path, where mappings cannot be opened.
	m := mappingOf(t, &table, r.pid, func(m *mapping) bool { return strings.HasSuffix(m.Path, "/tool") })
	file, err := table.processes[r.pid].openInRoot(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
}

func TestDeleted(t *testing.T) {
	needRoot(t) // for /proc/PID/map_files
	path := compile(t, "program.c")
	r := start(t, exec.Command(path))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another file"), 0o755); err != nil {
		t.Fatal(err)
	}
	var table Table
	defer table.Close()
	r.expect(t, &table, cNames)
}

// A program may run from memory alone.
func TestMemory(t *testing.T) {
	needRoot(t)
	b, err := os.ReadFile(compile(t, "program.c", "-static"))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.MemfdCreate("program", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "program")
	defer file.Close()
	if _, err := file.Write(b); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{file}
	r := start(t, cmd)
	var table Table
	defer table.Close()
	r.expect(t, &table, cNames)
}

// What was named once can be named when the process is gone.
func TestExited(t *testing.T) {
	r := start(t, exec.Command(compile(t, "program.c")))
	var table Table
	defer table.Close()
	r.expect(t, &table, map[string]string{"malloc": "malloc"}) // of another file than what is asked for later
	r.end()
	table.processes[r.pid].read = table.processes[r.pid].read.Add(-2 * trust)
	r.expect(t, &table, cNames)
	if !table.processes[r.pid].gone {
		t.Error("nobody noticed that the process is gone")
	}
}

// A process that becomes another program is seen to.
func TestExec(t *testing.T) {
	path := compile(t, "program.c")
	r := start(t, exec.Command("/bin/sh", "-c", `echo first 1; echo; read line; exec "$0"`, path))
	var table Table
	defer table.Close()
	if s := table.Name(r.pid, 1); s != (Symbol{}) {
		t.Errorf("address 1 is %+v", s)
	}
	if _, err := io.WriteString(r.stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	r.listen(t)
	table.processes[r.pid].read = table.processes[r.pid].read.Add(-trust) // it took long
	r.expect(t, &table, cNames)
}

func TestVDSO(t *testing.T) {
	var table Table
	defer table.Close()
	m := mappingOf(t, &table, os.Getpid(), func(m *mapping) bool { return m.Path == vdsoName })
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	f, err := elf.NewFile(io.NewSectionReader(memory, int64(m.Start), int64(m.End-m.Start)))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if !strings.HasSuffix(s.Name, "clock_gettime") {
			continue
		}
		if got := table.Name(os.Getpid(), m.Start+s.Value+2); got.Name != "clock_gettime" || got.Offset != 2 || got.Module != vdsoName {
			t.Errorf("got %+v, want %s", got, s.Name)
		}
		return
	}
	t.Skip("this machine has no such vDSO")
}

// mappingOf returns a mapping of a process.
func mappingOf(t *testing.T, table *Table, pid int, which func(*mapping) bool) *mapping {
	t.Helper()
	table.Name(pid, 0)
	p := table.processes[pid]
	for i := range p.mappings {
		if which(&p.mappings[i]) {
			return &p.mappings[i]
		}
	}
	t.Fatal("it has no such mapping")
	return nil
}

// What means nothing has no name, and nothing breaks.
func TestUnknown(t *testing.T) {
	var table Table
	defer table.Close()
	for _, pid := range []int{-1, 0, 1 << 30, 2, os.Getpid()} {
		for _, address := range []uint64{0, 1, 1 << 63, ^uint64(0)} {
			if s := table.Name(pid, address); s != (Symbol{}) || s.String() != "" || s.Long() != "" {
				t.Errorf("Name(%d, %#x) = %+v", pid, address, s)
			}
		}
	}
}

func TestParseMaps(t *testing.T) {
	var got []string
	for _, m := range parseMaps([]byte(`1000-2000 r-xp 0 00:00 0
3000-4000 r-xp 0 00:00 0 [anon:jit]
4000-5000 r-xp 0 00:00 0 [vdso]
5000-6000 r-xp 0 08:01 7 /usr/bin/sh
6000-7000 r-xp 0 00:01 8 /dev/zero (deleted)
`)) {
		if !m.anonymous {
			got = append(got, m.Path)
		}
	}
	if want := "[vdso] /usr/bin/sh"; strings.Join(got, " ") != want {
		t.Errorf("files are %q, want %s", got, want)
	}
}

func BenchmarkName(b *testing.B) {
	r := start(b, exec.Command(compile(b, "program.c")))
	var table Table
	defer table.Close()
	addresses := []uint64{r.addresses["outer"], r.addresses["inner"] + 3, r.addresses["malloc"] + 5}
	for b.Loop() {
		for _, a := range addresses {
			if table.Name(r.pid, a).Name == "" {
				b.Fatal("no name")
			}
		}
	}
	b.ReportMetric(float64(len(addresses)*b.N)/b.Elapsed().Seconds(), "names/s")
}
