package bpf_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

func TestSkippedPrograms(t *testing.T) {
	inst := load(t, open(t, testprog.Sections), bpf.LoadOptions{})
	attached, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	wantAttached := []bpf.Attached{{Program: "works", Kind: "tracepoint", Where: "syscalls:sys_enter_getppid"}}
	var want []string
	if features.HaveProgramType(ebpf.Syscall) == nil {
		wantAttached = append(wantAttached, bpf.Attached{Program: "runs_once", Kind: "syscall", Where: "once"})
	} else {
		want = append(want, `program runs_once is not attached: SEC("syscall"): this kernel has no programs of type Syscall`)
	}
	if !slices.Equal(attached, wantAttached) {
		t.Errorf("attached %v, want %v", attached, wantAttached)
	}
	want = append(want,
		`program misspelt is not attached: SEC("tracepiont/syscalls/sys_enter_getppid"): the section says nothing of how to attach it (did you mean tracepoint/syscalls/sys_enter_getppid?); give it a kind and a target with set_kind and attach_to`,
		`program no_target is not attached: SEC("uprobe") names no target; write attach_to("no_target", "path:symbol")`,
		`program no_direction is not attached: SEC("tc") names no target; write attach_to("no_direction", "interface:ingress")`,
		`program no_such_tracepoint is not attached: SEC("tp_btf/sched_swich") names no event that this kernel has for tp_btf (did you mean sched_switch?)`,
		`program no_such_event is not attached: SEC("tp/syscalls/sys_enter_getpidd") names no tracepoint of this kernel (did you mean syscalls:sys_enter_getpid`,
	)
	for _, w := range want {
		if !slices.ContainsFunc(skipped, func(e *bpf.AttachError) bool { return strings.HasPrefix(e.Error(), w) }) {
			t.Errorf("missing: %s", w)
		}
	}
	if t.Failed() || len(skipped) != len(want) {
		for _, s := range skipped {
			t.Log(s)
		}
		t.Errorf("%d programs are skipped, want %d", len(skipped), len(want))
	}
}

