package luart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
)

// runText runs a project.lua of this text, which builds nothing, and returns what it prints.
func runText(t testing.TB, text string, args ...string) (stdout string, err error) {
	t.Helper()
	s, err := loadText(t, text, LoadOptions{})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = s.Run(t.Context(), args, RunOptions{
		Build:  func(context.Context, *builder.Target) (string, error) { return "", errors.New("nothing is built here") },
		Stdout: &out,
	})
	return out.String(), err
}

// TestRunFiles runs the chunks of testdata/run, which check themselves or expect an error.
func TestRunFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/run/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/run: %v", err)
	}
	for _, file := range files {
		for _, c := range readChunks(t, file) {
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(file), c.line), func(t *testing.T) {
				out, err := runText(t, c.text, "first", "--second")
				for _, d := range diagnostics(t, err) {
					want := c.want[d.Line]
					if want == nil || !want.MatchString(d.Text) {
						t.Errorf("unexpected: %v\n%s", d, d.Detail)
					}
					delete(c.want, d.Line)
				}
				for line, want := range c.want {
					t.Errorf("line %d: no error like %v", line, want)
				}
				if strings.TrimSpace(out) != "" {
					t.Log(out)
				}
			})
		}
	}
}
