package luart

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFind(t *testing.T) {
	dir := writeProject(t, map[string]string{"p/project.lua": "", "p/src/deep/x.c": "", "q/project.lua/x": ""})
	for start, want := range map[string]string{"p": "p", "p/src/deep": "p"} {
		got, err := Find(filepath.Join(dir, start))
		if want := filepath.Join(dir, want, "project.lua"); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", start, got, err, want)
		}
	}
	empty := filepath.Join(dir, "q")
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "project.lua")); err == nil {
		t.Skip("there is a project.lua above the temporary folder")
	}
	want := "no project.lua in " + empty + " or above; make one with: ebpfx new NAME"
	if got, err := Find(empty); err == nil || err.Error() != want {
		t.Errorf("got %q, %v", got, err)
	}
}
