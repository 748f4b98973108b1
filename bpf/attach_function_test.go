package bpf_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// setNice sets the priority of the calling thread, which has the kernel call security_task_setnice(thread, nice), and sets it back.
func setNice(nice int) error {
	err := unix.Setpriority(unix.PRIO_PROCESS, 0, nice)
	if err != nil {
		return err
	}
	return unix.Setpriority(unix.PRIO_PROCESS, 0, 0)
}

// functionCalls decodes what the programs of testprog.Functions send.
func functionCalls(t *testing.T, records []record) (calls [][2]int32) {
	t.Helper()
	for _, r := range records {
		calls = append(calls, [2]int32{int32(r.field(t, "nice")), int32(r.field(t, "result"))})
	}
	return calls
}

// TestAttachFunction: a program at a function of the kernel sees each call of it with arguments and result, and may refuse it where
// its kind allows that; until it is detached.
func TestAttachFunction(t *testing.T) {
	const (
		allowed = 5
		refused = 13
	)
	fentry := probe.Fentry()
	hasLSM, noLSM := hasLSM(), "this kernel refuses lsm programs"
	if fentry && !hasLSM {
		noLSM = `attach_to("on_lsm", "task_setnice") names no hook that this kernel has for lsm`
	}
	for _, tc := range []struct {
		kind, where string
		have        bool
		lacking     string // the error of a kernel that does not have it
		refuses     bool
		// nice and result, as the kind sees them, of an allowed call and that which sets it back
		want [][2]int32
	}{
		{"kprobe", "security_task_setnice", probe.Kprobes(), "this kernel has no kprobes (CONFIG_KPROBES is off)", false, [][2]int32{{allowed, 0}, {0, 0}}},
		{"kretprobe", "security_task_setnice", probe.Kprobes(), "this kernel has no kprobes (CONFIG_KPROBES is off)", false, [][2]int32{{0, 0}, {0, 0}}},
		{"fentry", "security_task_setnice", fentry, "this kernel refuses fentry programs", false, [][2]int32{{allowed, 0}, {0, 0}}},
		{"fexit", "security_task_setnice", fentry, "this kernel refuses fexit programs", false, [][2]int32{{allowed, 0}, {0, 0}}},
		{"fmod_ret", "security_task_setnice", fentry, "this kernel refuses fmod_ret programs", true, [][2]int32{{allowed, 0}, {0, 0}, {refused, 0}}},
		{"lsm", "task_setnice", hasLSM, noLSM, true, [][2]int32{{allowed, 0}, {0, 0}, {refused, 0}}},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			needKernel(t)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			program := "on_" + tc.kind
			before := programsNamed(t, program)

			o := open(t, testprog.Functions)
			if err := o.SetGlobal("only_tid", int64(unix.Gettid())); err != nil {
				t.Fatal(err)
			}
			opts := bpf.LoadOptions{Hooks: []bpf.Hook{{Program: program, Where: tc.where}}}
			if !tc.have {
				inst, err := o.Load(opts)
				if err == nil {
					defer inst.Close()
					_, _, err = inst.Attach()
				}
				if err == nil || !strings.Contains(err.Error(), tc.lacking) {
					t.Errorf("got %v, want %s", err, tc.lacking)
				}
				t.Logf("beyond this kernel: %v", err)
				return
			}
			inst := load(t, o, opts)
			attached, _, err := inst.Attach()
			if err != nil {
				t.Fatal(err)
			}
			if want := []bpf.Attached{{Program: program, Kind: tc.kind, Where: tc.where}}; !slices.Equal(attached, want) {
				t.Errorf("attached %v, want %v", attached, want)
			}
			if err := setNice(allowed); err != nil {
				t.Errorf("while attached: %v", err)
			}
			if tc.refuses {
				if err := setNice(refused); !errors.Is(err, unix.ENOTUNIQ) {
					t.Errorf("the refused call returns %v", err)
				}
			}
			calls := functionCalls(t, run(t, inst, func() {}))
			if !slices.Equal(calls, tc.want) {
				t.Errorf("calls with nice and result %v, want %v", calls, tc.want)
			}
			if stats := inst.Stats(); !stats.LostKnown || stats.Lost != 0 {
				t.Errorf("%+v", stats)
			}
			if err := setNice(refused); err != nil {
				t.Errorf("after it was detached: %v", err)
			}
			if err := inst.Close(); err != nil {
				t.Fatal(err)
			}
			// The kernel frees programs when it comes to it.
			for end := time.Now().Add(patience); programsNamed(t, program) > before; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the program is still there")
				}
			}
		})
	}
}

// TestResultReplaced: fexit sees the result that fmod_ret put in place.
func TestResultReplaced(t *testing.T) {
	needKernel(t)
	if !probe.Fentry() {
		t.Skip("this kernel refuses fexit and fmod_ret programs")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	o := open(t, testprog.Functions)
	if err := o.SetGlobal("only_tid", int64(unix.Gettid())); err != nil {
		t.Fatal(err)
	}
	inst := load(t, o, bpf.LoadOptions{Hooks: []bpf.Hook{
		{Program: "on_fmod_ret", Where: "security_task_setnice"},
		{Program: "on_fexit", Where: "security_task_setnice"},
	}})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	if err := setNice(13); !errors.Is(err, unix.ENOTUNIQ) {
		t.Errorf("the refused call returns %v", err)
	}
	got := functionCalls(t, run(t, inst, func() {}))
	if want := [][2]int32{{13, 0}, {13, -int32(unix.ENOTUNIQ)}}; !slices.Equal(got, want) {
		t.Errorf("calls with nice and result %v, want %v", got, want)
	}
}

// hasLSM reports whether the kernel takes LSM programs, by the function that stands for one in its BTF, and asks them.
func hasLSM() bool {
	types, err := btf.LoadKernelSpec()
	if err != nil {
		return false
	}
	var f *btf.Func
	return types.TypeByName("bpf_lsm_task_setnice", &f) == nil && probe.Fentry() && probe.AsksLSM()
}

// programsNamed returns how many programs of a name the kernel has.
func programsNamed(t *testing.T, name string) (n int) {
	t.Helper()
	for id := ebpf.ProgramID(0); ; {
		var err error
		if id, err = ebpf.ProgramGetNextID(id); errors.Is(err, os.ErrNotExist) {
			return n
		} else if err != nil {
			t.Fatal(fmt.Errorf("list programs: %w", err))
		}
		prog, err := ebpf.NewProgramFromID(id)
		if err != nil {
			continue // it has gone meanwhile
		}
		if info, err := prog.Info(); err == nil && info.Name == name {
			n++
		}
		prog.Close()
	}
}
