package bpf_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"
	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/internal/testprog"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/describe")

// TestDescribe compares descriptions with golden files. They are of objects that are in the repository, so that they depend neither on the
// compiler nor on the kernel.
func TestDescribe(t *testing.T) {
	for name, object := range map[string][]byte{
		"attach":       testprog.Attach,
		"bare":         testprog.Bare,
		"calls":        testprog.Calls,
		"globals":      testprog.Globals,
		"maps":         testprog.Maps,
		"sections":     testprog.Sections,
		"streams":      testprog.Streams,
		"alternatives": testprog.Alternatives,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(open(t, object).Describe(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			golden := filepath.Join("testdata/describe", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got), -update accepts it:\n%s", diff)
			}
		})
	}
}

// TestRelocations: what CO-RE asks for is named, which depends on how package btf renders relocations.
func TestRelocations(t *testing.T) {
	d := open(t, testprog.Attach).Describe()
	var all []string
	for _, p := range d.Programs {
		for _, r := range p.Relocations {
			all = append(all, r.Kind+" "+r.Of)
		}
	}
	if len(all) == 0 {
		t.Fatal("no relocation is told")
	}
	if i := slices.IndexFunc(all, func(s string) bool { return !strings.Contains(s, " struct ") && !strings.Contains(s, " enum ") }); i >= 0 {
		t.Errorf("%q names no type", all[i])
	}
}

// TestHelperVersions: every helper that package asm knows has a kernel's version, and none is older than one with a lower number.
func TestHelperVersions(t *testing.T) {
	for f := asm.FnMapLookupElem; f.String() != "" && strings.HasPrefix(f.String(), "Fn"); f++ {
		if bpf.HelperVersion(f) == "" {
			t.Errorf("%v: no version", f)
		}
	}
}

// TestCheck: each verdict, on objects that are in the repository.
func TestCheck(t *testing.T) {
	needKernel(t)
	report, err := open(t, testprog.Refused).Check(bpf.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if report.OK() {
		t.Error("an object with a program that the verifier refuses is OK")
	}
	verdicts := make(map[string]int)
	for _, p := range report.Programs {
		verdicts[p.Verdict]++
		if (p.Verdict == bpf.Refused) != (p.Err != nil) {
			t.Errorf("%s is %s: %v", p.Name, p.Verdict, p.Err)
		}
		if p.Verdict == bpf.Verified && (p.Instructions == 0 || p.Processed == 0) { // 7.3 tells no stack
			t.Errorf("%s: nothing was counted: %+v", p.Name, p)
		}
	}
	if verdicts[bpf.Refused] == 0 || verdicts[bpf.Verified] == 0 {
		t.Errorf("verdicts are %v", verdicts)
	}

	report, err = open(t, testprog.Maps).Check(bpf.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() || len(report.Maps) == 0 {
		t.Errorf("%+v", report)
	}
	for _, m := range report.Maps {
		if m.Bytes == 0 || m.Type == "" {
			t.Errorf("nothing is known of map %+v", m)
		}
	}
	if attached := kernelFDs(); slices.ContainsFunc(attached, func(s string) bool { return strings.Contains(s, "bpf-prog") }) {
		t.Errorf("programs are left: %q", attached)
	}
}
