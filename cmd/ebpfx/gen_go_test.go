package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const generatedSource = `
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
struct place { void *address; };
struct event { __u32 pid; __s64 ret; char comm[16]; void *from; struct place to; };
struct flags { __u32 plain; __u32 low : 4, high : 4; };
struct either { __u32 kind; union { __u32 number; __u64 large; }; };
struct packed { __u8 kind; __u32 number; } __attribute__((packed));
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10); __type(key, __u32); __type(value, struct packed); } packs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10); __type(key, struct flags); __type(value, struct either); } odd SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
const volatile __u32 only_pid;
struct enter { __u64 common; long id; unsigned long args[6]; };
SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_gen_go(struct enter *ctx)
{
	__u32 key = 0, pid = bpf_get_current_pid_tgid() >> 32;
	__u64 *n = bpf_map_lookup_elem(&counts, &key);
	struct event *e;

	if (pid != only_pid)
		return 0;
	if (n)
		*n += 1;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = pid;
	e->ret = -5;
	e->from = (void *)0xffff800000001234;
	e->to.address = e->from + 1;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`

const generatedTest = `package probe

import (
	"os"
	"syscall"
	"testing"

	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

func TestEvent(t *testing.T) {
	spec, err := LoadMyProbe()
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Variables[MyProbeVarOnlyPid].Set(uint32(os.Getpid())); err != nil {
		t.Fatal(err)
	}
	var objects MyProbeObjects
	if err := spec.LoadAndAssign(&objects, nil); err != nil {
		t.Fatal(err)
	}
	defer objects.Close()
	if err := objects.UpdatePacks(7, MyProbePacked{Kind: 3, Number: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if p, err := objects.LookupPacks(7); err != nil || p.Kind != 3 || p.Number != 1<<20 {
		t.Errorf("got %+v, %v", p, err)
	}
	l, err := link.Tracepoint("syscalls", "sys_enter_getpgid", objects.OnGenGo, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := ringbuf.NewReader(objects.Events)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	syscall.Getpgid(0)
	record, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	e, err := DecodeMyProbeEvents(record.RawSample)
	if err != nil {
		t.Fatal(err)
	}
	if e.Pid != uint32(os.Getpid()) || e.Ret != -5 || e.Comm[0] == 0 || e.From != 0xffff800000001234 || e.To.Address != e.From+1 {
		t.Errorf("got %+v", e)
	}
	n, err := objects.LookupCounts(0)
	if err != nil {
		t.Fatal(err)
	}
	var sum uint64
	for _, one := range n {
		sum += one
	}
	if sum == 0 {
		t.Error("nothing was counted")
	}
}
`

// TestGenGo: the package that gen go writes compiles against the ebpf that this repository uses, loads its object, and reads maps and an
// event through its types. What Go has not is told.
func TestGenGo(t *testing.T) {
	needRoot(t)
	t.Parallel()
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("project.lua", `target("my-probe") add_files("p.bpf.c")`)
	write("p.bpf.c", generatedSource)
	var out, said bytes.Buffer
	if code := ebpfx([]string{"ebpfx", "gen", "go", "-P", dir, "--package", "probe", "--out", dir, "my-probe"}, &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, &said)
	}
	for _, want := range []string{
		"event.to.address is a pointer, which is a uint64 in Go",
		"flags.low is a bit field, which Go has not",
		"either.(anonymous) is a union, which Go has not",
		"packed.number is not aligned, as in a packed struct",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in:\n%s", want, &said)
		}
	}

	mod, err := os.ReadFile(filepath.Join(repository(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	requires := regexp.MustCompile(`(?m)^\s+(github\.com/cilium/ebpf|golang\.org/x/sys) v.*$`).FindAllString(string(mod), -1)
	write("go.mod", "module probe\n\ngo 1.26.0\n\nrequire (\n"+strings.Join(requires, "\n")+"\n)\n")
	sum, err := os.ReadFile(filepath.Join(repository(t), "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write("go.sum", string(sum))
	write("probe_test.go", generatedTest)
	if err := os.Remove(filepath.Join(dir, "p.bpf.c")); err != nil { // go would want cgo for it
		t.Fatal(err)
	}
	test := exec.Command(gotool, "test", "./...")
	test.Dir = dir
	test.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local")
	if text, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, text)
	}
}
