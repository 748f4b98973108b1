package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// started is an ebpfx that runs beside the test.
type started struct {
	*exec.Cmd
	t      *testing.T
	out    transcript // both streams
	exited chan struct{}
}

// transcript collects what a process writes.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *transcript) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start runs ebpfx in a folder with the files, given as name and text in turn.
func start(t *testing.T, args []string, files ...string) *started {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	p := &started{Cmd: exec.Command("ebpfx", args...), t: t, exited: make(chan struct{})}
	p.Dir = dir
	p.Env = append(os.Environ(), "HOME="+dir, "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "CLANG="+os.Getenv("CLANG"))
	p.Stdout, p.Stderr = &p.out, &p.out
	return p
}

// begin starts the process and waits until it has written text.
func (p *started) begin(text string) {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		p.Wait()
		close(p.exited)
	}()
	p.t.Cleanup(func() {
		p.Process.Kill()
		<-p.exited
	})
	if !poll(func() bool { return strings.Contains(p.out.String(), text) || p.ended() }) {
		p.t.Fatalf("no %q in:\n%s", text, &p.out)
	}
	if p.ended() && !strings.Contains(p.out.String(), text) {
		p.t.Fatalf("ended with %v before %q:\n%s", p.ProcessState, text, &p.out)
	}
}

func (p *started) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// signal sends s.
func (p *started) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wantExit waits for the end and checks the exit code, and that what was said holds no trace of Go.
func (p *started) wantExit(code int) {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(limit):
		p.t.Fatalf("still runs:\n%s", &p.out)
	}
	if got := p.ProcessState.ExitCode(); got != code {
		p.t.Errorf("ended with %v, want exit code %d:\n%s", p.ProcessState, code, &p.out)
	}
	if strings.Contains(p.out.String(), "goroutine ") {
		p.t.Errorf("shows goroutines:\n%s", &p.out)
	}
}

// slowClang is a compiler that never comes to an end, and tells its process.
const slowClang = `#!/bin/sh
case "$*" in
*--version*) echo 'clang version 14.0.6'; exit ;;
*-print-targets*) echo 'bpf - BPF (host endian)'; exit ;;
esac
echo $$ > "$PIDFILE"
exec sleep 1000
`