// TestFieldsEnd: a program that reads past the fields of its tracepoint cannot be attached.
func TestFieldsEnd(t *testing.T) {
	inst := load(t, open(t, testprog.Kinds), bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "reads_beyond", Where: "syscalls:sys_enter_getppid"}}})
	_, _, err := inst.Attach()
	want := `attach_to("reads_beyond", "syscalls:sys_enter_getppid") is a tracepoint whose fields end before what the program reads; its format file in tracefs lists them`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestHookErrors(t *testing.T) {
	needKernel(t)
	for _, tc := range []struct {
		hook bpf.Hook
		want string
	}{
		{bpf.Hook{Program: "on_uprob", Where: "x"}, `attach_to("on_uprob", "x"): no program named "on_uprob" (there is: on_tracepoint, .*)`},
		{bpf.Hook{Program: "on_uprobe", Where: "lua_pcall"},
			`attach_to("on_uprobe", "lua_pcall") names no binary; add set_binary("/path") or write "path:lua_pcall"`},
		{bpf.Hook{Program: "on_uprobe", Where: "no-such-binary:main"},
			`attach_to("on_uprobe", "no-such-binary:main"): no binary named no-such-binary, neither in PATH nor where the dynamic loader looks`},
		{bpf.Hook{Program: "on_uprobe", Where: "/no/such/binary:main"}, `attach_to("on_uprobe", "/no/such/binary:main"): open binary /no/such/binary: no such file or directory`},
		{bpf.Hook{Program: "on_uprobe", Where: "libc.so.6:getpriorit"},
			`attach_to("on_uprobe", "libc.so.6:getpriorit"): /.*/libc.so.6 has no symbol getpriorit (did you mean getpriority.*)`},
		{bpf.Hook{Program: "on_uprobe", Where: "libc.so.6:read+x"}, `attach_to("on_uprobe", "libc.so.6:read+x"): the offset +x is no number`},
		{bpf.Hook{Program: "on_tracepoint", Where: "sys_enter_getppid"},
			`attach_to("on_tracepoint", "sys_enter_getppid") is no tracepoint, which is written "group:event" (did you mean .*syscalls:sys_enter_getppid.*)`},
		{bpf.Hook{Program: "on_tracepoint", Where: "sched:sched_swich"},
			`attach_to("on_tracepoint", "sched:sched_swich") names no tracepoint of this kernel (did you mean sched:sched_switch?)`},
		{bpf.Hook{Program: "on_raw_tracepoint", Where: "sched_swich"},
			`attach_to("on_raw_tracepoint", "sched_swich") names no tracepoint of this kernel (did you mean sched_switch?)`},
		{bpf.Hook{Program: "on_tp_btf", Where: "sched_swich"},
			`attach_to("on_tp_btf", "sched_swich") names no event that this kernel has for tp_btf (did you mean sched_switch?)`},
		{bpf.Hook{Program: "on_tracepoint", Kind: "tracepont", Where: "a:b"},
			`attach_to("on_tracepoint", "a:b"): no way to attach is named "tracepont" (there is: kprobe, .* and syscall)`},
		{bpf.Hook{Program: "on_tracepoint", Where: "a:b", PID: 1}, `attach_to("on_tracepoint", "a:b"): pid is an option of uprobe, .* and perf_event, not of tracepoint`},
		{bpf.Hook{Program: "on_xdp", Where: "lo", Cookie: 1}, `attach_to("on_xdp", "lo"): cookie is an option of .*, not of xdp`},
		{bpf.Hook{Program: "on_uprobe", Where: "/etc/passwd:main"},
			`attach_to("on_uprobe", "/etc/passwd:main"): open binary /etc/passwd: it is no ELF file; for a script name its interpreter`},
		{bpf.Hook{Program: "on_tracepoint", Where: "a:b", Retprobe: true},
			`attach_to("on_tracepoint", "a:b"): retprobe is for kprobe and uprobe, not for tracepoint`},
		{bpf.Hook{Program: "on_xdp", Kind: "cgroup", Where: "/sys/fs/cgroup"},
			`attach_to("on_xdp", "/sys/fs/cgroup"): its section xdp does not say which sort of cgroup program it is`},
		{bpf.Hook{Program: "on_tracepoint"}, `attach_to("on_tracepoint", ""): the target is empty; write attach_to("on_tracepoint", "group:event")`},
		{bpf.Hook{Program: "on_xdp", Where: "l0"}, `attach_to("on_xdp", "l0") names no network interface (did you mean lo?)`},
		{bpf.Hook{Program: "on_tc", Where: "lo:sideways"}, `attach_to("on_tc", "lo:sideways"): the direction is ingress or egress, not sideways`},
		{bpf.Hook{Program: "on_cgroup", Where: "/tmp"}, `attach_to("on_cgroup", "/tmp"): /tmp is no folder of the cgroup2 file system, which is mounted at /.*`},
		{bpf.Hook{Program: "on_cgroup", Where: "/no/such"}, `attach_to("on_cgroup", "/no/such") names no cgroup.*`},
		{bpf.Hook{Program: "on_perf_event", Where: "cycles"},
			`attach_to("on_perf_event", "cycles") is no perf event, which is written "profile:hz:99", "software:NAME:PERIOD" or "hardware:NAME:PERIOD"`},
		{bpf.Hook{Program: "on_perf_event", Where: "software:cpu-clok:1"}, `attach_to("on_perf_event", "software:cpu-clok:1"): no perf event is named cpu-clok (there is: .*)`},
		{bpf.Hook{Program: "on_perf_event", Where: "profile:hz:0"}, `attach_to("on_perf_event", "profile:hz:0"): 0 is no number above 0`},
		{bpf.Hook{Program: "on_iter", Where: "tsk"}, `attach_to("on_iter", "tsk") names no iterator that this kernel has for iter.*`},
	} {
		t.Run(tc.hook.Program+" "+tc.hook.Where, func(t *testing.T) {
			o := open(t, testprog.Attach)
			inst, err := o.Load(bpf.LoadOptions{Hooks: []bpf.Hook{tc.hook}})
			if err == nil {
				_, _, err = inst.Attach()
				inst.Close()
			}
			if err == nil {
				t.Fatal("no error")
			}
			// Patterns stand for what differs between machines.
			pattern := strings.ReplaceAll(regexp.QuoteMeta(tc.want), `\.\*`, ".*")
			if !regexp.MustCompile("^" + pattern + "$").MatchString(err.Error()) {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
			var failure *bpf.AttachError
			if !errors.As(err, &failure) || failure.Program != tc.hook.Program {
				t.Errorf("%T is no AttachError of %s", err, tc.hook.Program)
			}
		})
	}
}

func TestVerifierError(t *testing.T) {
	needKernel(t)
	_, err := open(t, testprog.RefusedAlone).Load(bpf.LoadOptions{})
	var refusal *bpf.VerifierError
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v", err)
	}
	if refusal.Program != "bad" || !strings.HasSuffix(refusal.File, "refused_alone.bpf.c") || refusal.Source != "*e = 1; /* may be NULL */" {
		t.Errorf("program %s, %s:%d, %q", refusal.Program, refusal.File, refusal.Line, refusal.Source)
	}
	if last := refusal.Last(1); len(last) != 1 || !strings.Contains(last[0], "invalid mem access") {
		t.Errorf("last line of the log is %q", last)
	}
	if len(refusal.Log) < 5 {
		t.Errorf("the log is %q", refusal.Log)
	}
	want := regexp.MustCompile(`^the kernel's verifier refuses program bad at .*refused_alone\.bpf\.c:\d+: R\d invalid mem access '.*'$`)
	if !want.MatchString(err.Error()) {
		t.Errorf("got %v", err)
	}
	if !errors.Is(err, unix.EACCES) {
		t.Errorf("the cause is %v", refusal.Err)
	}
}

