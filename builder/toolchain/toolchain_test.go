package toolchain

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ebpfx/ebpfx/builder/internal/skip"
)

// script writes an executable shell script called name to a folder and returns its path.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// fakeClang answers as a clang of the given version does.
func fakeClang(version string) string {
	return `case "$1" in
--version) echo "Fancy clang version ` + version + `"; echo "Target: x86_64-pc-linux-gnu" ;;
--print-targets) echo "  Registered Targets:"; echo "    bpf        - BPF (host endian)"; echo "    x86-64     - 64-bit X86" ;;
esac`
}

func TestFindClang(t *testing.T) {
	dir := t.TempDir()
	good := script(t, dir, "sp ace/my-clang", fakeClang("19.1.7"))
	old := script(t, dir, "old", fakeClang("13.0.1"))
	for _, tc := range []struct {
		name, clang string
		want        string // in the error; "" for none
	}{
		{"good", good, ""},
		{"too old", old, "use " + old + ": Fancy clang version 13.0.1 is too old: clang 14 or later is needed, the first that writes the BTF type tags"},
		{"no bpf", script(t, dir, "nobpf", `case $1 in --version) echo clang version 15.0.0;; *) echo "    x86 - 32-bit X86";; esac`), "clang version 15.0.0 was built without the bpf target"},
		{"not clang", "/bin/true", "use /bin/true: it does not say a version as clang does"},
		{"crashes", script(t, dir, "crash", "kill -SEGV $$"), "crash crashed (segmentation fault)"},
		{"not there", filepath.Join(dir, "nowhere"), "nowhere is no program that can be run"},
		{"a folder", dir, "find clang: " + dir + " is no program that can be run"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _, err := FindClang(context.Background(), tc.clang, nil)
			if tc.want == "" {
				if err != nil || c.Path != tc.clang || c.Version != "Fancy clang version 19.1.7" {
					t.Errorf("got %+v, %v", c, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v\nwant %s", err, tc.want)
			}
			if !errors.Is(err, ErrNoClang) {
				t.Errorf("%v is not ErrNoClang", err)
			}
		})
	}
	t.Run("environment", func(t *testing.T) {
		t.Setenv("CLANG", good)
		if c, _, err := FindClang(context.Background(), "", nil); err != nil || c.Path != good {
			t.Errorf("got %+v, %v", c, err)
		}
		t.Setenv("CLANG", "no-such-clang")
		if _, _, err := FindClang(context.Background(), "", nil); err == nil || !strings.Contains(err.Error(), "CLANG=no-such-clang is no program") {
			t.Errorf("got %v", err)
		}
	})
}

func TestFindClangOnPath(t *testing.T) {
	t.Setenv("CLANG", "")
	for _, tc := range []struct {
		name  string
		files map[string]string // name to version
		want  string
	}{
		{"plain name first", map[string]string{"clang": "14.0.0", "clang-19": "19.0.0"}, "clang"},
		{"newest by number", map[string]string{"clang-9": "9.0.0", "clang-19": "19.0.0", "clang-20": "20.0.0", "clang-format-21": "21.0.0"}, "clang-20"},
		{"plain name too old", map[string]string{"clang": "11.0.0", "clang-16": "16.0.0"}, "clang-16"},
		{"all too old", map[string]string{"clang": "11.0.0", "clang-13": "13.0.0"}, ""},
		{"none", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, version := range tc.files {
				script(t, dir, name, fakeClang(version))
			}
			t.Setenv("PATH", dir)
			c, _, err := FindClang(context.Background(), "", nil)
			if tc.want == "" {
				if !errors.Is(err, ErrNoClang) || !strings.Contains(err.Error(), InstallCommand(PackageClang)) {
					t.Errorf("got %+v, %v", c, err)
				}
				return
			}
			if err != nil || c.Path != filepath.Join(dir, tc.want) {
				t.Errorf("got %s, %v, want %s", c.Path, err, tc.want)
			}
		})
	}
}

// A compiler that is known is not started: that takes longer than all else when nothing is to be built.
func TestFindClangRemembers(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	clang := script(t, dir, "clang", "echo x >>"+log+"\n"+fakeClang("18.0.0"))
	_, seen, err := FindClang(context.Background(), clang, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked, _ := os.ReadFile(log)
	again, _, err := FindClang(context.Background(), clang, seen)
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(log); len(now) != len(asked) {
		t.Error("a known compiler was started")
	}
	if again != seen[0] {
		t.Errorf("got %+v, want %+v", again, seen[0])
	}
	// Replaced by another one, as an upgrade does.
	script(t, dir, "clang", fakeClang("18.0.10"))
	changed, _, err := FindClang(context.Background(), clang, seen)
	if err != nil {
		t.Fatal(err)
	}
	if changed.ID() == again.ID() || !strings.Contains(changed.Version, "18.0.10") {
		t.Errorf("an upgrade was not seen: %+v", changed)
	}
}

func TestParseVersion(t *testing.T) {
	for out, want := range map[string]int{
		"Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu\n": 14,
		"Ubuntu clang version 18.1.3 (1ubuntu1)\n":                   18,
		"clang version 20.0.0git (https://github.com/x y)\n":         20,
		"Alpine clang version 17.0.5":                                17,
		"gcc (Debian 12.2.0-14) 12.2.0":                              0,
		"":                                                           0,
	} {
		line, major := parseVersion(out)
		if major != want || strings.Contains(line, "\n") {
			t.Errorf("%q: got %q, %d, want %d", out, line, major, want)
		}
	}
}

func TestRunKillsTheGroup(t *testing.T) {
	dir := t.TempDir()
	// A wrapper whose compiler outlives it unless the group is killed. It has a pipe of ours open, so that Run would wait for it.
	pidFile := filepath.Join(dir, "pid")
	wrapper := script(t, dir, "wrapper", "sleep 1000 & echo $! >"+pidFile+".new; mv "+pidFile+".new "+pidFile+"; wait")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := Run(ctx, "", wrapper)
		done <- err
	}()
	var child int
	eventually(t, "the wrapper starts its child", func() bool {
		text, _ := os.ReadFile(pidFile)
		_, err := fmt.Sscan(string(text), &child)
		return err == nil
	})
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Run does not end when it is cancelled")
	}
	eventually(t, "the child is gone", func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		// A zombie waits for its adopter and does nothing more.
		return err != nil || strings.Contains(string(status), ") Z ")
	})
}

