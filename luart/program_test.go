package luart

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
)

// oneTarget is a project that no file describes.
func oneTarget() *builder.Project {
	return &builder.Project{Name: "tool", Dir: "/src", Targets: []*builder.Target{{
		Name: "tool", Kind: "auto", Default: true,
		Files:   []builder.Files{{Pattern: "tool.bpf.c", Dir: "/src"}},
		Globals: []builder.Global{{Name: "targ_pid", Value: int64(1)}, {Name: "verbose", Value: true}},
		Hooks:   []builder.Hook{{Program: "probe", Where: "lo"}},
	}}}
}

func TestLoadProject(t *testing.T) {
	p := oneTarget()
	s, err := LoadProject(t.Context(), p, `set_globals{targ_pid = 7} attach_to("other", "eth0") set_kind("xdp")`, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := s.Project().Target("tool")
	if got == nil || len(s.Project().Targets) != 1 {
		t.Fatalf("the targets are %v", s.Project().TargetNames())
	}
	if got.Kind != "xdp" || !got.Default || len(got.Files) != 1 || len(got.Hooks) != 2 {
		t.Errorf("the target is %+v", got)
	}
	// Lua has the last word.
	values := make(map[string]any)
	for _, g := range got.Globals {
		values[g.Name] = g.Value
	}
	if len(got.Globals) != 2 || values["targ_pid"] != float64(7) && values["targ_pid"] != int64(7) || values["verbose"] != true {
		t.Errorf("the globals are %v", values)
	}
	if len(p.Targets[0].Hooks) != 1 || p.Targets[0].Globals[0].Value != int64(1) {
		t.Errorf("the caller's project was changed: %+v", p.Targets[0])
	}
}

func TestLoadProjectErrors(t *testing.T) {
	for code, want := range map[string]string{
		`on_evnt(print)`:       `-e:1:1: unknown function on_evnt (did you mean on_event?)`,
		"\non_event(1)":        `-e:2:1: on_event: expected a function, got a number`,
		`run("tool")`:          `-e:1:1: run: belongs inside a function: entry(function() ... end)`,
		`on_event(function() `: `-e:1:21: syntax error: the file ends too early; the function of line 1 lacks its end`,
	} {
		s, err := LoadProject(t.Context(), oneTarget(), code, LoadOptions{})
		if err == nil {
			s.Close()
			t.Errorf("%s: no error, want %s", code, want)
		} else if err.Error() != want {
			t.Errorf("%s: got %v, want %s", code, err, want)
		}
	}
}

// Code that comes with no file takes events as a project.lua would, and the watcher sees what runs until its very end.
func TestRunProject(t *testing.T) {
	object := writeProducer(t)
	p := oneTarget()
	p.Targets[0].Globals, p.Targets[0].Hooks = nil, nil
	s, err := LoadProject(t.Context(), p, `on_load(function() sleeps = 0 end)`, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	var looks []bool
	opened := 0
	ended := false
	err = s.Run(t.Context(), nil, RunOptions{
		Open: func(_ *builder.Target, path string) (*bpf.Object, error) {
			opened++
			return bpf.Open(object)
		},
		Build:         noBuild,
		WatchInterval: time.Millisecond,
		Watch: func(target *builder.Target, kernel *bpf.Instance, last bool) error {
			looks = append(looks, last)
			if _, err := kernel.Snapshot(); err != nil {
				t.Error(err)
			}
			if len(looks) == 3 {
				s.loop.end(true)
			}
			return nil
		},
		Ended: func(*builder.Target, bpf.Stats, time.Duration) { ended = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(looks, []bool{false, false, false, true}) || opened != 1 || !ended {
		t.Errorf("the watcher saw %v, %d objects were opened, ended is %v", looks, opened, ended)
	}
}

// An error of the watcher ends the run.
func TestWatchFails(t *testing.T) {
	object := writeProducer(t)
	s, err := LoadProject(t.Context(), &builder.Project{Targets: []*builder.Target{{Name: "tool", Default: true}}}, "", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	broken := errors.New("broken")
	err = s.Run(t.Context(), nil, RunOptions{
		Open:          func(*builder.Target, string) (*bpf.Object, error) { return bpf.Open(object) },
		Build:         noBuild,
		WatchInterval: time.Millisecond,
		Watch:         func(*builder.Target, *bpf.Instance, bool) error { return broken },
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// noBuild is for targets whose object is ready.
func noBuild(context.Context, *builder.Target) (string, error) { return "", nil }
