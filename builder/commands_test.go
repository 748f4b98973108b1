package builder_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// kfuncs calls kernel functions that it leaves to vmlinux.h to declare.
const kfuncs = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
SEC("tp_btf/x") int f(u64 *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);
	if (t)
		bpf_task_release(t);
	return 0;
}
` + license

// Editors get a database with an entry a source, each of which is a command that compiles as it stands.
func TestCompileCommands(t *testing.T) {
	f := newFixture(t, map[string]string{
		"src/it's a.bpf.c": "#include \"a.h\"\n" + typical, "inc/a.h": "int NAMED;\n",
		"k.bpf.c": kfuncs, "no.bpf.c": "no C",
	})
	a := f.target("a", "src/*.bpf.c")
	a.IncludeDirs, a.Defines = []string{f.path("inc")}, []string{"NAMED=named", "T=\"é x\""}
	f.target("k", "k.bpf.c")
	f.target("lost", "nowhere.bpf.c").Default = false
	f.opts.KeepGoing = true
	targets := f.project.Targets
	f.project.Targets = targets[:2]
	f.mustBuild()
	f.project.Targets = targets
	f.target("no", "no.bpf.c")
	if _, err := f.build(); err == nil {
		t.Error("a file that is not there, and one that does not compile, passed")
	}

	var commands []struct {
		Directory, File, Output string
		Arguments               []string
	}
	f.check(json.Unmarshal([]byte(f.read(".ebpfx/compile_commands.json")), &commands))
	var files []string
	for _, c := range commands {
		rel, err := filepath.Rel(f.project.Dir, c.File)
		f.check(err)
		files = append(files, rel)
		if c.Directory != f.project.Dir {
			t.Errorf("%s: directory is %s", rel, c.Directory)
		}
		cmd := exec.Command(c.Arguments[0], append(c.Arguments[1:], "-fsyntax-only", "-Werror")...)
		cmd.Dir = c.Directory
		if out, err := cmd.CombinedOutput(); (err != nil) != (rel == "no.bpf.c") {
			t.Errorf("%s: %v\n%s", rel, err, out)
		}
	}
	if want := []string{"src/it's a.bpf.c", "k.bpf.c"}; len(files) < 2 || files[0] != want[0] || files[1] != want[1] {
		t.Errorf("got entries for %q, want %q first", files, want)
	}

	// It is not written again where nothing changed.
	f.project.Targets = targets[:2]
	f.mustBuild()
	before, err := os.Stat(f.path(".ebpfx/compile_commands.json"))
	f.check(err)
	f.write("k.bpf.c", kfuncs+"int changed;\n")
	f.mustBuild()
	if after, err := os.Stat(f.path(".ebpfx/compile_commands.json")); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was written again: %v", err)
	}
}

// Every source's command makes the same object by hand, whatever header it was compiled with.
func TestCommandsMakeTheSameObjects(t *testing.T) {
	sources := map[string]string{
		"typical": typical, "kfuncs": kfuncs, "minimal": minimal, "pasted": shapes["pasted"],
		"own": "#include \"vmlinux.h\"\nstruct list_head { int mine; };\nstruct task_struct task;\nint size = sizeof(struct list_head);\n",
	}
	f := newFixture(t, nil)
	for name, source := range sources {
		f.write("src/"+name+".bpf.c", source)
		f.target(name, "src/"+name+".bpf.c")
	}
	f.opts.Verbose, f.opts.Jobs = true, 2
	f.mustBuild()
	for i, target := range f.project.Targets {
		object := f.path(".ebpfx/" + target.Name + ".bpf.o")
		want := f.read(".ebpfx/" + target.Name + ".bpf.o")
		f.check(os.Remove(object))
		f.run("sh", "-c", "cd '"+f.project.Dir+"' && "+f.log[2*i+1])
		if string(settled(t, object)) != want {
			t.Errorf("%s makes another object", f.log[2*i+1])
		}
	}
}
