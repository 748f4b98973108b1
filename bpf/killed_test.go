package bpf_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// toBeKilled has a child of this binary attach again and again: to the cgroup that it is set to, and what is the same everywhere.
const toBeKilled = "EBPFX_TEST_KILLED"

// childMark is what the child's programs are called by in place of "on_", so that those of other tests are not taken for them.
func childMark(pid int) string { return fmt.Sprintf("k%02x", pid%256) }

// TestKilled kills a process at random moments of loading, attaching, reading and detaching, and looks whether it left programs
// behind: with links, with perf events, with trace events, and without any, as classifiers of clsact and programs of sockets are attached.
func TestKilled(t *testing.T) {
	times := 200
	if testing.Short() {
		times = 5 // under emulation each takes seconds
	}
	runtime.LockOSThread() // the child starts in the network of this thread, which ends with the test
	path, _ := cgroup(t)
	c := &kindCase{}
	sharing(t, c)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	attached := 0
	longest := 100 * time.Millisecond // until it is killed
	for n := range times {
		child := exec.Command(self, "-test.run=^TestAttachForever$", "-test.timeout=5m")
		child.Env = append(os.Environ(), toBeKilled+"="+childMark(os.Getpid())+" "+path+" "+c.hook.Where)
		var said bytes.Buffer
		child.Stdout, child.Stderr = &said, &said
		ready, err := child.StdinPipe() // it ends with this process at the latest
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if n == 0 { // on a busy machine, and under emulation, it takes longer until there is something to be left behind
			began := time.Now()
			eventually(t, "the process loads nothing", func() bool { return len(programsMarked(t)) > 0 })
			longest = max(longest, 3*time.Since(began))
		} else {
			time.Sleep(rand.N(longest))
		}
		if len(programsMarked(t)) > 0 {
			attached++
		}
		if err := child.Process.Signal(unix.SIGKILL); err != nil {
			t.Fatalf("it ended by itself: %s", said.String())
		}
		_ = child.Wait() // killed
		ready.Close()
	}
	if attached < 2 && !testing.Short() {
		t.Error("it was never killed while it had programs, other than by waiting for them")
	}
	t.Logf("killed %d times, %d of them with programs loaded", times, attached)
	eventually(t, "programs are left behind", func() bool { return len(programsMarked(t)) == 0 })
	eventually(t, "trace events are left behind", func() bool { return traceEvents(t) == "" })
	if filters := classifiersOfLoopback(t); filters > 0 {
		t.Errorf("%d classifiers are left behind", filters)
	}
}

// TestAttachForever is what is killed.
func TestAttachForever(t *testing.T) {
	arguments, ok := os.LookupEnv(toBeKilled)
	if !ok {
		t.Skip("for a child of another test")
	}
	var name, path, port string
	if _, err := fmt.Sscan(arguments, &name, &path, &port); err != nil {
		t.Fatal(err)
	}
	hooks := []bpf.Hook{
		{Program: "tracepoint", Where: "syscalls:sys_enter_getppid"}, {Program: "raw_tracepoint", Where: "sys_enter"},
		{Program: "tp_btf", Where: "sys_enter"}, {Program: "uprobe", Where: "libc.so.6:geteuid"}, {Program: "perf_event", Where: "profile:hz:99"},
		{Program: "iter", Where: "task"}, {Program: "xdp", Where: "lo"}, {Program: "tc", Where: "lo:egress", Mode: "clsact"},
		{Program: "cgroup_connect4", Where: path}, {Program: "sockops", Where: path}, {Program: "sk_lookup", Where: "self"},
		{Program: "sk_msg", Where: "socks"}, {Program: "sk_reuseport", Where: port}, {Program: "socket_filter", Where: "lo"},
	}
	if probe.Kprobes() {
		hooks = append(hooks, bpf.Hook{Program: "kprobe", Where: "security_task_setnice"}, bpf.Hook{Program: "kprobe_multi", Where: "security_task_setn*"})
	}
	if probe.Fentry() {
		hooks = append(hooks, bpf.Hook{Program: "fentry", Where: "security_task_setnice"})
	}
	if features.HaveBPFLinkUprobeMulti() != nil {
		hooks = append(hooks, bpf.Hook{Program: "uretprobe", Where: "libc.so.6:get*"})
	}
	for i := range hooks {
		hooks[i].Program = name + hooks[i].Program
	}
	object := bytes.ReplaceAll(testprog.Kinds, []byte("on_"), []byte(name))
	for {
		inst, err := open(t, object).Load(bpf.LoadOptions{Hooks: hooks})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := inst.Attach(); err != nil {
			t.Fatal(err)
		}
		if err := inst.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// programsMarked returns the names of the children's programs that the kernel has.
func programsMarked(t *testing.T) (names []string) {
	t.Helper()
	for id := ebpf.ProgramID(0); ; {
		var err error
		if id, err = ebpf.ProgramGetNextID(id); err != nil {
			return names
		}
		prog, err := ebpf.NewProgramFromID(id)
		if err != nil {
			continue // it has gone meanwhile
		}
		if info, err := prog.Info(); err == nil && strings.HasPrefix(info.Name, childMark(os.Getpid())) {
			names = append(names, info.Name)
		}
		prog.Close()
	}
}
