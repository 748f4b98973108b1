package luart

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// forever is longer than any test takes.
const forever = time.Hour

func TestTimeout(t *testing.T) {
	for name, body := range map[string]string{
		"sleep":              `sleep(1e9)`,
		"busy":               `while true do end`,
		"busy below pcall":   `while true do pcall(function() while true do end end) end`,
		"busy in coroutine":  `coroutine.wrap(function() while true do end end)()`,
		"sleep in coroutine": `coroutine.wrap(function() pcall(sleep, 1e9) end)()`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := loadText(t, "entry(function() print('begun') "+body+" error('not reached') end)", LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := s.Run(t.Context(), nil, RunOptions{Timeout: 20 * time.Millisecond, Stdout: &out}); err != nil {
				t.Error(err)
			}
			if out.String() != "begun\n" {
				t.Errorf("the script printed %q", out.String())
			}
		})
	}
}

// A run whose time is over before anything is attached has failed, and says so.
func TestTimeoutWhileStarting(t *testing.T) {
	for name, script := range map[string]string{
		"default entry": `target("p") add_files("p.bpf.o")`,
		"entry":         `target("p") add_files("p.bpf.o") entry(function() run("p") print("not reached") end)`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := loadText(t, script, LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			opts := RunOptions{Timeout: 20 * time.Millisecond, Stdout: &out}
			var starts context.Context
			opts.Build = func(ctx context.Context, _ *builder.Target) (string, error) {
				starts = ctx
				return "", nil
			}
			opts.Open = func(*builder.Target, string) (*bpf.Object, error) {
				<-starts.Done()
				return nil, starts.Err()
			}
			err = s.Run(t.Context(), nil, opts)
			if want := "run p: 20ms (--timeout) passed before it was attached"; err == nil || err.Error() != want || out.Len() > 0 {
				t.Errorf("got %v, printed %q", err, out.String())
			}
		})
	}
}

// The time that builds take is none of the run's, which has what is left of its own afterwards.
func TestTimeoutWithoutBuilds(t *testing.T) {
	s, err := loadText(t, `target("p") add_files("p.bpf.o") entry(function() sleep(3000) pcall(run, "p") print("built") sleep(1e9) end)`, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		opts := RunOptions{Timeout: 5 * time.Second, Stdout: &out}
		opts.Build = func(context.Context, *builder.Target) (string, error) {
			time.Sleep(time.Minute)
			return "", errors.New("refused")
		}
		began := time.Now()
		err := s.Run(t.Context(), nil, opts)
		if took := time.Since(began); err != nil || out.String() != "built\n" || took < 65*time.Second || took > 66*time.Second {
			t.Errorf("got %v after %v, printed %q", err, took, out.String())
		}
	})
}

