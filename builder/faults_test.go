package builder_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

func TestCompilerFails(t *testing.T) {
	for _, tc := range []struct {
		name, body string // of the part that compiles
		want       string
	}{
		{"killed", "kill -KILL $$", "compile a.bpf.c: cc was killed (SIGKILL), as the kernel does when memory runs out: free some, or build fewer files at once"},
		{"crashed", "echo stack dump >&2; kill -SEGV $$", "compile a.bpf.c: cc crashed (segmentation fault): that is a bug of cc; try another version of it"},
		{"writes nothing", "exit 0", "compile a.bpf.c: open "},
		{"disk full", "echo 'error: unable to open output file: No space left on device' >&2; exit 1", "compile a.bpf.c: the disk is full"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t, map[string]string{"a.bpf.c": minimal})
			f.target("a", "a.bpf.c")
			f.opts.Clang = f.script("cc", `case "$*" in *-c*) `+tc.body+` ;; *) exec clang "$@" ;; esac`)
			_, err := f.build()
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v\nwant %s", err, tc.want)
			}
			f.wantTidy()
			if _, err := os.Stat(f.path(".ebpfx/a.bpf.o")); err == nil {
				t.Error("an object was left")
			}
			f.opts.Clang = ""
			f.mustBuild()
		})
	}
}

func TestNoUsableClang(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, "b.bpf.c": minimal})
	f.target("a", "a.bpf.c")
	f.target("b", "b.bpf.c")
	f.opts.Clang = f.script("old", `echo "clang version 12.0.1"`)
	_, err := f.build()
	if err == nil || !strings.Contains(err.Error(), "clang version 12.0.1 is too old: clang 14 or later is needed") {
		t.Errorf("got %v", err)
	}
	if n := len(diag.All(err)); n != 1 {
		t.Errorf("told %d times: %v", n, err)
	}
}

// eventually waits for a condition with a limit that a busy machine keeps.
func (f *fixture) eventually(what string, ok func() bool) {
	f.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.Fatalf("not seen within a minute: %s", what)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestCancel(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, "b.bpf.c": minimal})
	f.target("a", "a.bpf.c")
	f.target("b", "b.bpf.c")
	f.opts.Jobs = 1
	began := filepath.Join(t.TempDir(), "began")
	f.opts.Clang = f.script("cc", `case "$*" in *-c*) touch `+began+`; sleep 1000 ;; *) exec clang "$@" ;; esac`)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := builder.Build(ctx, f.project, f.project.Targets, f.opts)
		done <- err
	}()
	f.eventually("clang runs", func() bool { return exists(began) })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	f.wantSteps("compiling a.bpf.c")
	f.wantTidy()
	f.opts.Clang = ""
	f.mustBuild()
}

// After the first error nothing new is begun, unless that is asked for.
func TestErrorsStopTheBuild(t *testing.T) {
	f := newFixture(t, map[string]string{"good.bpf.c": minimal, "bad.bpf.c": "no C;\n", "worse.bpf.c": "no C either;\n"})
	f.opts.Jobs = 1
	f.target("first", "good.bpf.c")
	f.target("bad", "bad.bpf.c")
	deps(f.target("needs", "good.bpf.c"), "bad")
	f.target("worse", "worse.bpf.c")
	f.target("last", "good.bpf.c")

	_, err := f.build()
	if err == nil || err.Error() != "compile bad.bpf.c: clang exited with status 1" {
		t.Errorf("got %v", err)
	}
	f.wantSteps("compiling good.bpf.c", "compiling bad.bpf.c")

	f.opts.KeepGoing = true
	_, err = f.build()
	if got := fmt.Sprint(err); got != "compile bad.bpf.c: clang exited with status 1\ncompile worse.bpf.c: clang exited with status 1" {
		t.Errorf("got %v", err)
	}
	f.wantSteps("compiling bad.bpf.c", "compiling worse.bpf.c", "compiling good.bpf.c") // first is up to date, needs was not begun

	// What was well is not made again.
	f.write("bad.bpf.c", minimal)
	f.write("worse.bpf.c", minimal)
	f.mustBuild()
	f.wantSteps("compiling bad.bpf.c", "compiling good.bpf.c", "compiling worse.bpf.c")
}

