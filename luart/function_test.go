package luart

import (
	"bytes"
	"context"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/builder"
)

// Every function and method has an entry that says all there is to say, and an example that calls it.
func TestFunctionEntries(t *testing.T) {
	known := make(map[string]bool)
	for _, c := range Classes() {
		known[c.Name] = true
		if c.Text == "" {
			t.Errorf("the class %s has no text", c.Name)
		}
	}
	for _, f := range Functions() {
		if f.Text == "" || !strings.HasSuffix(f.Text, ".") || strings.Contains(f.Text, "\n") {
			t.Errorf("%s: its text is no paragraph: %q", f.Name, f.Text)
		}
		called := f.Name
		if class, method, ok := strings.Cut(f.Name, ":"); ok {
			called = ":" + method
			if !known[class] {
				t.Errorf("%s: there is no class %s", f.Name, class)
			}
		}
		if !regexp.MustCompile(regexp.QuoteMeta(called) + `[({"]`).MatchString(f.Example) {
			t.Errorf("%s: its example does not call it:\n%s", f.Name, f.Example)
		}
		for _, params := range append(f.Overloads, f.Params) {
			for i, p := range params {
				if p.Name == "" || p.Type == "" || p.Name == "..." && i < len(params)-1 {
					t.Errorf("%s: parameter %d is %+v", f.Name, i+1, p)
				}
			}
		}
	}
}

// The examples do what they say: what is printed is what stands behind --> in them.
func TestFunctionExamples(t *testing.T) {
	for _, f := range Functions() {
		t.Run(f.Name, func(t *testing.T) {
			if f.AtFile && f.InScript && !strings.Contains(f.Example, "target(") {
				runExample(t, f.Example, f.Example, false)
			}
			if f.InScript && !strings.Contains(f.Example, "target(") {
				project := "target(\"opensnoop\")\n    add_files(\"opensnoop.bpf.o\")\nentry(function()\n" + f.Example + "\nend)"
				runExample(t, f.Example, project, true)
			} else {
				// An example that says nothing of its output describes something; there need not be such a program.
				runExample(t, f.Example, f.Example, strings.Contains(f.Example, "-->"))
			}
		})
	}
}

// exampleFiles are what examples find beside them.
var exampleFiles = map[string]string{
	"tools/net.lua":     `target("net") add_files("net.bpf.c")`,
	"guard/project.lua": `target("guard") add_files("guard.bpf.c")`,
}

// runExample loads the project that an example makes and, if that is asked for, runs it, with the producer of bpftest, which makes one event,
// as the object of all its targets.
func runExample(t *testing.T, example, project string, run bool) {
	t.Helper()
	files := maps.Clone(exampleFiles)
	files["project.lua"] = project
	var out bytes.Buffer
	s, err := Load(filepath.Join(writeProject(t, files), "project.lua"), LoadOptions{Stdout: &out})
	if err != nil {
		t.Fatalf("%v\n%s", err, project)
	}
	defer s.Close()
	if run {
		runExampleScript(t, s, &out, strings.Contains(example, "stop()"))
	}
	var want []string
	for _, m := range regexp.MustCompile(`(?m)--> ?(.*)$`).FindAllStringSubmatch(example, -1) {
		want = append(want, m[1])
	}
	if got := slices.Collect(strings.Lines(out.String())); len(want) > 0 && strings.Join(got, "") != strings.Join(want, "\n")+"\n" {
		t.Errorf("the example\n%s\nprints\n%s", example, out.String())
	}
}

// runExampleScript runs s until it stops by itself or has been given its event.
func runExampleScript(t *testing.T, s *Script, out *bytes.Buffer, stops bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var object string
	if len(s.Project().Targets) > 0 {
		object = writeProducer(t)
	}
	produced := false
	err := s.Run(ctx, nil, RunOptions{
		Stdout: out,
		Build:  func(context.Context, *builder.Target) (string, error) { return object, nil },
		Watch: func(_ *builder.Target, kernel *bpf.Instance, _ bool) error {
			if !produced {
				produced = true
				return bpftest.Produce(bpftest.Reserve, 1)
			}
			if kernel.Stats().Events > 0 && !stops {
				cancel()
			}
			return nil
		},
		WatchInterval: 5 * time.Millisecond,
	})
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// What an error calls a missing argument is what the reference calls it.
func TestFunctionParams(t *testing.T) {
	for _, f := range Functions() {
		if len(f.Params) == 0 || f.Params[0].Optional || f.Params[0].Name == "..." || !f.AtFile || strings.Contains(f.Name, ":") {
			continue
		}
		_, err := loadText(t, f.Name+"()", LoadOptions{})
		if err == nil || !strings.Contains(err.Error(), f.Name+": missing argument "+f.Params[0].Name) {
			t.Errorf("%s() says: %v; its first parameter is %s", f.Name, err, f.Params[0].Name)
		}
	}
}