func TestMissingField(t *testing.T) {
	needKernel(t)
	_, err := open(t, testprog.Missing).Load(bpf.LoadOptions{})
	want := regexp.MustCompile(`^the kernel's verifier refuses program reads at .*missing\.bpf\.c:\d+: it uses a field, type or enumerator that this kernel does not have$`)
	if err == nil || !want.MatchString(err.Error()) {
		t.Errorf("got %v", err)
	}
}

func TestVerifierLeavesOthers(t *testing.T) {
	inst := load(t, open(t, testprog.Refused), bpf.LoadOptions{})
	attached, skipped, err := inst.Attach()
	if err != nil {
		t.Fatal(err)
	}
	if len(attached) != 1 || attached[0].Program != "good" {
		t.Errorf("attached %v", attached)
	}
	var refusal *bpf.VerifierError
	if len(skipped) != 1 || !errors.As(skipped[0], &refusal) || refusal.Program != "bad" {
		t.Errorf("skipped %v", skipped)
	}
	t.Run("unless a hook names it", func(t *testing.T) {
		_, err := open(t, testprog.Refused).Load(bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "bad", Where: "syscalls:sys_enter_getpid"}}})
		var refusal *bpf.VerifierError
		if !errors.As(err, &refusal) {
			t.Errorf("got %v", err)
		}
	})
}

// withoutCapabilities runs f on a thread that lost all of them.
func withoutCapabilities(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		// The thread is not unlocked, so that it ends with the goroutine.
		runtime.LockOSThread()
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		err := unix.Capset(&header, &none[0])
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestNoCapabilities(t *testing.T) {
	for _, object := range [][]byte{testprog.Streams, testprog.Refused} {
		o := open(t, object)
		var err error
		withoutCapabilities(t, func() { _, err = o.Load(bpf.LoadOptions{}) })
		if err == nil || !strings.Contains(err.Error(), "this process lacks CAP_BPF") || !strings.Contains(err.Error(), "run it as root") {
			t.Errorf("got %v", err)
		}
		if !errors.Is(err, unix.EPERM) {
			t.Errorf("%v is no EPERM", err)
		}
	}
}

// compile compiles a source of testdata that bpf2go refuses.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	if _, err := exec.LookPath("clang"); err != nil {
		// The machines of make test-vm bring the targets of their tests, and no compiler.
		if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" && os.Getenv("EBPFX_TARGETS") == "" {
			t.Fatal("EBPFX_REQUIRE_KERNEL is set, but clang is not installed")
		}
		t.Skip("clang is not installed")
	}
	object := filepath.Join(t.TempDir(), strings.TrimSuffix(source, ".c")+".o")
	args := append([]string{"-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror",
		"-include", "../builder/header/events.h", "-c", filepath.Join("testdata", source), "-o", object}, flags...)
	out, err := exec.Command("clang", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return object
}