// The order of all that is reported does not depend on which of several processes ends first.
func TestOutputIsStable(t *testing.T) {
	f := newFixture(t, nil)
	f.opts.Jobs = 4
	dir := t.TempDir()
	const n = 8
	var want []string
	for i := range n {
		name := fmt.Sprintf("s%d.bpf.c", i)
		f.write(name, minimal)
		f.target(fmt.Sprintf("t%d", i), name)
		want = append(want, fmt.Sprintf("[%d%%] <t%d> compiling %s", (i+1)*100/n, i, name), fmt.Sprintf("<t%d> one %s\ntwo %s\n", i, name, name))
	}
	// Each that has an even number waits for the one after it, so that they end in another order than they began in.
	f.opts.Clang = f.script("cc", `case "$*" in
*-c*) case "$*" in
	*-include*s0.*|*-include*s2.*) n=$(echo "$*" | sed 's/.* -c s\([0-9]\).*/\1/'); while ! [ -e `+dir+`/$((n+1)) ]; do sleep 0.01; done ;;
	esac
	f=$(echo "$*" | sed 's/.* -c \([^ ]*\) .*/\1/')
	echo "one $f" >&2; echo "two $f" >&2
	touch `+dir+`/$(echo $f | sed 's/s\([0-9]\).*/\1/')
	exec clang "$@" ;;
*) exec clang "$@" ;; esac`)
	f.mustBuild()
	if got := strings.Join(f.log, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// Builds of one project at the same time do the work once, and both have what they want.
func TestTwoBuildsAtOnce(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 6 {
		name := fmt.Sprintf("s%d.bpf.c", i)
		f.write(name, minimal)
		f.target(name, name)
	}
	runs := filepath.Join(t.TempDir(), "runs")
	f.opts.Clang = f.script("cc", `case "$*" in *-c*) echo x >>`+runs+` ;; esac; exec clang "$@"`)
	f.opts.Reporter, f.opts.Notice = nil, nil
	var built sync.Map
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			r, err := builder.Build(context.Background(), f.project, f.project.Targets, f.opts)
			if err != nil {
				t.Error(err)
				return
			}
			built.Store(i, r.Built)
			for _, object := range r.Objects {
				if functionsOf, err := os.ReadFile(object); err != nil || len(functionsOf) < 500 {
					t.Errorf("%s: %d bytes, %v", object, len(functionsOf), err)
				}
			}
		})
	}
	wg.Wait()
	total := 0
	built.Range(func(_, n any) bool { total += n.(int); return true })
	if total != 6 || f.countLines(runs) != 6 {
		t.Errorf("built %d targets with %d runs of clang, want 6", total, f.countLines(runs))
	}
	f.wantTidy()
}

func (f *fixture) countLines(path string) int {
	text, err := os.ReadFile(path)
	f.check(err)
	return strings.Count(string(text), "\n")
}

// A build that waits for another can be cancelled, and says what it waits for.
func TestWaitingForAnotherBuild(t *testing.T) {
	f := newFixture(t, map[string]string{"a.bpf.c": minimal, ".ebpfx/lock": "", ".ebpfx/tmp-of-a-killed-build/x.o": "half"})
	f.target("a", "a.bpf.c")
	other, err := os.Open(f.path(".ebpfx/lock"))
	f.check(err)
	defer other.Close()
	f.check(syscall.Flock(int(other.Fd()), syscall.LOCK_EX))

	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan string, 1)
	f.opts.Notice = func(text string) { told <- text }
	done := make(chan error)
	go func() {
		_, err := builder.Build(ctx, f.project, f.project.Targets, f.opts)
		done <- err
	}()
	if got := <-told; got != "waiting for another build of this project to end" {
		t.Errorf("told %q", got)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}

	// Once the other is gone, what it left is tidied up. Its lock file may go with a clean.
	f.check(os.Rename(f.path(".ebpfx/lock"), f.path("lock")))
	f.mustBuild()
	f.wantTidy()
}
