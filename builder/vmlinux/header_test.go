package vmlinux_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

func TestHeaderVersion(t *testing.T) {
	text, version, err := vmlinux.Header("x86")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if want := hex.EncodeToString(sum[:])[:len(version)]; version != want || len(version) < 16 {
		t.Errorf("got version %q, the text's is %q", version, want)
	}
	if alone, err := vmlinux.Version("x86"); err != nil || alone != version {
		t.Errorf("Version returned %q and %v, Header %q", alone, err, version)
	}
	again := merged(t)
	again[0] = 'x'
	if !bytes.Equal(merged(t), text) {
		t.Error("a caller's change came back in the next header")
	}
}

func TestHeaderSize(t *testing.T) {
	var total int64
	files, err := filepath.Glob("data/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total == 0 || total > 1_000_000 {
		t.Errorf("the data takes %d bytes of the binary, it may take a million", total)
	}
}

func TestHeaderOfUnknownArch(t *testing.T) {
	for _, arch := range []string{"m68k", "", "../x86"} {
		_, _, err := vmlinux.Header(arch)
		if !errors.Is(err, vmlinux.ErrArch) || !strings.Contains(err.Error(), "there is: x86") {
			t.Errorf("%q: got error %v", arch, err)
		}
	}
}

func TestKernels(t *testing.T) {
	kernels, err := vmlinux.Kernels("x86")
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range []string{"5.10.", "6.1.", "6.12.", "6.18."} {
		found := false
		for _, k := range kernels {
			found = found || strings.HasPrefix(k, series)
		}
		if !found {
			t.Errorf("the header is of %v, without %s*", kernels, series)
		}
	}
	if !strings.HasPrefix(kernels[0], "6.18.") {
		t.Errorf("the header has the layouts of %s, sources expect those of 6.18", kernels[0])
	}
}

// What the kernel's ABI fixes has its size, and every name of the last years is there.
func TestHeaderCompiles(t *testing.T) {
	mustCompile(t, merged(t), prologue+`
_Static_assert(sizeof(struct pt_regs) == 168, "pt_regs");
_Static_assert(sizeof(struct statx) == 256, "statx");
_Static_assert(sizeof(struct sockaddr_in6) == 28, "sockaddr_in6");
_Static_assert(sizeof(struct ethhdr) == 14 && sizeof(struct iphdr) == 20 && sizeof(struct tcphdr) == 20, "packets");
_Static_assert(sizeof(struct bpf_perf_event_data) > sizeof(struct pt_regs), "perf event");

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");

SEC("kprobe/do_unlinkat")
int BPF_KPROBE(entry, int dfd, struct filename *name)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct bio *bio = (void *)name;
	long v = BPF_CORE_READ(task, state) + BPF_CORE_READ(task, __state);
	bool on = (long)BPF_CORE_READ(bio, bi_disk) == (long)BPF_CORE_READ(bio, bi_bdev);
	return v + on + dfd;
}`)
}

func TestHeaderRefusesToWorkWithoutCORE(t *testing.T) {
	_, stderr, err := compile(t, merged(t), "#define BPF_NO_PRESERVE_ACCESS_INDEX\n"+prologue)
	if err == nil || !bytes.Contains(stderr, []byte("do not define BPF_NO_PRESERVE_ACCESS_INDEX")) {
		t.Errorf("got %v and\n%s", err, stderr)
	}
}
