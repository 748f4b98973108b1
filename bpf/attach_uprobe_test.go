package bpf_test

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// visit is what testdata/uprobe.bpf.c sends.
type visit struct {
	Program, PID uint32
	IP, Cookie   uint64
	Arg, Result  int64
}

// visits attaches what hooks say and returns what is sent while act runs.
func visits(t *testing.T, act func(), hooks ...bpf.Hook) (all []visit, notices []string) {
	t.Helper()
	inst := load(t, open(t, testprog.Uprobe), bpf.LoadOptions{Hooks: hooks, Notice: func(text string) { notices = append(notices, text) }})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	for _, r := range run(t, inst, act) {
		var v visit
		if _, err := binary.Decode(r.data, binary.LittleEndian, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all, notices
}

// refusal returns the error of attaching to what hook says.
func refusal(t *testing.T, hook bpf.Hook) string {
	t.Helper()
	needKernel(t)
	object := testprog.Uprobe
	if hook.Program == "on_probe" {
		object = testprog.Usdt
	}
	inst, err := open(t, object).Load(bpf.LoadOptions{Hooks: []bpf.Hook{hook}})
	if err == nil {
		defer inst.Close()
		_, _, err = inst.Attach()
	}
	if err == nil {
		t.Fatalf("%+v is attached", hook)
	}
	return err.Error()
}

// symbolOffset returns where in its file a function lies.
func symbolOffset(t *testing.T, path, name string) uint64 {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		for _, p := range f.Progs {
			if s.Name == name && p.Type == elf.PT_LOAD && s.Value >= p.Vaddr && s.Value < p.Vaddr+p.Filesz {
				return s.Value - p.Vaddr + p.Off
			}
		}
	}
	t.Fatalf("%s has no symbol %s", path, name)
	return 0
}

// TestUprobeBinaries attaches to a function of executables of all sorts, at its call and at its return.
func TestUprobeBinaries(t *testing.T) {
	needKernel(t)
	offset := fmt.Sprintf("%#x", symbolOffset(t, target(t, "functions-pie"), "ebpfx_twice"))
	for _, tc := range []struct {
		binary, symbol string
		noReturn       string // why a uretprobe is refused
	}{
		{"functions-pie", "ebpfx_twice", ""},
		{"functions-exec", "ebpfx_twice", ""},
		{"functions-static", "ebpfx_twice", ""},
		{"functions-stripped", offset, ""},
		{"functions-rust", "*ebpfx_twice*", ""},
		{"functions-go", "main.ebpfxTwice", "main.ebpfxTwice is a function of Go"},
		{"functions-go-stripped", "main.ebpfxTwice", "main.ebpfxTwice is a function of Go"},
	} {
		t.Run(tc.binary, func(t *testing.T) {
			path := target(t, tc.binary)
			p := start(t, path)
			p.line(t)
			hooks := []bpf.Hook{{Program: "on_uprobe", Where: path + ":" + tc.symbol}}
			back := bpf.Hook{Program: "on_uretprobe", Where: path + ":" + tc.symbol}
			if tc.noReturn == "" {
				hooks = append(hooks, back)
			} else if got := refusal(t, back); !strings.Contains(got, tc.noReturn) {
				t.Errorf("got %s, want %s", got, tc.noReturn)
			}
			got, _ := visits(t, func() {
				if answer := p.line(t); answer != "4" {
					t.Errorf("the function returns %s", answer)
				}
			}, hooks...)
			if len(got) != len(hooks) {
				t.Fatalf("%d visits: %+v", len(got), got)
			}
			if v := got[0]; v.PID != uint32(p.Process.Pid) || tc.noReturn == "" && v.Arg != 2 {
				t.Errorf("at the call: %+v", v)
			}
			if len(got) > 1 && got[1].Result != 4 {
				t.Errorf("at the return: %+v", got[1])
			}
			if answer := p.line(t); answer != "6" {
				t.Errorf("afterwards, the function returns %s", answer)
			}
		})
	}
}

// TestUprobeMany attaches to up to 2,000 functions. Whether by one link or one by one, each is seen once for each call.
func TestUprobeMany(t *testing.T) {
	needKernel(t)
	path := target(t, "many")
	p := start(t, path)
	for _, tc := range []struct {
		hook bpf.Hook
		want string
	}{
		{bpf.Hook{Program: "on_uprobe", Where: path + ":many_*"}, "^many_"},
		{bpf.Hook{Program: "on_uretprobe", Where: path + ":/^many_0[01]/"}, "^many_0[01]"},
		{bpf.Hook{Program: "on_uprobe_multi", Where: "many_02??", Binary: path, PID: p.Process.Pid, Cookie: 5}, "^many_02"},
		{bpf.Hook{Program: "on_uretprobe_multi", Where: path + ":many_[!1]*3"}, "^many_0..3"},
	} {
		t.Run(tc.hook.Program, func(t *testing.T) {
			if !probe.Cookies() {
				tc.hook.Cookie = 0
			}
			begin := time.Now()
			got, notices := visits(t, func() {
				t.Logf("attached after %v", time.Since(begin))
				p.line(t)
			}, tc.hook)
			want := make(map[int64]int)
			for n := range 2000 {
				if ok, err := regexp.MatchString(tc.want, fmt.Sprintf("many_%04d", n)); ok && err == nil {
					want[int64(n)] = 1
				}
			}
			seen := make(map[int64]int)
			for _, v := range got {
				if v.PID != uint32(p.Process.Pid) || v.Cookie != tc.hook.Cookie {
					t.Fatalf("%+v", v)
				}
				// Each is called with its number behind a 1, and returns twice that.
				if strings.Contains(tc.hook.Program, "ret") {
					v.Arg = v.Result / 2
				}
				seen[v.Arg-10000]++
			}
			if diff := cmp.Diff(want, seen); diff != "" {
				t.Error(diff)
			}
			for _, n := range notices {
				if !strings.Contains(n, "are probed one by one") {
					t.Error(n)
				}
			}
			t.Logf("detached after %v", time.Since(begin))
		})
	}
	if events := traceEvents(t); events != "" {
		t.Errorf("left behind: %s", events)
	}
}

// traceEvents returns the uprobes that ebpfx defined in tracefs, as it does on kernels that have no links for many.
func traceEvents(t *testing.T) (events string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(probe.Tracefs(), "uprobe_events"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, ":ebpfx_") {
			events += line
		}
	}
	return events
}

