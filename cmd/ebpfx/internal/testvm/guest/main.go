// Command guest is the init of the virtual machines that "make test-vm" boots: it makes the file systems that a
// machine has, runs the tests that lie in /tests, and powers off.
//
// What they print goes to a serial port that is for nothing else, each test binary's behind a line that
// names it; see package main in the folder above, which reads it.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// results is the serial port that the host reads; the first is the kernel's console.
const results = "/dev/ttyS1"

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "guest: this is the init of a virtual machine; run: make test-vm")
		os.Exit(2)
	}
	if err := test(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
	}
	// Init never returns: the kernel would panic.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {}
}

func test() error {
	if err := mountAll(); err != nil {
		return err
	}
	if err := loadModules(); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("set up the loopback interface: %w", err)
	}
	out, err := openRaw(results)
	if err != nil {
		return err
	}
	defer out.Close()
	binaries, err := filepath.Glob("/tests/*.test")
	if err != nil {
		return err
	}
	for _, binary := range binaries {
		name := strings.TrimSuffix(filepath.Base(binary), ".test")
		fmt.Fprintf(out, "\n%s begin %s\n", mark, name)
		status := runTests(binary, out)
		fmt.Fprintf(out, "\n%s end %s: %s\n", mark, name, status)
	}
	fmt.Fprintf(out, "\n%s off\n", mark)
	// What the port holds back would be gone with the machine.
	return unix.IoctlSetInt(int(out.Fd()), unix.TCSBRK, 1)
}

// mark starts the lines that are the guest's own.
const mark = "@guest"

// runTests runs a test binary and returns how it ended.
func runTests(binary string, out io.Writer) string {
	args := []string{"-test.v=test2json", "-test.paniconexit0", "-test.short"} // emulation is slow
	cmd := exec.Command(binary, append(args, os.Args[1:]...)...)
	cmd.Dir = filepath.Dir(binary)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"EBPFX_REQUIRE_KERNEL=1", // nobody is more privileged than here
		"EBPFX_TARGETS=/tests/target",
	}
	if err := cmd.Run(); err != nil {
		return err.Error()
	}
	return "ok"
}

// mountAll mounts what every distribution does. Not tracefs, so that it is seen whether those who need it mount it.
func mountAll() error {
	for _, m := range []struct{ kind, path string }{
		{"proc", "/proc"},
		{"sysfs", "/sys"},
		{"devtmpfs", "/dev"},
		{"tmpfs", "/tmp"},
		{"cgroup2", "/sys/fs/cgroup"},
		{"bpf", "/sys/fs/bpf"},
		{"securityfs", "/sys/kernel/security"},
	} {
		if err := os.MkdirAll(m.path, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.path, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.kind, m.path, err)
		}
	}
	return nil
}

// loadModules loads what lies in /modules. None needs another.
func loadModules() error {
	modules, err := filepath.Glob("/modules/*.ko")
	if err != nil {
		return err
	}
	for _, path := range modules {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil {
			return fmt.Errorf("load module %s: %w", path, err)
		}
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// openRaw opens a terminal that changes nothing of what is written to it.
func openRaw(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// Not through os.OpenFile, which would have the runtime poll it.
	f := os.NewFile(uintptr(fd), path)
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read the mode of %s: %w", path, err)
	}
	t.Oflag &^= unix.OPOST
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		f.Close()
		return nil, fmt.Errorf("set the mode of %s: %w", path, err)
	}
	return f, nil
}
