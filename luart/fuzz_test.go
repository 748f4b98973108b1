package luart

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// FuzzLoad loads random scripts. None may panic, write outside of its output, or fail without a place in the script.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/load/*.lua")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "testdata/origin/project.lua") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, chunk := range bytes.Split(text, []byte("\n---\n")) {
			f.Add(string(chunk))
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "project.lua")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s, err := LoadContext(ctx, file, LoadOptions{Stdout: new(bytes.Buffer)})
		if err == nil {
			s.Close()
		}
		var d *diag.Diagnostic
		if err != nil && ctx.Err() == nil && !(errors.As(err, &d) && d.Line > 0) {
			t.Errorf("%v has no place", err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("the folder now holds %v, %v", entries, err)
		}
	})
}
