package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each example has a section in examples/README.md, with a part of its script that is as it stands there, and the output of a run.
func TestExamplesReadme(t *testing.T) {
	readme, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile("(?s)^\n\n```lua\n(.*?)```\n\n    \\$ sudo ebpfx run.*\n    ")
	scripts, err := filepath.Glob("../../examples/*/project.lua")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d examples, %v", len(scripts), err)
	}
	for _, path := range scripts {
		name := filepath.Base(filepath.Dir(path))
		script, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(readme), "\n## "+name)
		text, _, _ = strings.Cut(text, "\n## ")
		match := section.FindStringSubmatch(text)
		if match == nil {
			t.Errorf("%s: no section with a script and a run of it", name)
			continue
		}
		if shown := match[1]; !strings.Contains(string(script), shown) || strings.Count(shown, "\n") > 30 {
			t.Errorf("%s: what is shown is not in %s, or longer than 30 lines", name, path)
		}
	}
}
