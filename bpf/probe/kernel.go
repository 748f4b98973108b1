package probe

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
)

// Kernel returns a summary in one line: "Linux 6.1.0 x86-64, BTF, ringbuf, bpf_loop, cookies; without kprobe". What this
// process may not find out counts as missing. It takes a few milliseconds.
func Kernel() string {
	release, _, _ := Release()
	var has, lacks []string
	for _, f := range abilities {
		if f.have() {
			has = append(has, f.name)
		} else {
			lacks = append(lacks, f.name)
		}
	}
	text := fmt.Sprintf("Linux %s %s", release, machine())
	if len(has) > 0 {
		text += ", " + strings.Join(has, ", ")
	}
	if len(lacks) > 0 {
		text += "; without " + strings.Join(lacks, ", ")
	}
	return text
}

// abilities are what decides which programs run.
var abilities = []struct {
	name string
	have func() bool
}{
	{"BTF", HasBTF},
	{"ringbuf", func() bool { return features.HaveMapType(ebpf.RingBuf) == nil }},
	{"bpf_loop", func() bool { return features.HaveProgramHelper(ebpf.TracePoint, asm.FnLoop) == nil }},
	{"cookies", Cookies},
	{"kprobe", Kprobes},
	{"fentry", Fentry},
	{"uprobe_multi", func() bool { return features.HaveBPFLinkUprobeMulti() == nil }},
}

// Fentry reports whether the kernel takes fentry, fexit and fmod_ret programs from this process. It loads one to see.
func Fentry() bool {
	return HasBTF() && features.HaveProgramType(ebpf.Tracing) == nil
}

// Cookies reports whether programs can be told which of their attach points they run for (bpf_get_attach_cookie).
func Cookies() bool {
	return features.HaveProgramHelper(ebpf.TracePoint, asm.FnGetAttachCookie) == nil
}

// machine returns the architecture as uname -m writes it.
func machine() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH
}
