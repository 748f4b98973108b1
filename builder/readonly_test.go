package builder_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

// tmpfs mounts a file system of its own at dir for the time of the test.
func tmpfs(t *testing.T, dir, options string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		skip.Unless(t, fmt.Errorf("mount a file system: %w", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// readOnly has a mounted file system refuse writes.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyProject(t *testing.T) {
	f := newFixture(t, nil)
	tmpfs(t, f.project.Dir, "")
	f.write("a.bpf.c", minimal)
	a := f.target("a", "a.bpf.c")
	f.mustBuild()
	readOnly(t, f.project.Dir)
	f.wantUpToDate()

	// What has to be built goes to the cache, which is said once.
	a.Defines = []string{"CHANGED"}
	object := f.mustBuild().Objects[a]
	if !strings.HasPrefix(object, sharedCache) {
		t.Errorf("the object is %s", object)
	}
	if len(f.log) != 2 || !strings.HasPrefix(f.log[0], "notice: objects are kept in "+sharedCache) || !strings.Contains(f.log[0], "read-only file system") {
		t.Errorf("got\n%s", strings.Join(f.log, "\n"))
	}
	f.wantUpToDate()

	if err := builder.Clean(f.project); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Clean: %v", err)
	}
}

// A project that was never built, on a file system that cannot be written, with no cache either.
func TestNowhereToWrite(t *testing.T) {
	f := newFixture(t, nil)
	tmpfs(t, f.project.Dir, "")
	f.write("a.bpf.c", minimal)
	f.target("a", "a.bpf.c")
	readOnly(t, f.project.Dir)
	t.Setenv("XDG_CACHE_HOME", f.path("cache"))
	t.Setenv("TMPDIR", f.path("tmp"))
	_, err := f.build()
	if !errors.Is(err, syscall.EROFS) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	f := newFixture(t, nil)
	tmpfs(t, f.project.Dir, "size=64k")
	f.write("a.bpf.c", minimal)
	f.target("a", "a.bpf.c")
	f.mustBuild()
	before := f.read(".ebpfx/a.bpf.o")

	f.write("a.bpf.c", minimal+"\n")
	filler := strings.Repeat("x", 64<<10)
	if err := os.WriteFile(f.path("filler"), []byte(filler), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	_, err := f.build()
	if err == nil || !(errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "the disk is full")) {
		t.Errorf("got %v", err)
	}
	if f.read(".ebpfx/a.bpf.o") != before {
		t.Error("the object that was there is damaged")
	}
	f.wantTidy()

	f.check(os.Remove(f.path("filler")))
	f.mustBuild()
	f.wantSteps("compiling a.bpf.c")
	f.wantUpToDate()
}

func TestFullCacheFolder(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": typical})
	cache := t.TempDir()
	tmpfs(t, cache, "size=16k")
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("TMPDIR", t.TempDir())
	f.target("a", "a.bpf.c")
	f.mustBuild()
	if log := strings.Join(f.log, "\n"); strings.Count(log, "notice: the cache is in "+os.TempDir()) != 1 {
		t.Errorf("got\n%s", log)
	}
	f.wantUpToDate()
	f.wantTidy()
}