// What a script prints is there to be read before the loop waits.
func TestOutputIsFlushedWhenIdle(t *testing.T) {
	s, err := loadText(t, `entry(function() print("first") sleep(1) io.write("second") sleep(1e9) end)`, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, nil, RunOptions{Stdout: w})
		w.Close()
	}()
	in := bufio.NewReader(r)
	for _, want := range []string{"first\n", "second"} {
		got := make([]byte, len(want))
		if _, err := in.Read(got); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestExitCode(t *testing.T) {
	for script, code := range map[string]int{
		`os.exit(7)`:     7,
		`os.exit(false)`: 1,
		`os.exit(true)`:  0,
		`os.exit()`:      0,
	} {
		out, err := runText(t, "entry(function() print('before') "+script+" end)")
		var exit *ExitError
		switch {
		case out != "before\n":
			t.Errorf("%s: the script printed %q", script, out)
		case code == 0 && err != nil:
			t.Errorf("%s: %v", script, err)
		case code != 0 && (!errors.As(err, &exit) || exit.Code() != code):
			t.Errorf("%s: %v, want code %d", script, err, code)
		}
	}
}

// Nobody reads the output any more: that ends the run as SIGPIPE would.
func TestBrokenPipe(t *testing.T) {
	for _, body := range []string{
		`print("x") sleep(1e9)`,
		`while true do print(string.rep("x", 1000)) end`,
		`while true do pcall(print, string.rep("x", 1000)) end`,
		`while true do pcall(print, string.rep("x", 1000)) sleep(0) end`,
	} {
		s, err := loadText(t, "entry(function() "+body+" end)", LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		err = s.Run(t.Context(), nil, RunOptions{Stdout: w})
		w.Close()
		var exit *ExitError
		if !errors.As(err, &exit) || exit.Code() != 141 {
			t.Errorf("%s: %v, want exit code 141", body, err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("the machine has no /dev/full: %v", err)
	}
	defer full.Close()
	for _, body := range []string{`print("x")`, `print("x") sleep(1e9)`, `while true do pcall(print, string.rep("x", 1000)) end`} {
		s, err := loadText(t, "entry(function() "+body+" end)", LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Run(t.Context(), nil, RunOptions{Stdout: full})
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "write") {
			t.Errorf("%s: %v, want that the disk is full", body, err)
		}
	}
}

const twoTargets = `target("one") add_files("*.bpf.c")
target("two") add_files("*.bpf.c") set_default(false)
`

func TestDefaultEntry(t *testing.T) {
	for _, test := range []struct {
		name, script string
		args         []string
		built        string
		err          string
	}{
		{"the default targets", twoTargets, nil, "one", "no clang"},
		{"those that are named", twoTargets, []string{"two", "one"}, "two", "no clang"},
		{"an unknown one", twoTargets, []string{"one", "three"}, "", `no target named "three" (there are: one, two)`},
		{"none", `target("one") set_default(false) add_files("*.bpf.c")`, nil, "", "nothing to run: the project has no default target"},
		{"a flag behind one", twoTargets, []string{"one", "-t"}, "", `no target named "-t" (there are: one, two); flags go before the names of targets`},
		{"an empty project", ``, []string{"x"}, "", `no target named "x" (the project has none)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := loadText(t, test.script, LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var built []string
			err = s.Run(t.Context(), test.args, RunOptions{
				Build: func(_ context.Context, t *builder.Target) (string, error) {
					built = append(built, t.Name)
					return "", errors.New("no clang")
				},
			})
			if err == nil || err.Error() != test.err {
				t.Errorf("got error %v, want %s", err, test.err)
			}
			if got := strings.Join(built, " "); got != test.built {
				t.Errorf("built %q, want %q", got, test.built)
			}
		})
	}
}

// A build that fails is an error at the line of run, which a script may catch, and whose cause is kept.
func TestBuildFails(t *testing.T) {
	cause := errors.New("no clang")
	build := func(context.Context, *builder.Target) (string, error) { return "", cause }
	s, err := loadText(t, twoTargets+`entry(function()
		local ok, message = pcall(run, "one")
		assert(not ok and message:match("no clang$"), message)
		local ok, message = pcall(function() run("one") end)
		assert(not ok and message:match("^.*project.lua:6: no clang$"), message)
		run("two")
	end)`, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context(), nil, RunOptions{Build: build})
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Line != 8 || d.Text != "no clang" || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

// The end of the run interrupts a build, and is no error.
func TestBuildIsInterrupted(t *testing.T) {
	for name, script := range map[string]string{
		"default entry": twoTargets,
		"entry":         twoTargets + `entry(function() run("one") error("not reached") end)`,
		"waiting":       twoTargets + `entry(function() coroutine.wrap(function() pcall(run, "one") end)() wait() error("not reached") end)`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := loadText(t, script, LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			err = s.Run(ctx, nil, RunOptions{
				Build: func(ctx context.Context, _ *builder.Target) (string, error) {
					cancel()
					<-ctx.Done()
					return "", context.Cause(ctx)
				},
				Timeout: forever,
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// An object that cannot be opened is the error of run.
func TestObjectIsMissing(t *testing.T) {
	s, err := loadText(t, twoTargets+`entry(function() run("one") end)`, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context(), nil, RunOptions{
		Build: func(context.Context, *builder.Target) (string, error) { return "/nonexistent.bpf.o", nil },
	})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "run one: ") || !strings.Contains(err.Error(), "/nonexistent.bpf.o") {
		t.Errorf("got %v", err)
	}
}

// An error carries the script's functions that led to it, through coroutines and protected calls.
func TestTraceback(t *testing.T) {
	_, err := runText(t, `
local function inner() error("broken") end
local function middle() sleep(1) inner() end
entry(function()
    local co = coroutine.wrap(function()
        middle()
    end)
    co()
end)`)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Line != 2 || d.Text != "broken" {
		t.Fatalf("got %v", err)
	}
	lines := strings.Split(d.Detail, "\n")
	for _, want := range []string{"project.lua:2:", "project.lua:3:", "project.lua:6:", "project.lua:8:"} {
		for len(lines) > 0 && !strings.Contains(lines[0], want) {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			t.Errorf("no %s in its place in\n%s", want, d.Detail)
			break
		}
	}
	if strings.Contains(d.Detail, "[") {
		t.Errorf("the traceback shows what is not the script's:\n%s", d.Detail)
	}
}
