package bpf_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/ftrace"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// needKprobes skips tests on kernels without kprobes, and makes tracefs available.
func needKprobes(t *testing.T) {
	t.Helper()
	needKernel(t)
	if !probe.Kprobes() {
		t.Skip("this kernel has no kprobes")
	}
	if _, _, err := probe.MountTracefs(); err != nil {
		t.Fatal(err)
	}
}

// functionsThat returns the functions that can be traced and that are wanted.
func functionsThat(t *testing.T, wanted func(name string) bool) []ftrace.Function {
	t.Helper()
	functions, err := ftrace.Functions(wanted)
	if err != nil {
		t.Fatal(err)
	}
	return functions
}

// TestKprobeMany attaches to more than a thousand functions, or to some on kernels that give each a kprobe of its own. That it ends at all
// says that it takes no minutes.
func TestKprobeMany(t *testing.T) {
	needKprobes(t)
	prefix, least := "s", 1000
	if errors.Is(features.HaveBPFLinkKprobeMulti(), ebpf.ErrNotSupported) {
		prefix, least = "security_t", 20
	}
	count := len(functionsThat(t, func(name string) bool { return strings.HasPrefix(name, prefix) }))
	if count < least {
		t.Fatalf("%d functions", count)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	o := open(t, testprog.Kinds)
	if err := o.SetGlobal("only_tid", int64(unix.Gettid())); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	inst := load(t, o, bpf.LoadOptions{
		Hooks:   []bpf.Hook{{Program: "on_kprobe", Where: prefix + "*"}},
		Verbose: func(text string) { t.Log(text) },
	})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	attached := time.Now()
	hit := untilHit(t, inst, beNice, func(r record) bool { return r.field(t, "value") == nice })
	if err := inst.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d functions, attached after %v, hit (%v) and detached in another %v", count, attached.Sub(begin), hit, time.Since(attached))
}

// TestKprobeSameName: functions of one name are all probed where a pattern may stand for many, and are an error where one is meant.
func TestKprobeSameName(t *testing.T) {
	needKprobes(t)
	count := make(map[string]int)
	for _, f := range functionsThat(t, func(string) bool { return true }) {
		if f.Address != 0 {
			count[f.Name]++
		}
	}
	name := ""
	for n := range count {
		if count[n] > 1 && (name == "" || n < name) {
			name = n
		}
	}
	if name == "" {
		t.Skip("no two functions of this kernel have one name")
	}
	inst := load(t, open(t, testprog.Kinds), bpf.LoadOptions{
		Hooks:   []bpf.Hook{{Program: "on_kprobe_multi", Where: name}},
		Verbose: func(text string) { t.Errorf("%s: %s", name, text) },
	})
	if _, _, err := inst.Attach(); err != nil {
		t.Errorf("%d functions called %s: %v", count[name], name, err)
	}
	inst = load(t, open(t, testprog.Kinds), bpf.LoadOptions{Hooks: []bpf.Hook{{Program: "on_kprobe", Where: name}}})
	// Older kernels take the first that they find.
	if _, _, err := inst.Attach(); err != nil && !strings.Contains(err.Error(), "names several functions of this kernel") {
		t.Error(err)
	}
}
