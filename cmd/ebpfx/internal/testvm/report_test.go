package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOne, TestTwo and TestThree of a package p, as a test binary with -test.v=test2json prints them.
const (
	frame   = "\x16"
	between = frame + "=== NAME  \n"
	passes  = frame + "=== RUN   TestOne\n" + frame + "--- PASS: TestOne (0.01s)\n" + between
	fails   = frame + "=== RUN   TestTwo\n    two_test.go:1: it is wrong\n" + frame + "--- FAIL: TestTwo (0.01s)\n" + between
	subtest = frame + "=== RUN   TestTwo\n" + frame + "=== RUN   TestTwo/case\n    two_test.go:2: it is wrong\n" +
		frame + "--- FAIL: TestTwo/case (0.00s)\n" + frame + "=== NAME  TestTwo\n" + frame + "--- FAIL: TestTwo (0.01s)\n" + between
	skips   = frame + "=== RUN   TestThree\n    three_test.go:1: no clang\n" + frame + "--- SKIP: TestThree (0.00s)\n" + between
	panics  = frame + "=== RUN   TestTwo\npanic: boom\n"
	begin   = "\n@guest begin p\n"
	endOK   = "PASS\n\n@guest end p: ok\n"
	endFail = "FAIL\n\n@guest end p: exit status 1\n"
	off     = "\n@guest off\n"
)

func TestReport(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("go is not on PATH")
	}
	for _, tc := range []struct {
		name, results  string
		summary        string
		printed, spare []string // what is printed, and what is not
	}{
		{"all pass", begin + passes + skips + endOK + off,
			"1 passed, 0 failed, 1 skipped, 0 s", []string{"skip p.TestThree: three_test.go:1: no clang"}, []string{"FAIL"}},
		{"a failure", begin + passes + fails + endFail + off,
			"1 passed, 1 failed, 0 skipped, 0 s", []string{"FAIL p.TestTwo\n", "it is wrong"}, []string{"TestOne"}},
		{"a subtest's", begin + subtest + endFail + off,
			"0 passed, 2 failed, 0 skipped, 0 s", []string{"FAIL p.TestTwo/case\n", "it is wrong"}, []string{"FAIL p.TestTwo\n"}},
		{"a panic", begin + passes + panics + "\n@guest end p: exit status 2\n" + off,
			"1 passed, 1 failed, 0 skipped, 0 s", []string{"FAIL p.TestTwo\n", "panic: boom"}, nil},
		{"outside of tests", begin + passes + "PASS\nfile descriptors are left open\n\n@guest end p: exit status 1\n" + off,
			"1 passed, 1 failed, 0 skipped, 0 s", []string{"FAIL p\n", "file descriptors are left open", "exit status 1"}, nil},
		{"several binaries", begin + passes + endOK + strings.ReplaceAll(begin, " p", " q") + fails + endFail + off,
			"1 passed, 1 failed, 0 skipped, 0 s", []string{"FAIL q.TestTwo\n"}, nil},
		{"the machine went off", begin + passes + frame + "=== RUN   TestTwo\n",
			"1 passed, 1 failed, 0 skipped, 0 s: it went off before its tests had ended", []string{"FAIL p.TestTwo\n", "the machine ended meanwhile"}, nil},
		{"nothing", "", "0 passed, 0 failed, 0 skipped, 0 s: it went off before its tests had ended", nil, []string{"FAIL"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := readReport(t.Context(), strings.NewReader(tc.results))
			if got := r.summary(err); got != tc.summary {
				t.Errorf("got %s, want %s", got, tc.summary)
			}
			var out strings.Builder
			r.print(&out, true)
			for _, want := range tc.printed {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in\n%s", want, out.String())
				}
			}
			for _, spare := range tc.spare {
				if strings.Contains(out.String(), spare) {
					t.Errorf("%q is in\n%s", spare, out.String())
				}
			}
		})
	}
}

// TestHungMachine: a machine that does not power off is killed, and what it printed until then is read.
func TestHungMachine(t *testing.T) {
	dir := t.TempDir()
	m := machine{console: filepath.Join(dir, "console"), results: filepath.Join(dir, "results")}
	// It stands in for the emulator, which need not be installed here.
	script := fmt.Sprintf("#!/bin/sh\nprintf '%s' >%s\nexec tail -f /dev/null\n", `\n@guest begin p\nhalf a li`, m.results)
	if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	r, err := m.test(t.Context(), time.Second)
	if err == nil || !strings.Contains(err.Error(), "it hung, and was killed after 1s") {
		t.Errorf("got %v", err)
	}
	if r == nil || len(r.failed) != 1 || r.failed[0].name != "p" {
		t.Errorf("got %+v", r)
	}
}

func TestNoEmulator(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	m := machine{console: filepath.Join(dir, "console"), results: filepath.Join(dir, "results")}
	if _, err := m.test(t.Context(), time.Minute); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
