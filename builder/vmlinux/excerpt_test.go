package vmlinux_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range words {
		m[w] = true
	}
	return m
}

func index(t *testing.T) *vmlinux.Index {
	t.Helper()
	x, err := vmlinux.NewIndex(merged(t))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

var (
	recordTag   = regexp.MustCompile(`(?m)^(struct|union) (\w+) \{$`)
	typedefName = regexp.MustCompile(`(?m)^typedef \w+ (\w+);$`)
)

// Whatever a source needs, an excerpt is C, and what it has is as large and as much aligned as in the whole header.
func TestExcerptsOfAnything(t *testing.T) {
	x, header := index(t), merged(t)
	records := recordTag.FindAllSubmatch(header, -1)
	typedefs := typedefName.FindAllSubmatch(header, -1)
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	var numbers [2][]byte
	for round := range 6 {
		need := vmlinux.Need{Words: set("u64", "bool"), Tags: set("task_struct"), Mentioned: set("sock", "u32")}
		var source strings.Builder
		source.WriteString("#include \"vmlinux.h\"\nint sizes[] = {\n")
		for range 40 << (round % 3) {
			tag := records[random.IntN(len(records))]
			need.Tags[string(tag[2])] = true
			fmt.Fprintf(&source, "sizeof(%s %s), _Alignof(%[1]s %[2]s),\n", tag[1], tag[2])
			name := string(typedefs[random.IntN(len(typedefs))][1])
			need.Words[name] = true
			fmt.Fprintf(&source, "sizeof(%s),\n", name)
		}
		source.WriteString("};\n")
		excerpt, ok := x.Excerpt(need, vmlinux.Variant{})
		if !ok {
			t.Fatal("there is no excerpt")
		}
		for i, text := range [][]byte{excerpt, header} {
			object := mustCompile(t, text, source.String(), "-Wno-visibility")
			numbers[i] = section(t, object, ".data")
		}
		if !bytes.Equal(numbers[0], numbers[1]) {
			t.Errorf("seed %d, round %d: sizes are others", seed, round)
		}
	}
}

func TestExcerpt(t *testing.T) {
	x := index(t)
	for name, test := range map[string]struct {
		need    vmlinux.Need
		variant vmlinux.Variant
		has     []string // as a whole
		absent  []string // in size alone
		lacks   []string
	}{
		"nothing":        {lacks: []string{"struct task_struct", "typedef unsigned int __u32"}},
		"typedef":        {need: vmlinux.Need{Words: set("kuid_t")}, has: []string{"typedef struct {", "} kuid_t;"}},
		"enumerator":     {need: vmlinux.Need{Words: set("BPF_MAP_TYPE_HASH")}, has: []string{"enum bpf_map_type {"}},
		"pointees":       {need: vmlinux.Need{Tags: set("task_struct")}, has: []string{"struct task_struct {", "struct list_head {", "struct sched_entity {"}, absent: []string{"mm_struct", "nsproxy"}},
		"named pointee":  {need: vmlinux.Need{Tags: set("task_struct"), Words: set("nsproxy")}, has: []string{"struct nsproxy {"}, absent: []string{"mm_struct"}},
		"const pointees": {need: vmlinux.Need{Tags: set("task_struct")}, has: []string{"struct cred {"}},
		"only mentioned": {need: vmlinux.Need{Mentioned: set("sock")}, absent: []string{"sock"}, lacks: []string{"struct sock_common"}},
		"kernel function": {variant: vmlinux.Variant{Kfuncs: []string{"bpf_task_from_pid"}}, has: []string{"struct task_struct {", "struct task_struct *bpf_task_from_pid(s32)", "typedef __s32 s32;"},
			lacks: []string{"bpf_task_release"}},
		"own struct": {need: vmlinux.Need{Tags: set("task_struct", "list_head")}, variant: vmlinux.Variant{Own: []string{"list_head"}}, has: []string{"struct list_head___vmlinux {", "struct list_head___vmlinux tasks;"}},
	} {
		t.Run(name, func(t *testing.T) {
			excerpt, ok := x.Excerpt(test.need, test.variant)
			if !ok {
				t.Fatal("there is none")
			}
			text := string(excerpt)
			for _, part := range test.has {
				if !strings.Contains(text, part) {
					t.Errorf("%q is missing", part)
				}
			}
			for _, tag := range test.absent {
				if !strings.Contains(text, fmt.Sprintf("struct %s { char %s[", tag, vmlinux.Absent)) {
					t.Errorf("struct %s is not there in size", tag)
				}
			}
			for _, part := range test.lacks {
				if strings.Contains(text, part) {
					t.Errorf("%q is there", part)
				}
			}
			if again, _ := x.Excerpt(test.need, test.variant); !slices.Equal(again, excerpt) {
				t.Error("the second time it is another")
			}
			mustCompile(t, excerpt, "#include \"vmlinux.h\"\n", "-Wno-pragma-clang-attribute")
		})
	}
	if _, ok := x.Excerpt(vmlinux.Need{Words: set("VMLINUX_KFUNCS")}, vmlinux.Variant{}); ok {
		t.Error("there is an excerpt with all kernel functions")
	}
}

// A need that words do not show is seen in the object.
func TestAbsentShows(t *testing.T) {
	excerpt, _ := index(t).Excerpt(vmlinux.Need{Tags: set("task_struct")}, vmlinux.Variant{})
	for source, want := range map[string]bool{
		"struct task_struct *t;":                            false,
		"__typeof__(((struct task_struct *)0)->nsproxy) p;": true,
	} {
		object := mustCompile(t, excerpt, "#include \"vmlinux.h\"\n"+source+"\n")
		if got := bytes.Contains(section(t, object, ".BTF"), []byte(vmlinux.Absent+"\x00")); got != want {
			t.Errorf("%s: got %v", source, got)
		}
	}
}

func TestIndexRefusesOthers(t *testing.T) {
	for _, text := range []string{
		"", "struct a { int x; };\n", "#pragma once\n",
		"#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\nint x;\n\n",
		"#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\nstruct a {\n\tint x;\n}; /* size: much, align: 4 */\n\n",
	} {
		if _, err := vmlinux.NewIndex([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "index vmlinux.h: ") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// section returns what an object has in a section.
func section(t *testing.T, object, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	return elfSection(t, text, name)
}

// A struct that the source defines itself under a name of the kernel's is no struct of the kernel, and must not be relocated as one: clang gives it the attribute of any
// declaration before its definition.
func TestExcerptLeavesOwnStructsAlone(t *testing.T) {
	need := vmlinux.Need{Words: set("u64", "list_head", "task_struct"), Tags: set("list_head", "task_struct"), Mentioned: set("list_head")}
	excerpt, ok := index(t).Excerpt(need, vmlinux.Variant{Own: []string{"list_head"}})
	if !ok {
		t.Fatal("no excerpt")
	}
	ahead, relocated, found := bytes.Cut(excerpt, []byte("#pragma clang attribute push"))
	if !found || !bytes.Contains(ahead, []byte("\nstruct list_head;\n")) {
		t.Error("it is not declared ahead of the structs that are relocated")
	}
	if bytes.Contains(relocated, []byte("\nstruct list_head;\n")) {
		t.Error("it is declared among them")
	}
}
