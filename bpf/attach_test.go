package bpf_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/executable"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// only returns the object of all kinds with nothing of it attached but through hooks.
func only(t *testing.T, hooks ...bpf.Hook) (*bpf.Object, bpf.LoadOptions) {
	t.Helper()
	return open(t, testprog.Attach), bpf.LoadOptions{Hooks: hooks}
}

// hits attaches the object of all kinds, does act again and again until the program numbered by the enumerator called probe sent
// something, and returns that.
func hits(t *testing.T, o *bpf.Object, opts bpf.LoadOptions, probe string, act func()) record {
	t.Helper()
	want := uint64(o.Enumerators()[probe])
	if want == 0 {
		t.Fatalf("no enumerator %s", probe)
	}
	inst := load(t, o, opts)
	// Other programs of the object may be beyond this kernel.
	attached, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	program := "on_" + strings.ToLower(probe)
	if !slices.ContainsFunc(attached, func(a bpf.Attached) bool { return a.Program == program }) {
		t.Fatalf("%s is not attached: %v", program, skipped)
	}
	out := make(chan *bpf.Batch, 4)
	if err := inst.Start(out); err != nil {
		t.Fatal(err)
	}
	found := make(chan record, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for b := range out {
			if b.End {
				return
			}
			for i := range b.Len() {
				r := record{b.Stream.Name(), b.Stream.Type(b.Record(i)), append([]byte(nil), b.Record(i)...)}
				f := r.typ.Field("probe")
				if v, _ := f.Bits(r.data); v == want {
					select {
					case found <- r:
					default:
					}
				}
			}
			b.Release()
		}
	}()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		act()
		select {
		case r := <-found:
			inst.Stop()
			<-ended
			return r
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("%s was not hit", probe)
	return record{}
}

// stir does what the programs of the object wait for.
func stir() {
	syscall.Getppid()
	if f, err := os.Open("/"); err == nil {
		f.Close()
	}
}

func TestAttachBySection(t *testing.T) {
	for _, name := range []string{"TRACEPOINT", "RAW_TRACEPOINT", "TP_BTF", "ITER"} {
		t.Run(name, func(t *testing.T) {
			o, opts := only(t)
			r := hits(t, o, opts, name, stir)
			t.Log(r)
		})
	}
}

// libc's geteuid is what id calls.
func id() { _ = exec.Command("id", "-u").Run() }

// reader is a process that calls read of libc for each line that is written to it.
func reader(t *testing.T) (pid int, line func()) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "while read x; do :; done")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return cmd.Process.Pid, func() {
		if _, err := io.WriteString(in, "x\n"); err != nil {
			t.Error(err)
		}
	}
}

func TestAttachUprobe(t *testing.T) {
	libc, err := executable.Find("libc.so.6", 0)
	if err != nil {
		t.Fatal(err)
	}
	pid, line := reader(t)
	for _, tc := range []struct {
		name string
		hook bpf.Hook
	}{
		{"path and symbol", bpf.Hook{Where: libc.Name + ":read"}},
		{"name and symbol", bpf.Hook{Where: "libc.so.6:read"}},
		{"binary", bpf.Hook{Where: "read", Binary: "libc"}},
		{"kind", bpf.Hook{Where: "read", Binary: libc.Name, Kind: "uprobe"}},
		{"process", bpf.Hook{Where: "read", Binary: libc.Name, PID: pid}},
		{"cookie", bpf.Hook{Where: "read", Binary: libc.Name, Cookie: 77}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.hook.Program = "on_uprobe"
			o, opts := only(t, tc.hook)
			if err := o.SetGlobal("only_pid", int64(pid)); err != nil {
				t.Fatal(err)
			}
			if tc.hook.Cookie != 0 && !probe.Cookies() {
				_, _, err := load(t, o, opts).Attach()
				if want := "this kernel has no cookies"; err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
				return
			}
			r := hits(t, o, opts, "UPROBE", line)
			if got := r.field(t, "pid"); got != uint64(pid) {
				t.Errorf("hit in process %d", got)
			}
			if got := r.field(t, "cookie"); got != tc.hook.Cookie {
				t.Errorf("cookie %d, want %d", got, tc.hook.Cookie)
			}
		})
	}
	t.Run("library of the section", func(t *testing.T) {
		o, opts := only(t)
		hits(t, o, opts, "URETPROBE", id)
	})
	t.Run("symbol alone, library of the section", func(t *testing.T) {
		o, opts := only(t, bpf.Hook{Program: "on_uretprobe", Kind: "uprobe", Where: "geteuid", Retprobe: true})
		hits(t, o, opts, "URETPROBE", id)
	})
	t.Run("library by its short name", func(t *testing.T) {
		o, opts := only(t, bpf.Hook{Program: "on_uprobe", Where: "libc:geteuid"})
		hits(t, o, opts, "UPROBE", id)
	})
}

func TestAttachKindOverridesSection(t *testing.T) {
	o, opts := only(t, bpf.Hook{Program: "on_tracepoint", Kind: "raw_tracepoint", Where: "sys_enter"})
	hits(t, o, opts, "TRACEPOINT", stir)
}

