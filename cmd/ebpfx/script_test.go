package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

// TestScript runs the command as users do, from the scripts in testdata/script.
// Beside testscript's own commands these have:
//
//	exits CODE PROGRAM [ARG...]  runs the program, which must end with the exit code
//	await FILE REGEXP            waits until the file has what matches
//	nothing-left PROGRAM         waits until the kernel has no eBPF program of that name
//	truncate FILE SIZE           cuts a file
//	poke FILE OFFSET BYTE        changes a byte of a file
//
// and the conditions [root], [clang], [ipv6], and [namespaces], for mounts and networks of a script's own.
func TestScript(t *testing.T) {
	cache := t.TempDir() // vmlinux.h is made once for all scripts
	self, err := exec.LookPath("ebpfx")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("HOME", env.Getenv("WORK"))
			env.Setenv("EBPFX", self) // for scripts that change PATH
			env.Setenv("EXAMPLES", filepath.Join(repository(t), "examples"))
			env.Setenv("GITHUB_ACTIONS", "")
			env.Setenv("CLANG", os.Getenv("CLANG"))
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        exits,
			"await":        await,
			"nothing-left": nothingLeft,
			"truncate":     truncate,
			"poke":         poke,
		},
	})
}

// condition answers [root], [clang] and [namespaces]. The first two are what EBPFX_REQUIRE_KERNEL promises.
func condition(name string) (bool, error) {
	var met bool
	switch name {
	case "root":
		met = os.Geteuid() == 0
	case "clang":
		_, err := exec.LookPath("clang")
		met = err == nil
	case "namespaces": // containers often may not
		return exec.Command("unshare", "--mount", "--net", "true").Run() == nil, nil
	case "ipv6": // this machine may do without
		l, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			return false, nil
		}
		return true, l.Close()
	default:
		return false, fmt.Errorf("unknown condition %s", name)
	}
	if !met && requireKernel() {
		return false, fmt.Errorf("EBPFX_REQUIRE_KERNEL is set, but there is no %s", name)
	}
	return met, nil
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	file, want := ts.MkAbs(args[0]), regexp.MustCompile(`(?m)`+args[1])
	var text []byte
	met := poll(func() bool {
		text, _ = os.ReadFile(file)
		return want.Match(text)
	})
	if !met {
		ts.Fatalf("nothing in %s matches %s:\n%s", args[0], args[1], text)
	}
}

func nothingLeft(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nothing-left PROGRAM")
	}
	if !poll(func() bool { return len(loadedPrograms(args[0])) == 0 }) {
		ts.Fatalf("program %s is still in the kernel", args[0])
	}
}

func truncate(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

func poke(ts *testscript.TestScript, neg bool, args []string) {
	file := ts.MkAbs(args[0])
	b, err := os.ReadFile(file)
	ts.Check(err)
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	value, err := strconv.ParseUint(args[2], 0, 8)
	ts.Check(err)
	b[offset] = byte(value)
	ts.Check(os.WriteFile(file, b, 0o666))
}

// poll asks until the answer is yes, and reports whether it ever was.
func poll(ready func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		if ready() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
