package bpf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

// firing is what testdata/usdt.bpf.c sends.
type firing struct {
	PID    uint32
	Count  int32
	Cookie int64
	Value  [12]int64
	Error  [12]int32
}

// arg is an argument as it is expected: a number, or an error.
type arg struct {
	value int64
	err   bool
}

func values(numbers ...int64) []arg {
	var all []arg
	for _, n := range numbers {
		all = append(all, arg{value: n})
	}
	return all
}

func (f *firing) args(t *testing.T) []arg {
	t.Helper()
	if f.Count < 0 || f.Count > 12 {
		t.Fatalf("bpf_usdt_arg_cnt returns %d", f.Count)
	}
	var all []arg
	for i := range f.Count {
		all = append(all, arg{f.Value[i], f.Error[i] != 0})
	}
	return all
}

func decodeFirings(t *testing.T, records []record) []firing {
	t.Helper()
	all := make([]firing, len(records))
	for i, r := range records {
		if _, err := binary.Decode(r.data, binary.LittleEndian, &all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// firings attaches on_probe and returns what it sends while act runs.
func firings(t *testing.T, act func(), hooks ...bpf.Hook) (all []firing, notices []string) {
	t.Helper()
	inst := load(t, open(t, testprog.Usdt), bpf.LoadOptions{Hooks: hooks, Notice: func(text string) { notices = append(notices, text) }})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	return decodeFirings(t, run(t, inst, act)), notices
}

// probes are those of testdata/target/usdt.c, with the arguments that one round of them has.
var probes = map[string][][]arg{
	"registers": {values(-8, 248, -1600, 64000, -320000, 4000000000, -6400000000, -616)},
	"memory":    {values(-8, 248, -1600, 64000, -320000, 4000000000, -6400000000, -616)},
	"constants": {values(-1, 200, -300, 60000, -5, 4000000000, -6000000000, 7)},
	"indexed":   {values(144, 3)},
	"global":    {values(-77)},
	"real":      {{{value: 0x3ff8000000000000}, {value: 42}}},
	"places":    {values(1), values(2), values(3), values(4)},
	"plain":     {nil},
	"guarded":   {values(1)},
}

// TestAttachUSDT reads arguments of every size and sign out of every place that compilers put them, in executables of all sorts.
func TestAttachUSDT(t *testing.T) {
	needKernel(t)
	for _, binary := range []string{"usdt-O0", "usdt-pie", "usdt-exec", "usdt-static", "usdt-static-pie", "usdt-stripped"} {
		t.Run(binary, func(t *testing.T) {
			path := target(t, binary)
			p := start(t, path)
			if got := p.line(t); got != "unwatched" {
				t.Fatal(got)
			}
			for name, want := range probes {
				t.Run(name, func(t *testing.T) {
					want := slices.Clone(want)
					switch {
					case name == "indexed" && binary != "usdt-O0":
						// libbpf 1.1's usdt.bpf.h has no way to say where this one is.
						want[0] = []arg{{err: true}, {value: 3}}
					case name == "real" && binary != "usdt-O0", name == "global" && binary == "usdt-stripped":
						// Without a symbol nothing tells where it is.
						want[0] = append([]arg{{err: true}}, want[0][1:]...)
					}
					var answer string
					got, notices := firings(t, func() { answer = p.line(t) }, bpf.Hook{Program: "on_probe", Where: path + ":ebpfx:" + name, PID: p.Process.Pid, Cookie: 1 << 40})
					var args [][]arg
					for _, f := range got {
						args = append(args, f.args(t))
						if f.PID != uint32(p.Process.Pid) || f.Cookie != 1<<40 {
							t.Errorf("%+v", f)
						}
					}
					if diff := cmp.Diff(want, args, cmp.AllowUnexported(arg{})); diff != "" {
						t.Error(diff)
					}
					if unreadable := slices.ContainsFunc(want[0], func(a arg) bool { return a.err }); unreadable != (len(notices) > 0) {
						t.Errorf("notices %q", notices)
					}
					if watched := name == "guarded"; watched != (answer == "watched") {
						t.Errorf("the semaphore makes the process %s", answer)
					}
					if got := p.line(t); got != "unwatched" {
						t.Errorf("after all is detached the process is %s", got)
					}
				})
			}
		})
	}
}

// TestAttachUSDTIndexed: an element of an array, with the specs of libbpf 1.7.
func TestAttachUSDTIndexed(t *testing.T) {
	needKernel(t)
	path := target(t, "usdt-pie")
	p := start(t, path)
	p.line(t)
	hook := bpf.Hook{Program: "on_indexed", Where: path + ":ebpfx:indexed"}
	inst := load(t, open(t, testprog.UsdtIndexed), bpf.LoadOptions{Hooks: []bpf.Hook{hook}, Notice: func(text string) { t.Error(text) }})
	if _, _, err := inst.Attach(); err != nil {
		t.Fatal(err)
	}
	records := run(t, inst, func() { p.line(t) })
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	for field, want := range map[string]uint64{"type": 3, "count": 2, "value": 144} {
		if got := records[0].field(t, field); got != want {
			t.Errorf("%s is %d, want %d", field, got, want)
		}
	}
}

// TestAttachUSDTLies: notes may say what they like.
func TestAttachUSDTLies(t *testing.T) {
	good, err := os.ReadFile(target(t, "usdt-pie"))
	if err != nil {
		t.Fatal(err)
	}
	const addresses = 3 * 8 // before the names
	name := bytes.Index(good, []byte("ebpfx\x00plain\x00"))
	if name < addresses {
		t.Fatal("no note")
	}
	for _, tc := range []struct {
		name  string
		at    int // of what is written over
		write []byte
		want  string
	}{
		{"address", name - addresses, []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, "have probe ebpfx:plain at 0xffffffff, where there is no code"},
		{"negative address", name - addresses, bytes.Repeat([]byte{0xff}, 8), "have probe ebpfx:plain at 0xffffffffffffffff, where there is no code"},
		{"semaphore", name - 8, []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, "have the semaphore of probe ebpfx:plain at 0xffffffff, where there is no variable"},
		{"semaphore in code", name - 8, good[name-addresses : name-addresses+8], "where there is no variable"},
		{"odd semaphore", name - 8, []byte{good[name-8] | 1}, "where there is no variable"},
		{"size", name - addresses - 16, []byte{0xff, 0xff, 0xff}, "is cut off"},
		{"no end", name + len("ebpfx\x00plain"), []byte("x"), "a name in it does not end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := bytes.Clone(good)
			copy(b[tc.at:], tc.write)
			path := filepath.Join(t.TempDir(), "liar")
			if err := os.WriteFile(path, b, 0o755); err != nil {
				t.Fatal(err)
			}
			if got := refusal(t, bpf.Hook{Program: "on_probe", Where: path + ":ebpfx:plain"}); !strings.Contains(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestAttachUSDTManySpecs: more sets of arguments than the map has room for.
func TestAttachUSDTManySpecs(t *testing.T) {
	needKernel(t)
	hook := bpf.Hook{Program: "on_indexed", Where: target(t, "usdt-pie") + ":ebpfx:places"}
	_, _, err := load(t, open(t, testprog.UsdtIndexed), bpf.LoadOptions{Hooks: []bpf.Hook{hook}}).Attach()
	if want := "has room for 2 sets of arguments, and there are more"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestAttachUSDTEverywhere: without a pid, all processes are watched, those too that start later.
func TestAttachUSDTEverywhere(t *testing.T) {
	needKernel(t)
	for _, binary := range []string{"usdt-pie", "usdt-exec"} {
		t.Run(binary, func(t *testing.T) {
			path := target(t, binary)
			early := start(t, path)
			early.line(t)
			var late *process
			got, _ := firings(t, func() {
				early.line(t)
				late = start(t, path)
				late.line(t)
			}, bpf.Hook{Program: "on_probe", Where: "ebpfx:places", Binary: path, Cookie: 7},
				bpf.Hook{Program: "on_other", Kind: "usdt", Where: path + ":ebpfx:const*", Cookie: 8})
			var lines []string
			for _, f := range got {
				lines = append(lines, fmt.Sprint(f.PID, f.Cookie, f.args(t)))
			}
			var want []string
			for _, p := range []*process{early, late} {
				want = append(want, fmt.Sprint(p.Process.Pid, 8, probes["constants"][0]))
				for _, args := range probes["places"] {
					want = append(want, fmt.Sprint(p.Process.Pid, 7, args))
				}
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAttachUSDTLibrary: a library's probes, in a process that loads it later, and in one found by its pid alone.
func TestAttachUSDTLibrary(t *testing.T) {
	needKernel(t)
	library := target(t, "libebpfx.so")
	for _, tc := range []struct {
		name        string
		pid, loaded bool
		hook        bpf.Hook
	}{
		{"all processes", false, false, bpf.Hook{Where: library + ":ebpfx:library"}},
		{"a process", true, false, bpf.Hook{Where: library + ":ebpfx:library"}},
		{"a process that has it", true, true, bpf.Hook{Where: "ebpfx:library"}},
		{"a process that has it, by name", true, true, bpf.Hook{Where: "libebpfx:ebpfx:library"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := start(t, target(t, "loader"), library)
			n := int64(0)
			if tc.loaded {
				p.line(t)
				n++
			}
			if tc.pid {
				tc.hook.PID = p.Process.Pid
			}
			tc.hook.Program = "on_probe"
			got, _ := firings(t, func() { p.line(t) }, tc.hook)
			if len(got) != 1 {
				t.Fatalf("%d firings", len(got))
			}
			if diff := cmp.Diff(values(n, 1), got[0].args(t), cmp.AllowUnexported(arg{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAttachUSDTPython watches the functions of Debian's Python.
func TestAttachUSDTPython(t *testing.T) {
	needKernel(t)
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import sysconfig; print(sysconfig.get_config_var('WITH_DTRACE'))").Output(); err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Skipf("%s has no probes: %s %v", python, out, err)
	}
	var p *exec.Cmd
	got, _ := firings(t, func() {
		p = exec.Command(python, "-c", "import sys\ndef greet(): pass\nsys.settrace(lambda *_: None)\ngreet()\ngreet()")
		if out, err := p.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}, bpf.Hook{Program: "on_probe", Where: python + ":python:function__entry"})
	n := 0
	for _, f := range got {
		// The name of a file, that of a function, and a line. Python 3.11 fires for few functions unless it traces.
		if f.PID == uint32(p.Process.Pid) && f.Count == 3 && f.Value[2] == 2 {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d calls of a function at line 2 among %+v", n, got)
	}
}
