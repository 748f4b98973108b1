// Command make makes the data of package vmlinux: the merged header of one
// architecture and the table of which kernels have which members.
//
//	go run ./builder/vmlinux/internal/make
//
// takes the kernels of Debian's suites, through apt with a configuration of its own,
// and needs the commands apt-get, apt-cache, dpkg-deb and xz or zstd, and no
// privileges. With -btf it takes BTF files instead, and no network:
//
//	go run ./builder/vmlinux/internal/make -btf 6.18=base.btf -btf 7.3=new.btf -btf 5.10=old.btf
//
// The same BTF gives the same files.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/manifest"
)

// arch is the kernel's name of the architecture whose header is made.
const arch = "x86"

// kernel is one input.
type kernel struct {
	manifest.Kernel
	btf []byte
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "make vmlinux:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	out := flag.String("o", "builder/vmlinux/data", "write the files into this `folder`")
	keep := flag.String("keep", "", "keep the BTF of each kernel in this `folder`, as NAME.btf")
	var files []string
	flag.Func("btf", "take `NAME=FILE` instead of Debian's kernels; may be repeated, the first is the base", func(s string) error {
		files = append(files, s)
		return nil
	})
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}

	var kernels []kernel
	var err error
	if len(files) > 0 {
		kernels, err = readFiles(files)
	} else {
		kernels, err = fetchDebian(ctx)
	}
	if err != nil {
		return err
	}
	if *keep != "" {
		if err := keepBTF(*keep, kernels); err != nil {
			return err
		}
	}
	return write(*out, kernels)
}

func readFiles(files []string) ([]kernel, error) {
	var kernels []kernel
	for _, f := range files {
		name, path, ok := strings.Cut(f, "=")
		if !ok || name == "" || strings.ContainsAny(name, " /") {
			return nil, fmt.Errorf("-btf %s: want NAME=FILE, as in 6.18=vmlinux.btf", f)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		kernels = append(kernels, kernel{Kernel: manifest.Kernel{Name: name, Release: filepath.Base(path)}, btf: raw})
	}
	return kernels, nil
}

func keepBTF(dir string, kernels []kernel) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, k := range kernels {
		if err := os.WriteFile(filepath.Join(dir, k.Name+".btf"), k.btf, 0o644); err != nil {
			return err
		}
	}
	return nil
}