// TestUprobeSession: one program sees the call and the return.
func TestUprobeSession(t *testing.T) {
	path := target(t, "functions-pie")
	hook := bpf.Hook{Program: "on_uprobe_session", Where: path + ":ebpfx_tw*"}
	if _, major, minor := probe.Release(); major < 6 || major == 6 && minor < 13 {
		if got := refusal(t, hook); !strings.Contains(got, "this kernel has no sessions of uprobes") {
			t.Error(got)
		}
		return
	}
	p := start(t, path)
	got, _ := visits(t, func() { p.line(t) }, hook)
	if len(got) != 2 || got[0].Arg != 1 || got[1].Result != 2 {
		t.Errorf("%+v", got)
	}
}

// TestUprobeLibrary: functions of a library that is loaded when the program is attached already, and their versions.
func TestUprobeLibrary(t *testing.T) {
	needKernel(t)
	library := target(t, "libebpfx.so")
	for _, tc := range []struct {
		symbol string
		result int64
	}{
		{"ebpfx_call", 1},
		{"ebpfx_versioned", 200},
		{"ebpfx_versioned@@EBPFX_2", 200},
		{"ebpfx_versioned@EBPFX_1", 100},
	} {
		t.Run(tc.symbol, func(t *testing.T) {
			p := start(t, target(t, "loader"), library)
			got, _ := visits(t, func() { p.line(t) }, bpf.Hook{Program: "on_uretprobe", Where: library + ":" + tc.symbol})
			if len(got) != 1 || got[0].Result != tc.result || got[0].PID != uint32(p.Process.Pid) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestUprobeImport: a function that a binary takes from a library is probed there, for other processes too unless a pid is given.
func TestUprobeImport(t *testing.T) {
	path := target(t, "functions-pie")
	p := start(t, path)
	for _, pid := range []int{p.Process.Pid, 0} {
		got, notices := visits(t, func() { p.line(t) }, bpf.Hook{Program: "on_uprobe", Where: path + ":fflush", PID: pid})
		mine := 0
		for _, v := range got {
			if v.PID == uint32(p.Process.Pid) {
				mine++
			}
		}
		if mine != 1 || pid != 0 && len(got) != mine {
			t.Errorf("%+v", got)
		}
		want := fmt.Sprintf("on_uprobe: %s takes fflush from ", path)
		if text := strings.Join(notices, ""); (pid == 0) != strings.HasPrefix(text, want) {
			t.Errorf("notices %q", notices)
		}
	}
}

// copyFile copies an executable into a folder.
func copyFile(t *testing.T, from, dir string) string {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, filepath.Base(from))
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestUprobeDeleted: a process may run what was deleted, or replaced by another file.
func TestUprobeDeleted(t *testing.T) {
	needKernel(t)
	path := copyFile(t, target(t, "functions-static"), t.TempDir())
	p := start(t, path)
	p.line(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check := func(hook bpf.Hook) {
		t.Helper()
		hook.Program = "on_uprobe"
		got, _ := visits(t, func() { p.line(t) }, hook)
		if len(got) != 1 || got[0].PID != uint32(p.Process.Pid) {
			t.Errorf("%+v: %+v", hook, got)
		}
	}
	hook := bpf.Hook{Where: path + ":ebpfx_twice", PID: p.Process.Pid}
	check(hook)
	check(bpf.Hook{Where: fmt.Sprintf("/proc/%d/exe:ebpfx_twice", p.Process.Pid)})
	check(bpf.Hook{Where: "functions-static:ebpfx_twice", PID: p.Process.Pid})
	// What comes in its place has no such function, and is not what runs.
	if err := os.Rename(copyFile(t, target(t, "many"), t.TempDir()), path); err != nil {
		t.Fatal(err)
	}
	check(hook)
	if got := refusal(t, bpf.Hook{Program: "on_uprobe", Where: path + ":ebpfx_twice"}); !strings.Contains(got, "has no symbol ebpfx_twice") {
		t.Error(got)
	}
}

// TestUprobeMounts: the path is that of the process, in a root and with mounts of its own.
func TestUprobeMounts(t *testing.T) {
	needKernel(t)
	dir := t.TempDir()
	static := target(t, "functions-static")
	copyFile(t, static, dir)
	// A link that leads elsewhere in another root.
	if err := os.Symlink("/functions-static", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mountpoint := filepath.Join(dir, "mountpoint")
	if err := os.Mkdir(mountpoint, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		cmd   *exec.Cmd
		paths []string
	}{
		{"root", &exec.Cmd{Path: "/functions-static", Dir: "/", SysProcAttr: &syscall.SysProcAttr{Chroot: dir}}, []string{"/functions-static", "/link", "functions-static"}},
		{"mount", &exec.Cmd{Path: self, Args: []string{self, "-test.run=^TestRunMounted$"},
			Env:         append(os.Environ(), "EBPFX_TEST_MOUNT="+mountpoint, "EBPFX_TEST_RUN="+static),
			SysProcAttr: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}}, []string{filepath.Join(mountpoint, "functions-static")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := startCommand(t, tc.cmd)
			p.line(t)
			paths := append(tc.paths, fmt.Sprintf("/proc/%d/root%s", p.Process.Pid, tc.paths[0]))
			for _, path := range paths {
				hook := bpf.Hook{Program: "on_uprobe", Where: path + ":ebpfx_twice"}
				if !strings.HasPrefix(path, "/proc/") {
					hook.PID = p.Process.Pid
				}
				got, _ := visits(t, func() { p.line(t) }, hook)
				if len(got) != 1 || got[0].PID != uint32(p.Process.Pid) {
					t.Errorf("%s: %+v", path, got)
				}
			}
		})
	}
}

// TestRunMounted is what TestUprobeMounts runs with mounts of its own: it mounts a file system and runs a program from there.
func TestRunMounted(t *testing.T) {
	mountpoint := os.Getenv("EBPFX_TEST_MOUNT")
	if mountpoint == "" {
		return
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("ebpfx-test", mountpoint, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	path := copyFile(t, os.Getenv("EBPFX_TEST_RUN"), mountpoint)
	t.Fatal(unix.Exec(path, []string{path}, nil))
}

// TestUprobeErrors: what is wrong, and what would be right.
func TestUprobeErrors(t *testing.T) {
	needKernel(t)
	path := target(t, "functions-pie")
	damaged := filepath.Join(t.TempDir(), "damaged")
	if b, err := os.ReadFile(path); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(damaged, b[:len(b)/2], 0o755); err != nil {
		t.Fatal(err)
	}
	gone := exec.Command("/bin/sh", "-c", ":")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	offset := symbolOffset(t, target(t, "functions-exec"), "ebpfx_twice")
	for _, tc := range []struct {
		hook bpf.Hook
		want string
	}{
		{bpf.Hook{Where: path + ":ebpfx_twize"}, "has no symbol ebpfx_twize (did you mean ebpfx_twice?)"},
		{bpf.Hook{Where: path + ":thrice*"}, "has no function that matches thrice*"},
		{bpf.Hook{Where: path + ":/thrice/"}, "has no function that matches /thrice/"},
		{bpf.Hook{Where: path + ":/thr(ice/"}, "the regular expression /thr(ice/ is malformed: missing closing )"},
		{bpf.Hook{Where: path + ":thr[ice"}, "the pattern thr[ice is malformed"},
		{bpf.Hook{Where: path + ":ebpfx_*+8"}, "has an offset, which is for one function alone"},
		{bpf.Hook{Where: path + ":ebpfx_twice+0x1000"}, "so that there is no ebpfx_twice+0x1000"},
		{bpf.Hook{Where: path + ":ebpfx_twice+x"}, "the offset +x is no number"},
		{bpf.Hook{Where: path + ":ebpfx_twice@EBPFX_1"}, "has no versions"},
		{bpf.Hook{Where: target(t, "libebpfx.so") + ":ebpfx_versioned@EBPFX_3"}, "has no version EBPFX_3 (there is: EBPFX_1 and EBPFX_2)"},
		{bpf.Hook{Where: path + ":0x7fffffff"}, "there is no code at offset 0x7fffffff of"},
		{bpf.Hook{Where: target(t, "functions-exec") + ":" + fmt.Sprintf("%#x", offset+0x400000)}, fmt.Sprintf("%#x is an address; its offset in", offset+0x400000)},
		{bpf.Hook{Where: "libc:strlen"}, "which code runs as strlen of"},
		{bpf.Hook{Where: path + ":"}, "names no symbol"},
		{bpf.Hook{Where: "ebpfx_twice"}, `names no binary; add set_binary("/path") or write "path:ebpfx_twice"`},
		{bpf.Hook{Where: path + "x:ebpfx_twice"}, "no such file or directory"},
		{bpf.Hook{Where: damaged + ":ebpfx_twice"}, "it is damaged"},
		{bpf.Hook{Where: "/etc/passwd:ebpfx_twice"}, "it is no ELF file; for a script name its interpreter"},
		{bpf.Hook{Where: "/tmp:ebpfx_twice"}, "it is a folder"},
		{bpf.Hook{Where: path + ":ebpfx_twice", PID: gone.Process.Pid}, "there is no process " + strconv.Itoa(gone.Process.Pid)},
		{bpf.Hook{Program: "on_uretprobe", Where: path + ":ebpfx_twice+4"}, "has an offset, which uretprobe does not take"},
		{bpf.Hook{Program: "on_uretprobe", Where: path + ":ebpfx_twice", Offset: 4}, "offset is an option of "},
		{bpf.Hook{Program: "on_probe", Where: "ebpfx:plain"}, `names no binary; add set_binary("/path"), or a pid, or write "path:ebpfx:plain"`},
		{bpf.Hook{Program: "on_probe", Where: path + ":plain"}, `names no probe, which is written "provider:name" or "path:provider:name"`},
		{bpf.Hook{Program: "on_probe", Where: path + ":ebpfx:plain"}, "/functions-pie has no usdt probes"},
		{bpf.Hook{Program: "on_probe", Where: target(t, "usdt-pie") + ":ebpfx:plane"}, "has no usdt probe ebpfx:plane (did you mean ebpfx:places or ebpfx:plain?)"},
		{bpf.Hook{Program: "on_probe", Where: target(t, "usdt-pie") + ":epfx:plain"}, "has no usdt probe epfx:plain (did you mean ebpfx:plain?)"},
		{bpf.Hook{Program: "on_probe", Where: "ebpfx:plain", PID: os.Getpid()}, fmt.Sprintf("what process %d has mapped has no usdt probe ebpfx:plain", os.Getpid())},
		{bpf.Hook{Program: "on_probe", Where: "ebpfx:plain", PID: gone.Process.Pid}, "there is no process " + strconv.Itoa(gone.Process.Pid)},
		{bpf.Hook{Program: "on_probe", Where: target(t, "usdt-pie") + ":ebpfx:plain", Offset: 3}, "offset is an option of "},
		{bpf.Hook{Program: "on_probe", Where: target(t, "usdt-pie") + ":ebpfx:plain", Retprobe: true}, "retprobe is for kprobe and uprobe, not for usdt"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			if tc.hook.Program == "" {
				tc.hook.Program = "on_uprobe"
			}
			if got := refusal(t, tc.hook); !strings.Contains(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestUprobeProcessEnds: a process may end at any moment while it is attached to, and while programs are.
func TestUprobeProcessEnds(t *testing.T) {
	needKernel(t)
	path := target(t, "usdt-pie")
	for range 20 {
		cmd := exec.Command(path)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		pid := cmd.Process.Pid
		ended := make(chan error, 1)
		go func() {
			_, err := io.WriteString(in, "\n")
			in.Close()
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			ended <- err
		}()
		inst, err := open(t, testprog.Usdt).Load(bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "on_probe", Where: path + ":ebpfx:places", PID: pid}}})
		if err == nil {
			_, _, err = inst.Attach()
			if closeErr := inst.Close(); closeErr != nil {
				t.Error(closeErr)
			}
		}
		if want := fmt.Sprintf("there is no process %d", pid); err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		<-ended
	}
}
