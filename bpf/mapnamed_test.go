package bpf_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// checkEntry writes an entry, of which want is what is read then, or a part of the error of one of both.
func checkEntry(t *testing.T, m *bpf.Map, key, value any, want string) {
	t.Helper()
	got := ""
	if err := put(m, key, value); err != nil {
		got = err.Error()
	} else {
		got = strings.TrimPrefix(entryText(t, m, key), "error: ")
	}
	if got != want && !(strings.HasPrefix(want, "...") && strings.Contains(got, want[3:])) {
		t.Errorf("%s: %v = %v: %s, want %s", m.Name, key, value, got, want)
	}
}

// keepsStorage reports whether the kernel keeps value with the object that key names, and leaves it there. From 7.0 on it does not on a CPU without cmpxchg16b, as
// make test-vm's is: any other reason is an error.
func keepsStorage(t *testing.T, m *bpf.Map, key, value any) bool {
	t.Helper()
	err := put(m, key, value)
	if errors.Is(err, unix.ENOMEM) && !cpu.X86.HasCX16 {
		t.Logf("%s: this kernel keeps no storage on a CPU without cmpxchg16b", m.Name)
		return false
	}
	if err != nil {
		t.Errorf("%s: %v", m.Name, err)
	}
	return true
}

// listen opens a socket of TCP and returns the names that maps take it by, and its cookie.
func listen(t *testing.T, options ...int) (port, descriptor string, cookie uint64) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	for _, o := range options {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, o, 1))
	}
	err = errors.Join(err, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 1))
	if err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("tcp:", name.(*unix.SockaddrInet4).Port), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), cookie
}

// Sockets, devices and cgroups are put into maps by their names; what the kernel tells of them is read, and what it does not tell is an error that
// says so.
func TestMapsOfSockets(t *testing.T) {
	inst := accessObject(t, testprog.AccessNamed)
	port, descriptor, cookie := listen(t)
	is := fmt.Sprint(cookie)
	for _, name := range []string{port, descriptor} {
		sockets := mapOf(t, inst, "sockets")
		checkEntry(t, sockets, int64(1), name, is)
		key, _ := sockets.EncodeKey(int64(1))
		if n, err := sockets.Count(); n != 1 || err != nil {
			t.Errorf("%d sockets, %v", n, err)
		}
		if existed, err := sockets.Delete(key); !existed || err != nil {
			t.Errorf("delete: %v, %v", existed, err)
		}
		if got := entryText(t, sockets, int64(1)); got != "none" {
			t.Errorf("a socket that was deleted: %s", got)
		}
		if m := mapOf(t, inst, "of_socket"); keepsStorage(t, m, name, table{}) {
			checkEntry(t, m, name, table{"bytes": int64(7)}, "{bytes=7, packets=0}")
		}
	}
	checkEntry(t, mapOf(t, inst, "by_name"), table{"packets": int64(3)}, descriptor, is)
	checkEntry(t, mapOf(t, inst, "unread"), int64(0), port, "map unread: get: the kernel tells the cookie of a socket, which takes values of 8 bytes, not 4")
	_, shared, itsCookie := listen(t, unix.SO_REUSEPORT)
	checkEntry(t, mapOf(t, inst, "group"), int64(2), shared, fmt.Sprint(itsCookie))
	checkEntry(t, mapOf(t, inst, "group"), int64(2), descriptor, "map group: set: invalid argument")

	sockets, ofSocket := mapOf(t, inst, "sockets"), mapOf(t, inst, "of_socket")
	for name, want := range map[any]string{
		"tcp:1":                 "no process listens on tcp:1",
		"tcp:x":                 `expected a socket, as "tcp:8080", "udp:53" or "/proc/PID/fd/N", got "tcp:x"`,
		"/proc/1073741824/fd/1": "open process 1073741824: no such process",
		fmt.Sprintf("/proc/%d/fd/1048576", os.Getpid()): "bad file descriptor",
		fmt.Sprintf("/proc/%d/fd/x", os.Getpid()):       "invalid syntax",
		"":       `got ""`,
		int64(5): `expected a socket, as "tcp:8080", "udp:53" or "/proc/PID/fd/N", got 5`,
		nil:      "got nil",
	} {
		checkEntry(t, sockets, int64(1), name, "..."+want)
		k, err := ofSocket.EncodeKey(name)
		if err == nil {
			_, err = ofSocket.Lookup(k)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", name, err, want)
		}
	}
	if err := ofSocket.Entries().Err(); err == nil || err.Error() != "map of_socket: items: the kernel walks over no sk_storage" {
		t.Errorf("items: %v", err)
	}
	if _, err := inst.Map("records"); err == nil || !strings.Contains(err.Error(), "map records is a perf_event_array, whose records are events, which on_event takes") {
		t.Errorf("records: %v", err)
	}
}

