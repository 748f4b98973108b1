package bpf_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Programs and libraries for tests to attach to are made from testdata/target when a test wants them. A machine without a
// compiler, as virtual ones are, is given them in a folder that EBPFX_TARGETS names, where TestMakeTargets left them.

// recipes are commands by the name of what they make. $@ stands for where it goes.
var recipes = map[string]string{
	"usdt-O0":               "cc -O0 -o $@ usdt.c",
	"usdt-pie":              "cc -O2 -fPIE -pie -o $@ usdt.c",
	"usdt-exec":             "cc -O2 -fno-pie -no-pie -o $@ usdt.c",
	"usdt-static":           "cc -O2 -static -o $@ usdt.c",
	"usdt-static-pie":       "cc -O2 -static-pie -o $@ usdt.c",
	"usdt-stripped":         "cc -O2 -s -o $@ usdt.c",
	"libebpfx.so":           "cc -O2 -fPIC -shared -Wl,--version-script=library.map -o $@ library.c",
	"loader":                "cc -O2 -o $@ loader.c -ldl",
	"many":                  "cc -O2 -o $@ many.c",
	"functions-pie":         "cc -O2 -fPIE -pie -o $@ functions.c",
	"functions-exec":        "cc -O2 -fno-pie -no-pie -o $@ functions.c",
	"functions-static":      "cc -O2 -static -o $@ functions.c",
	"functions-stripped":    "cc -O2 -fPIE -pie -s -o $@ functions.c",
	"functions-go":          "go build -o $@ functions.go",
	"functions-go-stripped": "go build -ldflags=-s -o $@ functions.go",
	"functions-rust":        "rustc -O -Ctarget-feature=+crt-static -o $@ functions.rs",
}

// targetFolder is where targets are made, unless EBPFX_TARGETS says otherwise.
var targetFolder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "ebpfx-targets-") })

var makingTargets sync.Mutex

// target returns the path of what a recipe makes.
func target(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("EBPFX_TARGETS")
	if dir == "" {
		var err error
		if dir, err = targetFolder(); err != nil {
			tb.Fatal(err)
		}
	}
	makingTargets.Lock()
	defer makingTargets.Unlock()
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	args := strings.Fields(strings.ReplaceAll(recipes[name], "$@", path))
	if len(args) == 0 {
		tb.Fatalf("nobody knows how to make %s", name)
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		tb.Skipf("there is no %s to make %s", args[0], name)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "testdata/target"
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return path
}

// TestMakeTargets makes all for another machine.
func TestMakeTargets(t *testing.T) {
	if os.Getenv("EBPFX_TARGETS") == "" {
		t.Skip("make test-vm runs this")
	}
	for name := range recipes {
		t.Run(name, func(t *testing.T) { target(t, name) })
	}
}

// process is a running target, which does something for each line.
type process struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// start runs a command until the test ends.
func start(tb testing.TB, name string, args ...string) *process {
	tb.Helper()
	return startCommand(tb, exec.Command(name, args...))
}

func startCommand(tb testing.TB, cmd *exec.Cmd) *process {
	tb.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			tb.Error(err)
		}
	})
	return &process{cmd, in, bufio.NewScanner(out)}
}

// line has the process act once, and returns what it answers.
func (p *process) line(tb testing.TB) string {
	tb.Helper()
	if _, err := fmt.Fprintln(p.in); err != nil {
		tb.Fatal(err)
	}
	if !p.out.Scan() {
		tb.Fatalf("%s does not answer: %v", p.Path, p.out.Err())
	}
	return p.out.Text()
}

// removeTargets removes what the tests made.
func removeTargets() {
	if dir, err := targetFolder(); err == nil {
		os.RemoveAll(dir)
	}
}
