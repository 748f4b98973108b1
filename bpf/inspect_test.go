package bpf_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestInspectForeign: of an object for machines of the other byte order the same is known as of one for this machine.
func TestInspectForeign(t *testing.T) {
	if _, err := exec.LookPath("clang"); err != nil {
		t.Skip("clang is not installed")
	}
	for _, name := range []string{"bare", "calls", "event", "functions", "globals", "maps", "replace", "sections", "streams"} {
		t.Run(name, func(t *testing.T) {
			describe := func(target string) *bpf.Description {
				path := filepath.Join(t.TempDir(), name+".bpf.o")
				out, err := exec.Command("clang", "-O2", "-g", "-target", target, "-D__TARGET_ARCH_x86", "-w",
					"-include", "../builder/header/events.h", "-c", "testdata/"+name+".bpf.c", "-o", path).CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				d, err := bpf.Inspect(path)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			little, big := describe("bpfel"), describe("bpfeb")
			if little.ByteOrder != "little" || big.ByteOrder != "big" {
				t.Errorf("the byte orders are %s and %s", little.ByteOrder, big.ByteOrder)
			}
			big.ByteOrder = little.ByteOrder
			for i := range big.Globals {
				// Unions and bit fields cannot be told.
				if i < len(little.Globals) && string(big.Globals[i].Default) == "null" {
					little.Globals[i].Default = json.RawMessage("null")
				}
			}
			for _, d := range []*bpf.Description{little, big} {
				// Where a bit field lies is for machines of either order to say.
				for _, s := range d.Streams {
					for _, typ := range s.Types {
						for i := range typ.Fields {
							if typ.Fields[i].BitSize > 0 {
								typ.Fields[i].Offset, typ.Fields[i].BitOffset = 0, 0
							}
						}
					}
				}
			}
			if diff := cmp.Diff(little, big); diff != "" {
				t.Errorf("(-little +big):\n%s", diff)
			}
		})
	}
}
