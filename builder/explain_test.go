package builder

import (
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder/toolchain"
)

func TestExplain(t *testing.T) {
	libbpf, kernel := toolchain.InstallCommand(toolchain.PackageLibbpf), toolchain.InstallCommand(toolchain.PackageKernelHeaders)
	for _, tc := range []struct{ said, installed, want string }{
		{"x.c:1:10: fatal error: 'bpf/bpf_helpers.h' file not found", "", "the header bpf/bpf_helpers.h is not installed; to get it: " + libbpf},
		{"x.c:1:10: \x1b[0m\x1b[0;1;31mfatal error: \x1b[0m\x1b[1m'bpf/bpf_helpers.h' file not found\x1b[0m", "", "the header bpf/bpf_helpers.h is not installed; to get it: " + libbpf},
		{"/usr/include/linux/types.h:5:10: fatal error: 'asm/types.h' file not found", "linux/bpf.h", "the header asm/types.h is not installed; to get it: " + kernel},
		{"x.c:1:10: fatal error: 'linux/bpf.h' file not found", "", "the header linux/bpf.h is not installed; to get it: " + kernel},
		{"x.c:1:10: fatal error: 'linux/sched.h' file not found", "linux/bpf.h", ""}, // no header for user space
		{"x.c:1:10: fatal error: 'bpf/bpf_helprs.h' file not found", "bpf/bpf_helpers.h", ""},
		{"x.c:1:10: fatal error: 'my.h' file not found", "", ""},
		{"LLVM ERROR: IO failure on output stream: No space left on device", "", "the disk is full"},
		{
			"x.c:5:66: error: Must specify a BPF target arch via __TARGET_ARCH_xxx", "bpf/bpf_tracing.h",
			"libbpf's headers here do not know the registers of this architecture (PT_REGS_...), and a newer libbpf's do " +
				`(from 1.2 those of loongarch64); name the folder that has its bpf/: add_includedirs("DIR")`,
		},
		{"fatal error: error in backend: Incorrect flag for llvm.bpf.preserve.type.info intrinsic", "",
			"bpf_core_type_matches needs clang 15 or later; bpf_core_type_exists works with this one"},
		{`vmlinux.h:10:2: error: "this vmlinux.h stands for many kernels and needs CO-RE: do not define BPF_NO_PRESERVE_ACCESS_INDEX, or use the header of one kernel"`, "",
			`to do without CO-RE, have vmlinux.h hold the types of one kernel: set_btf("running") or set_btf("FILE") in project.lua`},
		{"x.c:1:1: error: unknown type name 'x'", "", ""},
		{"", "", ""},
	} {
		find := func(header string) string {
			if tc.installed != "" && strings.Contains(tc.installed, header) {
				return "/usr/include/" + header
			}
			return ""
		}
		if got := explain([]byte(tc.said), find); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.said, got, tc.want)
		}
	}
}
