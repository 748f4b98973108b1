package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// Target is how clang and the headers call the architecture that a program runs on.
type Target struct {
	Triple string // of -target: bpfel or bpfeb
	Arch   string // of -D__TARGET_ARCH_*, as libbpf's bpf_tracing.h knows it
	// Multiarch is the folder below /usr/include where Debian keeps headers that depend on the architecture.
	Multiarch string
}

// TargetNamed returns the target of an architecture by what uname -m or Go calls it.
func TargetNamed(name string) (Target, error) {
	goarch := name
	if other, ok := machines[name]; ok {
		goarch = other
	}
	if t, ok := targets[goarch]; ok {
		return t, nil
	}
	return Target{}, fmt.Errorf("no architecture is named %q%s; there are: %s", name, diag.DidYouMean(name, Machines()), strings.Join(Machines(), ", "))
}

// Machines returns the architectures that objects are built for, as they are called most.
func Machines() []string {
	return []string{"x86_64", "arm64", "riscv64", "s390x", "ppc64le", "loongarch64"}
}

// machines has GOARCH by what uname -m says where that is another name.
var machines = map[string]string{"x86_64": "amd64", "aarch64": "arm64", "loongarch64": "loong64", "i686": "386", "armv7l": "arm", "mips64": "mips64le"}

// targets is by GOARCH.
var targets = map[string]Target{
	"amd64":    {"bpfel", "x86", "x86_64-linux-gnu"},
	"386":      {"bpfel", "x86", "i386-linux-gnu"},
	"arm64":    {"bpfel", "arm64", "aarch64-linux-gnu"},
	"arm":      {"bpfel", "arm", "arm-linux-gnueabihf"},
	"loong64":  {"bpfel", "loongarch", "loongarch64-linux-gnu"},
	"mips64le": {"bpfel", "mips", "mips64el-linux-gnuabi64"},
	"ppc64le":  {"bpfel", "powerpc", "powerpc64le-linux-gnu"},
	"riscv64":  {"bpfel", "riscv", "riscv64-linux-gnu"},
	"s390x":    {"bpfeb", "s390", "s390x-linux-gnu"},
}

// HostTarget returns the target for programs that run on this machine.
func HostTarget() Target {
	if t, ok := targets[runtime.GOARCH]; ok {
		return t
	}
	return Target{Triple: "bpf", Arch: runtime.GOARCH}
}

// SystemIncludes returns the folders that clang must search beyond its own for a target,
// after all others: for bpf it does not look where Debian keeps asm/types.h, which linux/bpf.h needs. Where those of another architecture are not
// installed this machine's serve: what kernel code needs of them is the same.
func SystemIncludes(t Target) []string {
	if dirs := systemIncludes("/", t); len(dirs) > 0 {
		return dirs
	}
	return systemIncludes("/", HostTarget())
}

func systemIncludes(root string, t Target) []string {
	if t.Multiarch == "" {
		return nil
	}
	dir := filepath.Join(root, "usr/include", t.Multiarch)
	if _, err := os.Stat(filepath.Join(dir, "asm/types.h")); err != nil {
		return nil
	}
	return []string{dir}
}

// FindHeader returns the path of a system header, such as bpf/bpf_helpers.h, or "".
func FindHeader(name string) string {
	dirs := append([]string{"/usr/local/include", "/usr/include"}, SystemIncludes(HostTarget())...)
	for _, env := range []string{"CPATH", "C_INCLUDE_PATH"} { // as clang reads them
		dirs = append(dirs, filepath.SplitList(os.Getenv(env))...)
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// GoArch returns what Go calls an architecture that TargetNamed knows.
func GoArch(name string) string {
	if other, ok := machines[name]; ok {
		return other
	}
	return name
}
