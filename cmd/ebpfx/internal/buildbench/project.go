package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// targets is how many targets the project has, of a file each.
const targets = 40

// head is what each file begins with.
const head = `// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

struct event {
	__u32 pid;
	__u32 value;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline int emit(__u32 value)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->value = value;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

`

// programs are what tools do: look at the arguments of a call, at the task, at a socket, and count.
var programs = []string{
	`SEC("tracepoint/syscalls/sys_enter_openat")
int on_openat_%[1]d(struct trace_event_raw_sys_enter *ctx)
{
	return emit(ctx->args[2] + %[1]d);
}
`,
	`SEC("tracepoint/sched/sched_process_exec")
int on_exec_%[1]d(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return emit(BPF_CORE_READ(task, real_parent, tgid) + %[1]d);
}
`,
	`SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(on_connect_%[1]d, struct sock *sk)
{
	return emit(BPF_CORE_READ(sk, __sk_common.skc_dport) + %[1]d);
}
`,
	`struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("raw_tracepoint/sys_exit")
int on_exit_%[1]d(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	__u32 key = PT_REGS_RC_CORE(regs);
	__u64 one = 1, *count = bpf_map_lookup_elem(&counts, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, 0);
	return 0;
}
`,
}

const makefile = `
objects := $(patsubst src/%%.bpf.c,plain/%%.o,$(wildcard src/*.bpf.c))
all: $(objects)
plain/%%.o: src/%%.bpf.c
	@%s -c $< -o $@
`

// project is the generated one.
type project struct {
	dir    string
	binary string
	edits  int
}

func (p *project) path(elem ...string) string {
	return filepath.Join(append([]string{p.dir}, elem...)...)
}

func (p *project) source(i int) string { return p.path("src", fmt.Sprintf("tool%d.bpf.c", i)) }

// generate writes the files, and has the header made that both sides use.
func (p *project) generate() error {
	for _, dir := range []string{"src", "plain", "include"} {
		if err := os.Mkdir(p.path(dir), 0o777); err != nil {
			return err
		}
	}
	var description strings.Builder
	for i := range targets {
		fmt.Fprintf(&description, "target(\"tool%d\") add_files(\"src/tool%[1]d.bpf.c\")\n", i)
		text := head + fmt.Sprintf(programs[i%len(programs)], i)
		if err := os.WriteFile(p.source(i), []byte(text), 0o666); err != nil {
			return err
		}
	}
	plain := strings.Join(p.flags(), " ")
	for name, text := range map[string]string{"project.lua": description.String(), "Makefile": fmt.Sprintf(makefile, plain)} {
		if err := os.WriteFile(p.path(name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	if _, err := p.run(p.ebpfx("tool0")...); err != nil {
		return err
	}
	headers, _ := filepath.Glob(p.path("cache", "ebpfx", "vmlinux-*", "vmlinux.h"))
	if len(headers) == 0 {
		return errNoHeader
	}
	text, err := os.ReadFile(headers[0])
	if err != nil {
		return err
	}
	return os.WriteFile(p.path("include", "vmlinux.h"), text, 0o666)
}

// flags are those that everybody compiles eBPF with.
func (p *project) flags() []string {
	return []string{
		"clang", "-O2", "-g", "-target", "bpf", "-D__TARGET_ARCH_x86",
		"-I" + p.path("include"), "-idirafter", "/usr/include/x86_64-linux-gnu",
	}
}

// clang compiles one file as the Makefile does.
func (p *project) clang(i int) []string {
	return append(p.flags(), "-c", p.source(i), "-o", p.path("plain", "one.o"))
}

func (p *project) ebpfx(args ...string) []string {
	return append([]string{p.binary, "build", "-q"}, args...)
}

func (p *project) removeObjects() error { return os.RemoveAll(p.path(".ebpfx")) }

func (p *project) removeAll() error {
	if err := p.removeObjects(); err != nil {
		return err
	}
	return os.RemoveAll(p.path("cache"))
}

func (p *project) removePlain() error {
	if err := os.RemoveAll(p.path("plain")); err != nil {
		return err
	}
	return os.Mkdir(p.path("plain"), 0o777)
}

// changeAndBuild changes a file in a way that makes another object, and measures the build.
func (p *project) changeAndBuild() (result, error) {
	p.edits++
	text, err := os.ReadFile(p.source(0))
	if err != nil {
		return result{}, err
	}
	text = fmt.Appendf(text, "int edit_%d = %[1]d;\n", p.edits)
	if err := os.WriteFile(p.source(0), text, 0o666); err != nil {
		return result{}, err
	}
	return p.run(p.ebpfx()...)
}
