package builder

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// explain returns a sentence about what stopped a tool, from what it printed, where
// the tool's own words do not say what to do; "" else. find is toolchain.FindHeader.
func explain(said []byte, find func(header string) string) string {
	if bytes.Contains(said, []byte("No space left on device")) {
		return "the disk is full"
	}
	if bytes.Contains(said, []byte("Incorrect flag for llvm.bpf.preserve.type.info")) {
		return "bpf_core_type_matches needs clang 15 or later; bpf_core_type_exists works with this one"
	}
	if bytes.Contains(said, []byte("do not define BPF_NO_PRESERVE_ACCESS_INDEX")) {
		return `to do without CO-RE, have vmlinux.h hold the types of one kernel: set_btf("running") or set_btf("FILE") in project.lua`
	}
	if m := sectionName.FindSubmatch(said); m != nil {
		return fmt.Sprintf("%s is the name of a section and of a function or variable; rename the latter", m[1])
	}
	if bytes.Contains(said, []byte("Must specify a BPF target arch via __TARGET_ARCH_")) {
		// It is always specified, so that it is one that bpf_tracing.h does not know.
		return "libbpf's headers here do not know the registers of this architecture (PT_REGS_...), and a newer libbpf's do " +
			"(from 1.2 those of loongarch64); name the folder that has its bpf/: add_includedirs(\"DIR\")"
	}
	header := missingHeader(said)
	for _, from := range headerPackages {
		// Where the package is there, it is the name that is wrong.
		if from.names.MatchString(header) && find(from.sample) == "" {
			return fmt.Sprintf("the header %s is not installed; to get it: %s", header, toolchain.InstallCommand(from.pkg))
		}
	}
	return ""
}

// headerPackages says what brings a header that is missing.
var headerPackages = []struct {
	names  *regexp.Regexp
	sample string // a header that is there when the package is
	pkg    toolchain.Package
}{
	{regexp.MustCompile(`^bpf/`), "bpf/bpf_helpers.h", toolchain.PackageLibbpf},
	{regexp.MustCompile(`^linux/`), "linux/bpf.h", toolchain.PackageKernelHeaders},
	{regexp.MustCompile(`^asm(-generic)?/`), "asm/types.h", toolchain.PackageKernelHeaders},
}

// missingHeader returns the header that clang did not find, or "".
func missingHeader(said []byte) string {
	m := notFound.FindSubmatch(escapes.ReplaceAll(said, nil))
	if m == nil {
		return ""
	}
	return string(m[1])
}

var (
	notFound = regexp.MustCompile(`fatal error: '([^'\n]+)' file not found`)
	// What the assembler says of a symbol that is called like a section, for which it has made a symbol itself.
	sectionName = regexp.MustCompile(`error: (\S+) changed binding to STB_GLOBAL`)
	escapes     = regexp.MustCompile(`\x1b\[[0-9;]*[mK]`) // of -fcolor-diagnostics
)