func TestMapsOfDevices(t *testing.T) {
	inst := accessObject(t, testprog.AccessNamed)
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip(err)
	}
	checkEntry(t, mapOf(t, inst, "devices"), int64(0), int64(lo.Index), fmt.Sprint(lo.Index))
	checkEntry(t, mapOf(t, inst, "devices"), int64(0), int64(1<<30), "map devices: set: invalid argument")
	checkEntry(t, mapOf(t, inst, "cpus"), int64(0), int64(128), "128")
	checkEntry(t, mapOf(t, inst, "routes6"), "fe80::/10", int64(6), "6")
	checkEntry(t, mapOf(t, inst, "routes6"), "fe80::1", int64(7), "7")
	checkEntry(t, mapOf(t, inst, "routes6"), "10.0.0.0/8", int64(6), "map routes6: key: 10.0.0.0/8 has an address of 4 bytes, and its keys have 16")
	checkEntry(t, mapOf(t, inst, "routes6"), "fe80::/129", int64(6), `map routes6: key: expected an address with or without the length of a prefix, such as 10.0.0.0/8, got "fe80::/129"`)

	if fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err == nil {
		defer unix.Close(fd)
		// From 7.x on the kernel takes sockets that have a ring to receive alone.
		if err := unix.SetsockoptInt(fd, unix.SOL_XDP, unix.XDP_RX_RING, 64); err != nil {
			t.Fatal(err)
		}
		checkEntry(t, mapOf(t, inst, "queues"), int64(1), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), "map queues: get: the kernel does not show user space what is in a xskmap")
	}
	if root := probe.Cgroup2(); root != "" {
		for _, name := range []string{root, "/"} {
			checkEntry(t, mapOf(t, inst, "cgroups"), int64(1), name, "map cgroups: get: the kernel does not show user space what is in a cgroup_array")
		}
		checkEntry(t, mapOf(t, inst, "cgroups"), int64(1), "no-such-cgroup", "map cgroups: set: open "+root+"/no-such-cgroup: no such file or directory")
	}
}

// newestProgram is accessProgram with the types of maps that came with kernel 6.2.
func newestProgram(t *testing.T) *bpf.Instance {
	if err := features.HaveMapType(ebpf.CgroupStorage); errors.Is(err, ebpf.ErrNotSupported) {
		t.Skip("this kernel has no storage of cgroups, which came with 6.2")
	}
	return accessObject(t, testprog.AccessNewest)
}

// What is pushed into a user ring buffer is what the program drains, also where the ring wraps around, and what has no room is an error.
func TestUserRing(t *testing.T) {
	inst := newestProgram(t)
	commands := mapOf(t, inst, "commands")
	record, err := commands.EncodeValue(table{"id": int64(3), "text": "hello"})
	if err != nil {
		t.Fatal(err)
	}
	const room = 4096 / (16 + 8)
	for round := range 5 {
		for n := range room {
			if err := commands.Push(record); err != nil {
				t.Fatalf("round %d, record %d: %v", round, n, err)
			}
		}
		if err := commands.Push(record); err == nil || err.Error() != "map commands: push: it is full, until a program drains it" {
			t.Fatalf("a record too many: %v", err)
		}
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 0) // the program runs as it begins
	}
	for name, want := range map[string]string{"drained": fmt.Sprint(5 * room), "sum": fmt.Sprint(5 * room * 3)} {
		typ, b, err := inst.Global(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(typ.AppendText(nil, b)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	plain := mapOf(t, inst, "plain")
	b, err := plain.EncodeValue("any bytes")
	if err == nil {
		err = plain.Push(b)
	}
	if err != nil {
		t.Error(err)
	}
	if err := plain.Push(make([]byte, 4096)); err == nil || err.Error() != "map plain: push: a record of 4096 bytes is larger than the ring of 4096" {
		t.Errorf("a large record: %v", err)
	}
	if _, err := plain.EncodeValue(table{}); err == nil || !strings.Contains(err.Error(), "its source gives records no type") {
		t.Errorf("a table: %v", err)
	}
	if _, err := commands.Pop(); err == nil {
		t.Error("took a record out of a ring")
	}
	if err := inst.Close(); err != nil {
		t.Error(err)
	}
	if err := commands.Push(record); !errors.Is(err, bpf.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// What programs keep of files and cgroups is read and written by their paths.
func TestStorageByPath(t *testing.T) {
	inst := newestProgram(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{"of_file": file}
	if root := probe.Cgroup2(); root != "" {
		paths["of_cgroup"] = root
	}
	for name, path := range paths {
		m := mapOf(t, inst, name)
		if got := entryText(t, m, path); got != "none" {
			t.Errorf("%s: before, it is %s", name, got)
		}
		if keepsStorage(t, m, path, int64(0)) {
			checkEntry(t, m, path, int64(5), "5")
			key, _ := m.EncodeKey(path)
			if existed, err := m.Delete(key); !existed || err != nil {
				t.Errorf("delete: %v, %v", existed, err)
			}
		}
		checkEntry(t, m, "/no/such/path", int64(5), "...no such file or directory")
		if _, err := m.EncodeKey(int64(3)); err == nil || !strings.Contains(err.Error(), "expected the path of a ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
