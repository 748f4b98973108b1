package readable

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		"Errno(2) " + Errno(2):                     "Errno(2) ENOENT",
		"Errno(-4095) " + Errno(-4095):             "Errno(-4095) ",
		"Signal(11) " + Signal(11):                 "Signal(11) SIGSEGV",
		"Signal(33) " + Signal(33):                 "Signal(33) ",
		"User(0) " + User(0):                       "User(0) root",
		"Interface(1) " + Interface(1):             "Interface(1) lo",
		"Process(0) " + Process(0):                 "Process(0) ",
		"Device(1:3) " + Device(1<<20|3):           "Device(1:3) null",
		"Device(4000:1) " + Device(4000<<20|1):     "Device(4000:1) ",
		"DeviceNumbers " + DeviceNumbers(8<<20|17): "DeviceNumbers 8:17",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil || Process(os.Getpid())+"\n" != string(comm) {
		t.Errorf("this process is %q, want %q, %v", Process(os.Getpid()), comm, err)
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(Moment(ts.Nano())); d < -time.Minute || d > time.Minute {
		t.Errorf("now is %v ago", d)
	}
}

// The ID of a cgroup is the number of its folder's inode.
func TestCgroup(t *testing.T) {
	root := probe.Cgroup2()
	if root == "" || os.Geteuid() != 0 {
		t.Skip("needs root and cgroup2")
	}
	name := fmt.Sprintf("ebpfx-names-%d", os.Getpid())
	dir := filepath.Join(root, name, "inner")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Skip(err)
	}
	defer os.Remove(filepath.Dir(dir))
	defer os.Remove(dir)
	for path, want := range map[string]string{dir: "/" + name + "/inner", root: "/"} {
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		if got := Cgroup(st.Ino); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got := Cgroup(1 << 60); got != "" {
		t.Errorf("a cgroup that is none is %q", got)
	}
}
