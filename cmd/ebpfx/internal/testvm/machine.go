package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is a virtual machine that boots, tests, and powers off.
type machine struct {
	kernel, initrd string
	console        string   // file for the first serial port, where the kernel prints
	results        string   // file for the second, where the guest does
	args           []string // for the test binaries
}

// boot runs the machine until it powers off. After timeout it is killed, which is an error.
func (m *machine) boot(ctx context.Context, timeout time.Duration) error {
	// What a run before left there must not be taken for results.
	for _, path := range []string{m.console, m.results} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, "qemu-system-x86_64", m.options()...)
	// The machine ends with this process, however that ends.
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case limited.Err() != nil:
		return fmt.Errorf("it hung, and was killed after %v", timeout)
	case err != nil:
		return fmt.Errorf("run qemu-system-x86_64: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return nil
}

func (m *machine) options() []string {
	// The kernel hands what follows -- to init, and before that any word that it does not know.
	command := "console=ttyS0 panic=-1 quiet lsm=lockdown,yama,bpf -- " + strings.Join(m.args, " ")
	return []string{
		"-accel", "tcg",
		// Debian's 6.12 panics when it finds cmpxchg16b, which this emulation says it has.
		"-cpu", "max,cx16=off",
		// With more than one CPU, attaching has hung under emulation.
		"-smp", "1",
		"-m", "1G",
		"-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", m.kernel, "-initrd", m.initrd, "-append", command,
		"-serial", "file:" + m.console,
		"-serial", "file:" + m.results,
	}
}
