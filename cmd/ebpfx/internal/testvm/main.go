// Command testvm runs tests on other kernels: it boots each in a virtual machine and reads what the tests print there.
//
//	testvm [-logs DIR] [-timeout 8m] NAME=KERNEL,INITRD...
//
// The machine's init is package guest, beside the test binaries and the kernel's modules in the initrd. Everything is emulated, so it
// neither needs nor uses KVM. For each kernel it prints what its failing tests said and a line with the
// counts, and exits with 1 when any failed, hung or did not boot.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/cmd/ebpfx/internal/kindmatrix"
)

func main() {
	logs := flag.String("logs", os.TempDir(), "folder for what the machines print")
	timeout := flag.Duration("timeout", 8*time.Minute, "how long a machine may run, on a busy host")
	verbose := flag.Bool("v", false, "list the skipped tests")
	kinds := flag.String("kinds", "", "file of package kindmatrix, to keep in it which ways to attach work")
	readme := flag.String("readme", "", "file with the table that is made of that")
	args := flag.String("args", "", "further arguments for the test binaries, such as -test.run=Attach")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: testvm NAME=KERNEL,INITRD...")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()

	ok := true
	for _, arg := range flag.Args() {
		name, files, _ := strings.Cut(arg, "=")
		kernel, initrd, _ := strings.Cut(files, ",")
		m := machine{
			kernel:  kernel,
			initrd:  initrd,
			console: filepath.Join(*logs, name+".console"),
			results: filepath.Join(*logs, name+".results"),
			args:    strings.Fields(*args),
		}
		r, err := m.test(ctx, *timeout)
		r.print(os.Stdout, *verbose)
		release := strings.TrimPrefix(filepath.Base(kernel), "vmlinuz-")
		fmt.Printf("kernel %s (%s): %s\n", name, release, r.summary(err))
		if err != nil {
			fmt.Printf("    what the kernel said: %s; the tests: %s\n", m.console, m.results)
		}
		ok = ok && err == nil && len(r.failed) == 0
		if err == nil && *kinds != "" {
			if err := keep(*kinds, *readme, kindmatrix.Kernel{Name: name, Release: release, Cases: r.kinds}); err != nil {
				fmt.Fprintln(os.Stderr, "testvm:", err)
				ok = false
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	if !ok {
		os.Exit(1)
	}
}

// keep notes what was seen on a kernel, and makes the table anew.
func keep(file, readme string, k kindmatrix.Kernel) error {
	m, err := kindmatrix.Read(file)
	if err != nil {
		return err
	}
	m = m.With(k)
	if err := m.Write(file); err != nil {
		return err
	}
	page, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	made, err := kindmatrix.Put(string(page), m.Markdown(bpf.Kinds()))
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	return os.WriteFile(readme, []byte(made), 0o644)
}

// test boots the machine and returns what its tests printed, as far as they came.
func (m *machine) test(ctx context.Context, timeout time.Duration) (*report, error) {
	start := time.Now()
	bootErr := m.boot(ctx, timeout)
	f, err := os.Open(m.results)
	if err != nil {
		return &report{}, bootErr
	}
	defer f.Close()
	r, err := readReport(ctx, f)
	r.took = time.Since(start)
	if bootErr != nil {
		err = bootErr
	}
	return r, err
}
