package kindmatrix

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestReadme: the README's table is what the tests saw last, and every way to attach is in it.
func TestReadme(t *testing.T) {
	m, err := Read("kinds.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Put(string(page), m.Markdown(bpf.Kinds()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("README.md is not what kinds.json says; run: make kinds\n%s", diff)
	}
	names, _ := m.kinds(bpf.Kinds())
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(slices.Values(bpf.Kinds())), names); diff != "" {
		t.Errorf("kinds.json has other kinds than ebpfx; run: make kinds\n%s", diff)
	}
	for _, k := range m {
		for c, outcome := range k.Cases {
			if outcome == Fails {
				t.Errorf("%s failed on %s", c, k.Release)
			}
		}
	}
}

func TestMarkdown(t *testing.T) {
	m := Matrix{}.With(Kernel{"new", "6.12.1+deb13-cloud-amd64", map[string]string{"xdp/lo": Works, "tc/tcx": Works, "tc/best": Works, "tc/clsact": Works, "lsm/hook": Fails}})
	m = m.With(Kernel{"old", "6.1.0-50-cloud-amd64", map[string]string{"xdp/lo": Fails}})
	m = m.With(Kernel{"old", "6.1.0-51-cloud-amd64", map[string]string{"xdp/lo": Works, "tc/tcx": Beyond, "tc/best": Works, "tc/clsact": Works}})
	want := "| | 6.1.0 | 6.12.1 |\n|---|---|---|\n" +
		"| `xdp`, `tc` | yes | yes |\n| `tc` (tcx) | - | yes |\n| `lsm` | not tested | **fails** |\n"
	if diff := cmp.Diff(want, m.Markdown([]string{"xdp", "tc"})); diff != "" {
		t.Error(diff)
	}
}

func TestReadWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kinds.json")
	if m, err := Read(path); err != nil || m != nil {
		t.Errorf("got %v, %v of no file", m, err)
	}
	want := Matrix{{"6.1", "6.1.0", map[string]string{"xdp/lo": Works}}}
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
