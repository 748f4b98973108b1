package builder_test

import (
	"os"
	"strings"
	"testing"
)

// A project that is kept in the cache leaves nothing in its folder, and is as up to date from there.
func TestInCache(t *testing.T) {
	f := newFixture(t, map[string]string{"odd [name].bpf.c": minimal, "b.bpf.c": minimal})
	f.project.InCache = true
	a, b := f.target("a", "odd [name].bpf.c"), f.target("b", "b.bpf.c")
	r := f.mustBuild()
	if !strings.HasPrefix(r.Objects[a], sharedCache) || r.Objects[a] == r.Objects[b] {
		t.Errorf("the objects are %s and %s", r.Objects[a], r.Objects[b])
	}
	f.wantUpToDate()
	entries, err := os.ReadDir(f.project.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Errorf("beside the sources there is %v", entries)
	}
}
