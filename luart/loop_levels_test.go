package luart

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder"
)

// TestLevels: what the verifier refuses is compiled for other instruction sets, and what it takes is run and said.
func TestLevels(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		objects      map[string]string // by the last flag
		built        []string
		notice, err  string
	}{
		{"another is taken", `target("p") add_files("p.bpf.c") add_cflags("-O2")`,
			map[string]string{"-O2": "refusedalone", "-mcpu=v3": "refused", "-mcpu=v2": "access"},
			[]string{"p -O2", "p-v3 -mcpu=v3", "p-v2 -mcpu=v2"},
			`p: the verifier refuses it as it is compiled, and takes it compiled with -mcpu=v2; add_cflags("-mcpu=v2") spares the attempt`, ""},
		{"one program of several", `target("p") add_files("p.bpf.c") add_cflags("-O2")`,
			map[string]string{"-O2": "refused", "-mcpu=v3": "access"},
			[]string{"p -O2", "p-v3 -mcpu=v3"},
			`p: the verifier refuses it as it is compiled, and takes it compiled with -mcpu=v3; add_cflags("-mcpu=v3") spares the attempt`, ""},
		{"none is", `target("p") add_files("p.bpf.c") add_cflags("-O2")`,
			map[string]string{"-O2": "refusedalone", "-mcpu=v3": "refusedalone", "-mcpu=v2": "refused", "-mcpu=v1": "refusedalone"},
			[]string{"p -O2", "p-v3 -mcpu=v3", "p-v2 -mcpu=v2", "p-v1 -mcpu=v1"}, "", "run p: the kernel's verifier refuses program bad"},
		{"the project says which", `target("p") add_files("p.bpf.c") add_cflags("-mcpu=v1")`,
			map[string]string{"-mcpu=v1": "refusedalone"}, []string{"p -mcpu=v1"}, "", "run p: the kernel's verifier refuses program bad"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var built []string
			r, err := runKernel(t, tc.script+"\nentry(function() local h = run('p') h:stop() end)", RunOptions{
				Build: func(_ context.Context, target *builder.Target) (string, error) {
					flag := target.CFlags[len(target.CFlags)-1]
					built = append(built, target.Name+" "+flag)
					return filepath.Abs("../bpf/internal/testprog/" + tc.objects[flag] + "_bpfel.o")
				},
			})
			if diff := cmp.Diff(tc.built, built); diff != "" {
				t.Errorf("built: %s", diff)
			}
			if tc.notice != "" && !slices.Contains(r.notices, tc.notice) {
				t.Errorf("notices are %q, want %s", r.notices, tc.notice)
			}
			switch {
			case tc.err == "" && err != nil:
				t.Error(err)
			case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
				t.Errorf("got %v, want %s", err, tc.err)
			}
		})
	}
}
