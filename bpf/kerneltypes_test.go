package bpf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// What a tracepoint is called is no type of the kernel: to parse all of those would be most of the start of a small tool.
func TestNeedsKernelTypes(t *testing.T) {
	for _, tc := range []struct {
		spec ebpf.ProgramSpec
		want bool
	}{
		{ebpf.ProgramSpec{Type: ebpf.TracePoint, AttachTo: "syscalls/sys_enter_openat"}, false},
		{ebpf.ProgramSpec{Type: ebpf.Kprobe, AttachTo: "vfs_read"}, false},
		{ebpf.ProgramSpec{Type: ebpf.Tracing, AttachTo: "sched_switch"}, false},
		{ebpf.ProgramSpec{Type: ebpf.LSM, AttachTo: "file_open"}, false},
		{ebpf.ProgramSpec{Type: ebpf.StructOps, AttachTo: "tcp_congestion_ops:init"}, true},
		{ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: asm.Instructions{{OpCode: asm.Call.Op(asm.ImmSource), Src: asm.PseudoKfuncCall}}}, true},
	} {
		if got := bpf.NeedsKernelTypes(&tc.spec); got != tc.want {
			t.Errorf("%v to %s: %v", tc.spec.Type, tc.spec.AttachTo, got)
		}
	}
}

// wholeTypes returns all of the kernel's types.
func wholeTypes(t *testing.T) *btf.Spec {
	t.Helper()
	if !probe.HasBTF() {
		t.Skip("the kernel does not tell its types")
	}
	whole, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// TestExcerpt: instructions are relocated by the excerpt of the kernel's types as they are by the whole.
func TestExcerpt(t *testing.T) {
	whole := wholeTypes(t)
	for name, object := range map[string][]byte{
		"attach": testprog.Attach, "functions": testprog.Functions, "kinds": testprog.Kinds, "missing": testprog.Missing,
		"relocated": testprog.Relocated, "uprobe": testprog.Uprobe,
	} {
		o := open(t, object)
		excerpt := o.Excerpt()
		if excerpt == nil {
			t.Errorf("%s: there is no excerpt", name)
			continue
		}
		relocations := 0
		for _, p := range o.Specs() {
			want, wantInsns, wantErr := relocate(p, whole)
			got, gotInsns, gotErr := relocate(p, excerpt)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Errorf("%s: %s: got error %v, want %v", name, p.Name, gotErr, wantErr)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s: %s: relocation %d is %v, want %v", name, p.Name, i, &got[i], &want[i])
				}
			}
			if !bytes.Equal(gotInsns, wantInsns) {
				t.Errorf("%s: %s: other instructions", name, p.Name)
			}
			relocations += len(want)
		}
		if relocations == 0 {
			t.Errorf("%s: nothing is relocated", name)
		}
	}
}

// relocate returns what the relocations of a program have to become where the kernel has types, and its code then.
func relocate(p *ebpf.ProgramSpec, types *btf.Spec) ([]btf.COREFixup, []byte, error) {
	insns := slices.Clone(p.Instructions)
	var relocations []*btf.CORERelocation
	var at []*asm.Instruction
	for i := range insns {
		if r := btf.CORERelocationMetadata(&insns[i]); r != nil {
			relocations, at = append(relocations, r), append(at, &insns[i])
		}
	}
	var local btf.Builder
	fixups, err := btf.CORERelocate(relocations, []*btf.Spec{types}, p.ByteOrder, local.Add)
	for i := range fixups {
		if err := fixups[i].Apply(at[i]); err != nil {
			return nil, nil, err
		}
	}
	var code bytes.Buffer
	for i := range insns {
		// The operands alone: what refers to maps and functions is for the loader.
		fmt.Fprintln(&code, insns[i].OpCode, insns[i].Dst, insns[i].Src, insns[i].Offset, insns[i].Constant)
	}
	return fixups, code.Bytes(), err
}

// TestBeyondExcerpt: what asks for more than the layout of types is relocated by all of the kernel's.
func TestBeyondExcerpt(t *testing.T) {
	whole := wholeTypes(t)
	o := open(t, testprog.RelocatedBeyond)
	if o.Excerpt() != nil {
		t.Fatal("there is an excerpt, in which types have other numbers")
	}
	inst := load(t, o, bpf.LoadOptions{})
	attach(t, inst)
	if _, err := unix.Getpgid(0); err != nil {
		t.Fatal(err)
	}
	var task *btf.Struct
	if err := whole.TypeByName("task_struct", &task); err != nil {
		t.Fatal(err)
	}
	id, err := whole.TypeID(task)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{"number": uint32(id), "exists": 1} {
		if _, got, err := inst.Global(name); err != nil || binary.NativeEndian.Uint32(got) != want {
			t.Errorf("%s is %v (%v), want %d", name, got, err, want)
		}
	}
}