// eventually waits for a condition with a limit that a busy machine keeps.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not seen within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestToolErrors(t *testing.T) {
	dir := t.TempDir()
	for body, want := range map[string]string{
		"exit 3":         "cc exited with status 3",
		"kill -9 $$":     "cc was killed (SIGKILL), as the kernel does when memory runs out: free some, or build fewer files at once",
		"exit 137":       "cc was killed (SIGKILL), as the kernel does when memory runs out: free some, or build fewer files at once",
		"kill -ABRT $$":  "cc crashed (aborted): that is a bug of cc; try another version of it",
		"exit 139":       "cc crashed (segmentation fault): that is a bug of cc; try another version of it",
		"kill -USR1 $$":  "cc was ended by a signal (user defined signal 1)",
		"echo x; exit 0": "",
	} {
		out, err := Run(context.Background(), dir, script(t, dir, "cc", body))
		var tool *ToolError
		switch {
		case want == "":
			if err != nil || string(out.Stdout) != "x\n" {
				t.Errorf("%s: got %q, %v", body, out.Stdout, err)
			}
		case !errors.As(err, &tool) || err.Error() != want:
			t.Errorf("%s: got %v\nwant %s", body, err, want)
		}
	}
	_, err := Run(context.Background(), dir, filepath.Join(dir, "absent"))
	if !errors.Is(err, syscall.ENOENT) || !strings.HasPrefix(err.Error(), "run absent: ") {
		t.Errorf("got %v", err)
	}
	if _, err := Run(context.Background(), "/no/such/folder", "/bin/true"); err == nil {
		t.Error("ran in a folder that is not there")
	}
}

func TestInstallCommand(t *testing.T) {
	for _, tc := range []struct {
		release string
		root    bool
		want    string
	}{
		{"ID=debian\nVERSION_ID=\"12\"", true, "apt-get install -y clang libbpf-dev bpftool"},
		{"ID=debian", false, "sudo apt-get install -y clang libbpf-dev bpftool"},
		{"NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian", true, "apt-get install -y clang libbpf-dev linux-tools-common linux-tools-generic"},
		{"ID=linuxmint\nID_LIKE=\"ubuntu debian\"", true, "apt-get install -y clang libbpf-dev linux-tools-common linux-tools-generic"},
		{"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", false, "sudo dnf install -y clang libbpf-devel bpftool"},
		{"ID='alpine'", true, "apk add clang libbpf-dev bpftool"},
		{"ID=arch", false, "sudo pacman -S --needed clang libbpf bpf"},
		{"ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"", true, "zypper install -y clang libbpf-devel bpftool"},
		{"ID=plan9", false, "install clang and libbpf's headers (libbpf-dev or libbpf-devel) and bpftool"},
		{"", true, "install clang and libbpf's headers (libbpf-dev or libbpf-devel) and bpftool"},
	} {
		ids := parseOSRelease(bufio.NewScanner(strings.NewReader(tc.release)))
		if got := installCommand(ids, tc.root, []Package{PackageClang, PackageLibbpf, PackageBpftool}); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.release, got, tc.want)
		}
	}
}

func TestSystemIncludes(t *testing.T) {
	root := t.TempDir()
	target := Target{Multiarch: "x86_64-linux-gnu"}
	if got := systemIncludes(root, target); got != nil {
		t.Errorf("got %q where there is none", got)
	}
	dir := filepath.Join(root, "usr/include/x86_64-linux-gnu")
	if err := os.MkdirAll(filepath.Join(dir, "asm"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "asm/types.h"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{dir}, systemIncludes(root, target)); diff != "" {
		t.Error(diff)
	}
	if got := systemIncludes(root, Target{}); got != nil {
		t.Errorf("got %q for an unknown architecture", got)
	}
}

// On a machine that can build, all checks are well and say what was found.
func TestChecks(t *testing.T) {
	_, err := exec.LookPath("clang")
	skip.Unless(t, err)
	for _, c := range Checks(context.Background(), "") {
		if !c.OK || c.Detail == "" || c.Fix != "" {
			t.Errorf("%+v", c)
		}
	}
	// And where nothing is, each that is needed says what to do.
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CLANG", "")
	if c := checkClang(context.Background(), ""); c.OK || !c.Needed || c.Fix != InstallCommand(PackageClang) || c.Detail != "find clang: it is not on PATH" {
		t.Errorf("%+v", c)
	}
	if c := checkHeader("x", "no/such.h", PackageLibbpf); c.OK || c.Fix != InstallCommand(PackageLibbpf) {
		t.Errorf("%+v", c)
	}
}