func TestAttachTwice(t *testing.T) {
	o, opts := only(t,
		bpf.Hook{Program: "on_tp_btf", Where: "sys_enter"},
		bpf.Hook{Program: "on_tp_btf", Where: "sys_exit"})
	inst := load(t, o, opts)
	attached, _, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	var where []string
	for _, a := range attached {
		if a.Program == "on_tp_btf" {
			where = append(where, a.Where)
		}
	}
	if got := strings.Join(where, " "); got != "sys_enter sys_exit" {
		t.Errorf("attached to %s", got)
	}
}

func TestAttachPerfEvent(t *testing.T) {
	spin := func() {
		for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
			_ = os.Getpid()
		}
	}
	for _, where := range []string{"profile:hz:99", "profile:ms:5", "software:cpu-clock:1_000_000"} {
		t.Run(where, func(t *testing.T) {
			o, opts := only(t, bpf.Hook{Program: "on_perf_event", Where: where})
			hits(t, o, opts, "PERF_EVENT", spin)
		})
	}
	t.Run("process", func(t *testing.T) {
		o, opts := only(t, bpf.Hook{Program: "on_perf_event", Where: "software:task-clock:100000", PID: os.Getpid()})
		r := hits(t, o, opts, "PERF_EVENT", spin)
		if pid := r.field(t, "pid"); pid != uint64(os.Getpid()) {
			t.Errorf("hit in process %d", pid)
		}
	})
	t.Run("no such counter", func(t *testing.T) {
		o, opts := only(t, bpf.Hook{Program: "on_perf_event", Where: "hardware:cycles:1000000"})
		inst := load(t, o, opts)
		if _, _, err := inst.Attach(); err != nil && !strings.Contains(err.Error(), "this machine has no such counter") {
			t.Error(err)
		}
	})
}

// send sends a datagram through the loopback interface.
func send(t *testing.T) {
	t.Helper()
	c, err := net.Dial("udp", "127.0.0.1:9") // discard
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
		t.Fatal(err)
	}
}

// ownNetwork moves the test to a network of its own with nothing but a loopback interface, which only one XDP program can hold.
func ownNetwork(t *testing.T) {
	t.Helper()
	needKernel(t)
	// The thread is not unlocked, so that it ends with the goroutine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
}

func TestAttachNetwork(t *testing.T) {
	for _, tc := range []struct{ program, where, probe string }{
		{"on_xdp", "lo", "XDP"},
		{"on_tc", "lo", "TC"},
		{"on_tc", "lo:egress", "TC"},
	} {
		t.Run(tc.where+" "+tc.probe, func(t *testing.T) {
			ownNetwork(t)
			o, opts := only(t, bpf.Hook{Program: tc.program, Where: tc.where})
			hits(t, o, opts, tc.probe, func() { send(t) })
		})
	}
}

// TestInterfaceTaken: an interface has room for one XDP program.
func TestInterfaceTaken(t *testing.T) {
	ownNetwork(t)
	hook := bpf.Hook{Program: "on_xdp", Where: "lo"}
	o, opts := only(t, hook)
	first := load(t, o, opts)
	if _, _, err := first.Attach(); err != nil {
		t.Fatal(err)
	}
	second := load(t, o, opts)
	_, _, err := second.Attach()
	want := regexp.MustCompile(fmt.Sprintf(`^attach_to\("on_xdp", "lo"\) is an interface that program on_xdp \(id \d+\) of process %d, bpf.test, holds$`, os.Getpid()))
	if err == nil || !want.MatchString(err.Error()) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// cgroup makes a cgroup of its own for the test, and returns how to run a command in it.
func cgroup(t *testing.T) (path string, run func(name string, args ...string)) {
	t.Helper()
	needKernel(t)
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(mounts), "\n") {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			path = filepath.Join(f[1], fmt.Sprintf("ebpfx-test-%d", os.Getpid()))
		}
	}
	if path == "" {
		t.Skip("the cgroup2 file system is not mounted")
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dir.Close()
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
	return path, func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
}

func TestAttachCgroup(t *testing.T) {
	path, run := cgroup(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("EBPFX_TEST_SEND", "1")
	sender := func() { run(self, "-test.run=^TestSend$") }
	for _, where := range []string{path, filepath.Base(path)} {
		t.Run(where, func(t *testing.T) {
			o, opts := only(t, bpf.Hook{Program: "on_cgroup", Where: where})
			hits(t, o, opts, "CGROUP", sender)
		})
	}
	t.Run("sockops", func(t *testing.T) {
		o, opts := only(t, bpf.Hook{Program: "on_sockops", Where: path})
		hits(t, o, opts, "SOCKOPS", sender)
	})
}

// TestSend is run by TestAttachCgroup in a process of its own.
func TestSend(t *testing.T) {
	if os.Getenv("EBPFX_TEST_SEND") == "" {
		return
	}
	send(t)
	// A listener is told to sockops programs.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
