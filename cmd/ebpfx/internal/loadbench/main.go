// Command loadbench measures how long it takes to open, load and attach an object of five programs, beside a C
// loader with the skeleton that bpftool generates for libbpf of the same object. Each run is a process of its own, as tools are, and runs of the two take
// turns. What is measured is from before the object is opened until all programs are attached.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
)

//go:embed c/five.bpf.c
var program []byte

//go:embed c/loader.c
var loader []byte

func main() {
	object := flag.String("load", "", "load this `object` and print the nanoseconds, in place of measuring")
	runs := flag.Int("n", 25, "`runs` of each")
	flag.Parse()
	var err error
	if *object != "" {
		err = load(*object)
	} else {
		err = bench(*runs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadbench:", err)
		os.Exit(1)
	}
}

// load does what the skeleton does.
func load(path string) error {
	began := time.Now()
	o, err := bpf.Open(path)
	if err != nil {
		return err
	}
	inst, err := o.Load(bpf.LoadOptions{Strict: true})
	if err != nil {
		return err
	}
	defer inst.Close()
	attached, _, err := inst.Attach()
	if err != nil {
		return err
	}
	took := time.Since(began)
	if len(attached) != 5 {
		return fmt.Errorf("%d programs are attached, want 5", len(attached))
	}
	fmt.Println(took.Nanoseconds())
	return nil
}

func bench(runs int) error {
	dir, err := os.MkdirTemp("", "loadbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	object, skeleton, err := build(dir)
	if err != nil {
		return err
	}
	own, err := os.Executable()
	if err != nil {
		return err
	}
	var ours, theirs []time.Duration
	for range runs {
		for _, measured := range []struct {
			args []string
			took *[]time.Duration
		}{{[]string{own, "-load", object}, &ours}, {[]string{skeleton}, &theirs}} {
			took, err := once(measured.args)
			if err != nil {
				return err
			}
			*measured.took = append(*measured.took, took)
		}
	}
	a, b := median(ours), median(theirs)
	fmt.Printf("open, load and attach five programs: %.1f ms, the C skeleton %.1f ms: %.2f times that (at most 1.5; medians of %d)\n",
		milliseconds(a), milliseconds(b), float64(a)/float64(b), runs)
	return nil
}

func once(args []string) (time.Duration, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", filepath.Base(args[0]), err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return time.Duration(n), err
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// build makes the object and the C loader in dir.
func build(dir string) (object, skeleton string, err error) {
	for name, text := range map[string][]byte{"five.bpf.c": program, "loader.c": loader} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return "", "", err
		}
	}
	includes, err := filepath.Glob("/usr/include/*-linux-gnu")
	if err != nil {
		return "", "", err
	}
	arch := map[string]string{"amd64": "x86", "riscv64": "riscv"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	compile := []string{"clang", "-O2", "-g", "--target=bpf", "-D__TARGET_ARCH_" + arch}
	for _, folder := range includes {
		compile = append(compile, "-idirafter", folder)
	}
	for _, args := range [][]string{
		append(compile, "-c", "five.bpf.c", "-o", "five.full.o"),
		// Without debug information, as tools are shipped.
		{"bpftool", "gen", "object", "five.bpf.o", "five.full.o"},
		{"sh", "-c", "bpftool gen skeleton five.bpf.o name five_bpf >five.skel.h"},
		{"cc", "-O2", "-o", "loader", "loader.c", "-lbpf", "-lelf", "-lz"},
	} {
		// Debian keeps bpftool in sbin, which is not on everybody's PATH.
		cmd := exec.Command("env", append([]string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return filepath.Join(dir, "five.bpf.o"), filepath.Join(dir, "loader"), nil
}
