package main

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watchedSource is a program that sends an event for each marked call of getpgid: which version of it that was, and how often the map was hit.
// It has no version yet.
func watchedSource(version int, name string) string {
	return fmt.Sprintf(`
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
struct event { __u32 version, sequence; __u64 n; };
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");
struct enter { __u64 common; long id; unsigned long args[6]; };
SEC("tracepoint/syscalls/sys_enter_getpgid")
int %s(struct enter *ctx)
{
	__u32 key = 0, mark = ctx->args[0];
	__u64 *n = bpf_map_lookup_elem(&hits, &key);
	struct event *e;

	if ((mark & 0xfffff000) != %#x || !n)
		return 0;
	__sync_fetch_and_add(n, 1);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->version = %d;
	e->sequence = mark & 0xfff;
	e->n = *n;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`, name, watchMark(name), version)
}

// watchMark marks the calls that a program of that name sees, so that tests at the same time do not see each other's.
func watchMark(name string) int {
	h := fnv.New32()
	_, _ = h.Write([]byte(name))
	return 0x40000000 | int(h.Sum32()&0x3ffff)<<12
}

const watchedProject = `
target("watched") add_files("src/*.bpf.c")
    on_load(function () print("loaded") end)
    on_event(function (e) print(("event %d of version %d, hit %d"):format(e.sequence, e.version, e.n)) end)
`

// hit makes a call that the program of that name sees.
func hit(name string, sequence int) {
	_, _, _ = unix.Syscall(unix.SYS_GETPGID, uintptr(watchMark(name)|sequence&0xfff), 0, 0)
}

// save writes a file as an editor does.
type save func(t *testing.T, path, text string)

func saveByRename(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func saveInPlace(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// watching starts ebpfx watch on a program of that name in the kernel.
func watching(t *testing.T, name string, args ...string) (p *started, source string) {
	t.Helper()
	needRoot(t)
	p = start(t, append([]string{"watch"}, args...), "project.lua", watchedProject)
	source = filepath.Join(p.Dir, "src", "watched.bpf.c")
	if err := os.Mkdir(filepath.Dir(source), 0o777); err != nil {
		t.Fatal(err)
	}
	saveInPlace(t, source, watchedSource(0, name))
	p.begin("loaded")
	return p, source
}

// awaits waits until p has said text so many times.
func (p *started) awaits(text string, times int) {
	p.t.Helper()
	if !poll(func() bool { return strings.Count(p.out.String(), text) >= times }) {
		p.t.Fatalf("%q was not said %d times:\n%s", text, times, &p.out)
	}
}

// TestWatchSaves saves a source many times, as editors do: each save is taken over, once, the map goes on counting, and every call
// is an event of the version that it was made to, or of the one before.
func TestWatchSaves(t *testing.T) {
	t.Parallel()
	const saves = 100
	name := uniqueProgram(t)
	p, source := watching(t, name)
	hit(name, 0)
	p.awaits("event 0 of version 0, hit 1\n", 1)
	took := make([]time.Duration, 0, saves)
	for version := 1; version <= saves; version++ {
		write := save(saveByRename)
		if version%2 == 0 {
			write = saveInPlace
		}
		began := time.Now()
		write(t, source, watchedSource(version, name))
		p.awaits("reloaded in ", version)
		took = append(took, time.Since(began))
		hit(name, version)
		p.awaits(fmt.Sprintf("event %d of version %d, hit %d\n", version, version, version+1), 1)
	}
	p.signal(unix.SIGINT)
	p.wantExit(0)
	if n := strings.Count(p.out.String(), "reloaded in "); n != saves {
		t.Errorf("%d saves were taken over %d times", saves, n)
	}
	if n := strings.Count(p.out.String(), "loaded\n"); n != saves+1 {
		t.Errorf("the program was started %d times for %d saves", n, saves)
	}
	if want := fmt.Sprintf("watched: %d events, 0 lost", saves+1); !strings.Contains(p.out.String(), want) {
		t.Errorf("no %q in:\n%s", want, &p.out)
	}
	wantGone(t, name)
	slowest := took[0]
	var sum time.Duration
	for _, d := range took {
		slowest, sum = max(slowest, d), sum+d
	}
	t.Logf("from save to reload: %v on average, %v at most", sum/saves, slowest)
}
