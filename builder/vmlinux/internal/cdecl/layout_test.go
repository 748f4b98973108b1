package cdecl

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// clang compiles source for the bpf target and returns the object's path.
func clang(t *testing.T, source string) string {
	t.Helper()
	path, err := exec.LookPath("clang")
	if err != nil {
		skip(t, "clang is not installed")
	}
	dir := t.TempDir()
	c, object := filepath.Join(dir, "t.bpf.c"), filepath.Join(dir, "t.bpf.o")
	if err := os.WriteFile(c, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-target", "bpf", "-D__TARGET_ARCH_x86", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-ferror-limit=5", "-c", c, "-o", object)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	return object
}

// skip ends a test that this machine cannot run, unless it has to be able to.
func skip(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// runningKernel returns the types of the kernel that the test runs on.
func runningKernel(t *testing.T) *btf.Spec {
	t.Helper()
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		skip(t, fmt.Sprintf("the kernel's BTF cannot be read: %v", err))
	}
	return spec
}

// mergeSpecs does what Write does, and keeps the declarations.
func mergeSpecs(t *testing.T, specs ...*btf.Spec) (*header, string) {
	t.Helper()
	var kernels []*kernel
	for _, spec := range specs {
		k, err := index(spec)
		if err != nil {
			t.Fatal(err)
		}
		kernels = append(kernels, k)
	}
	h, err := merge(kernels)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := h.write(&text, len(specs) > 1); err != nil {
		t.Fatal(err)
	}
	return h, text.String()
}

// writeAsserts writes what the layout model says of every struct and union of h as
// assertions for a compiler, and returns their number.
func writeAsserts(w io.Writer, h *header) int {
	n := 0
	assert := func(format string, args ...any) {
		condition := fmt.Sprintf(format, args...)
		fmt.Fprintf(w, "_Static_assert(%s, %q);\n", condition, condition)
		n++
	}
	for _, d := range h.order {
		if d.record == nil {
			continue
		}
		name := d.name
		if d.kind == recordTag {
			name = keyword(d.typ) + " " + d.name
		} else if element(d.typ.(*btf.Typedef).Type) != unqualified(d.typ.(*btf.Typedef).Type) {
			continue // an array has no members
		}
		l := h.layoutRecord(d.record)
		assert("sizeof(%s) == %d", name, l.size)
		assert("_Alignof(%s) == %d", name, l.align)
		var members func(r *record, prefix string, offset uint32)
		members = func(r *record, prefix string, offset uint32) {
			check := func(m *member, at uint32) {
				switch {
				case m.bits > 0:
				case m.name == "" && m.inner != nil:
					members(m.inner, prefix, at)
				default:
					assert("__builtin_offsetof(%s, %s%s) == %d", name, prefix, m.name, at)
					if m.inner != nil && isRecord(unqualified(m.typ)) {
						members(m.inner, prefix+m.name+".", at)
					}
				}
			}
			h.place(r, h.layoutRecord(r).packed, func(m *member, from, _ uint32) { check(m, offset+from/8) })
			for _, m := range r.extras {
				check(m, offset)
			}
		}
		members(d.record, "", 0)
	}
	return n
}

// A header of one kernel declares what the kernel has, to the byte.
func TestOneKernelIsExact(t *testing.T) {
	h, text := mergeSpecs(t, runningKernel(t))
	var source strings.Builder
	source.WriteString(text)
	n := writeAsserts(&source, h)
	if n < 10_000 {
		t.Errorf("a kernel gives only %d assertions", n)
	}
	// The model against the kernel, the compiler against the model.
	for _, d := range h.order {
		if d.record != nil {
			checkExact(t, h, d.name, d.record)
		}
	}
	clang(t, source.String())
}

func checkExact(t *testing.T, h *header, name string, r *record) {
	t.Helper()
	l := h.layoutRecord(r)
	if l.size != r.size {
		t.Errorf("%s: declared with %d bytes, the kernel has %d", name, l.size, r.size)
	}
	h.place(r, l.packed, func(m *member, from, _ uint32) {
		if from != m.offset {
			t.Errorf("%s.%s: declared at bit %d, the kernel has it at %d", name, m.name, from, m.offset)
		}
		if m.inner != nil {
			checkExact(t, h, name+"."+m.name, m.inner)
		}
	})
}
