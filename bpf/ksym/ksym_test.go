package ksym

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const kallsyms = `ffffffff81000000 t local_alias
ffffffff81000000 T __stext
ffffffff81000000 T _stext
ffffffff81000000 D not_code
ffffffff81000100 t do_one
ffffffff81000100 W __do_one_alias
ffffffffc0001000 t probe	[module]
ffffffffc0002000 t bpf_prog_0123456789abcdef_count	[bpf]
0000000000000000 T hidden
nonsense
`

func TestFind(t *testing.T) {
	table, err := parse(strings.NewReader(kallsyms))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		address uint64
		want    string
	}{
		{0, ""},
		{0xffffffff80ffffff, ""},
		{0xffffffff81000000, "_stext+0x0"},
		{0xffffffff810000ff, "_stext+0xff"},
		{0xffffffff81000105, "do_one+0x5"},
		{0xffffffffc0001010, "probe+0x10 [module]"},
		{0xffffffffc0002001, "bpf_prog_0123456789abcdef_count+0x1 [bpf]"},
		{0xffffffffd0000000, ""},
		{^uint64(0), ""},
	} {
		if got := table.Find(test.address).Long(); got != test.want {
			t.Errorf("%#x is %q, want %q", test.address, got, test.want)
		}
	}
}

// A kernel that hides its addresses says nothing, and why.
func TestHidden(t *testing.T) {
	table, err := parse(strings.NewReader("0000000000000000 T _stext\n0000000000000000 t nf	[nf]\n"))
	if !errors.Is(err, ErrHidden) {
		t.Errorf("got %v, want ErrHidden", err)
	}
	if s := table.Find(0xffffffff81000000); s != (Symbol{}) {
		t.Errorf("no table knows %+v", s)
	}
}

// The running kernel's own table agrees with what it is asked.
func TestKernel(t *testing.T) {
	var kernel Kernel
	if s := kernel.Find(12); s != (Symbol{}) || kernel.Err() != nil {
		t.Errorf("an address of user space is %+v, %v", s, kernel.Err())
	}
	b, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if fields[2] != "vfs_read" {
			continue
		}
		address, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if address == 0 {
			t.Skip("this kernel hides its addresses")
		}
		if s := kernel.Find(address + 3); s.Name != "vfs_read" || s.Offset != 3 || s.Module != "" {
			t.Errorf("got %+v, want vfs_read", s)
		}
		return
	}
	t.Error("the kernel has no vfs_read")
}

// TestKernelLooksAgain: what came since the table was read, a module or a program, is found, but not at every turn.
func TestKernelLooksAgain(t *testing.T) {
	now, err := Read()
	if err != nil {
		t.Skip(err)
	}
	at := slices.IndexFunc(now.functions, func(f function) bool { return now.name(f) == "vfs_read" }) // which stays, as programs do not
	if at < 0 {
		t.Fatal("the kernel has no vfs_read")
	}
	wanted := now.functions[at]
	const start = 1 << 63 // of the addresses of a kernel
	before := *now
	before.functions = []function{{address: start}} // too far away
	kernel := Kernel{table: &before, read: time.Now().Add(time.Hour)}
	if s := kernel.Find(wanted.address); s.Name != "" {
		t.Errorf("got %+v, of a table that was read just now", s)
	}
	kernel.read = time.Now().Add(-2 * refreshEvery)
	if s := kernel.Find(wanted.address); s.Name != now.name(wanted) {
		t.Errorf("got %+v, want %s", s, now.name(wanted))
	}
}