// manyBranches is a program that the verifier follows for a while.
const manyBranches = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tracepoint/syscalls/sys_enter_getpgid")
int many_branches(void *ctx)
{
	volatile __u64 x = 0;

	for (int i = 0; i < 15000; i++) {
		if (bpf_get_prandom_u32() & 1)
			x += i;
		else
			x ^= i;
	}
	return x;
}
char LICENSE[] SEC("license") = "GPL";
`

func TestInterrupt(t *testing.T) {
	for _, sig := range []syscall.Signal{unix.SIGINT, unix.SIGTERM} {
		interrupted := 128 + int(sig)
		t.Run(sig.String(), func(t *testing.T) {
			t.Run("while project.lua loads", func(t *testing.T) {
				t.Parallel()
				p := start(t, []string{"run"}, "project.lua", `print("loading") while true do end`)
				p.begin("loading")
				p.signal(sig)
				p.wantExit(interrupted)
			})
			t.Run("while it builds", func(t *testing.T) {
				t.Parallel()
				p := start(t, []string{"build"},
					"project.lua", `target("x") add_files("x.bpf.c")`,
					"x.bpf.c", "int x;\n",
					"clang", slowClang)
				pidFile := filepath.Join(p.Dir, "pid")
				p.Env = append(p.Env, "CLANG="+filepath.Join(p.Dir, "clang"), "PIDFILE="+pidFile)
				p.begin("compiling x.bpf.c")
				var pid int
				if !poll(func() bool {
					text, _ := os.ReadFile(pidFile)
					n, _ := fmt.Sscan(string(text), &pid)
					return n == 1
				}) {
					t.Fatal("clang was not started")
				}
				p.signal(sig)
				p.wantExit(interrupted)
				if !poll(func() bool { return unix.Kill(pid, 0) == unix.ESRCH }) {
					t.Error("clang goes on")
				}
				if left, _ := filepath.Glob(filepath.Join(p.Dir, ".ebpfx", "*.o*")); len(left) > 0 {
					t.Errorf("left %q", left)
				}
			})
			t.Run("while it checks", func(t *testing.T) {
				needRoot(t)
				t.Parallel()
				p := start(t, []string{"check"}, "project.lua", `
					for i = 1, 40 do target("x" .. i) add_files("x.bpf.c") end
					after_build(function () print("built") end)
				`, "x.bpf.c", manyBranches)
				p.begin("built")
				p.signal(sig)
				p.wantExit(interrupted)
				if strings.Contains(p.out.String(), "VERDICT") {
					t.Errorf("all were checked:\n%s", &p.out)
				}
			})
			t.Run("while entry sleeps", func(t *testing.T) {
				t.Parallel()
				p := start(t, []string{"run"}, "project.lua", `entry(function () print("asleep") sleep(1e7) end)`)
				p.begin("asleep")
				p.signal(sig)
				p.wantExit(0)
			})
			t.Run("while a target runs", func(t *testing.T) {
				needRoot(t)
				t.Parallel()
				name := uniqueProgram(t)
				p := start(t, []string{"run"}, "project.lua", runningProject, "x.bpf.c", idleProgram(name))
				p.begin("attached")
				if n := len(attachedPrograms(t, name)); n != 1 {
					t.Errorf("%d programs are attached, want 1", n)
				}
				p.signal(sig)
				p.wantExit(0)
				if !strings.Contains(p.out.String(), "left in order") {
					t.Errorf("on_exit was not called:\n%s", &p.out)
				}
				wantGone(t, name)
			})
		})
	}
}

// The second signal ends at once what does not heed the first.
func TestInterruptTwice(t *testing.T) {
	needRoot(t)
	for _, second := range []syscall.Signal{unix.SIGINT, unix.SIGTERM} {
		t.Run(unix.SignalName(second), func(t *testing.T) {
			name := uniqueProgram(t)
			p := start(t, []string{"run"}, "project.lua", `
				target("x")
					add_files("x.bpf.c")
					on_load(function () print("attached") end)
					on_exit(function () while true do end end)
			`, "x.bpf.c", idleProgram(name))
			p.begin("attached")
			p.signal(unix.SIGINT)
			if !poll(func() bool { return len(attachedPrograms(t, name)) == 0 }) {
				t.Error("still attached though on_exit runs")
			}
			p.signal(second)
			p.wantExit(128 + int(second))
		})
	}
}

// Nothing stays attached even when nobody can clean up.
func TestKill(t *testing.T) {
	needRoot(t)
	name := uniqueProgram(t)
	p := start(t, []string{"run"}, "project.lua", runningProject, "x.bpf.c", idleProgram(name))
	p.begin("attached")
	p.signal(unix.SIGKILL)
	p.wantExit(-1)
	wantGone(t, name)
}

// A reader that goes away ends the run in order and without a word.
func TestBrokenPipe(t *testing.T) {
	needRoot(t)
	name := uniqueProgram(t)
	p := start(t, []string{"run", "-q"}, "project.lua", `
		target("x")
			add_files("x.bpf.c")
			every(1, function () print("line") end)
	`, "x.bpf.c", idleProgram(name))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stdout = w
	p.begin("")
	w.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Errorf("read a line: %v", err)
	}
	r.Close()
	select {
	case <-p.exited:
	case <-time.After(limit):
		t.Fatal("still runs")
	}
	if code := p.ProcessState.ExitCode(); code != 0 && code != 128+int(unix.SIGPIPE) {
		t.Errorf("ended with %v", p.ProcessState)
	}
	if p.out.String() != "" {
		t.Errorf("said:\n%s", &p.out)
	}
	wantGone(t, name)
}

// runningProject runs until it is interrupted.
const runningProject = `
	target("x")
		add_files("x.bpf.c")
		on_load(function () print("attached") end)
		on_exit(function () print("left in order") end)
`

// idleProgram is the source of a program called name that is attached and does nothing.
func idleProgram(name string) string {
	return `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tracepoint/syscalls/sys_enter_getpgid") int ` + name + `(void *ctx) { return 0; }
char LICENSE[] SEC("license") = "GPL";
`
}

// uniqueProgram returns a name that no other program in the kernel has.
func uniqueProgram(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("x%x", time.Now().UnixNano()&0xffffffffffff)
}

func wantGone(t *testing.T, name string) {
	t.Helper()
	if !poll(func() bool { return len(loadedPrograms(name)) == 0 }) {
		t.Errorf("program %s is still in the kernel", name)
	}
}
