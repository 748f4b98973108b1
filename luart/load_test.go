package luart

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// writeProject puts files into a temporary folder and returns its path. Names may hold slashes.
func writeProject(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loadText loads a project.lua of this text.
func loadText(t testing.TB, text string, opts LoadOptions) (*Script, error) {
	t.Helper()
	dir := writeProject(t, map[string]string{"project.lua": text})
	if opts.Stdout == nil {
		opts.Stdout = new(bytes.Buffer)
	}
	s, err := Load(filepath.Join(dir, "project.lua"), opts)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

// diagnostics returns the errors that are joined in err.
func diagnostics(t testing.TB, err error) []*diag.Diagnostic {
	t.Helper()
	if err == nil {
		return nil
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	var ds []*diag.Diagnostic
	for _, err := range list {
		var d *diag.Diagnostic
		if !errors.As(err, &d) {
			t.Fatalf("%v is no Diagnostic but a %T", err, err)
		}
		ds = append(ds, d)
	}
	return ds
}

// A chunk is a project.lua inside a file of testdata/load. Chunks are separated by lines of ---. A line
// that ends with ### "regexp" is where an error must be; a chunk without such a line must load.
type chunk struct {
	line int // in its file
	text string
	want map[int]*regexp.Regexp
}

var expectation = regexp.MustCompile(`\s*### ("(?:[^"\\]|\\.)*"|` + "`[^`]*`" + `)$`)

// readChunks returns the chunks of a file. Each is preceded by empty lines, so that its lines have the numbers that they have in the file.
func readChunks(t *testing.T, file string) []chunk {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var chunks []chunk
	begin := func(line int) {
		chunks = append(chunks, chunk{line: line, text: strings.Repeat("\n", line-1), want: make(map[int]*regexp.Regexp)})
	}
	begin(1)
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if line == "---" {
			begin(i + 2)
			continue
		}
		c := &chunks[len(chunks)-1]
		if m := expectation.FindStringSubmatch(line); m != nil {
			pattern, err := strconv.Unquote(m[1])
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			c.want[i+1] = regexp.MustCompile(pattern)
			line = strings.TrimSuffix(line, m[0])
		}
		c.text += line + "\n"
	}
	return chunks
}

func TestLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/load/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/load: %v", err)
	}
	for _, file := range files {
		for _, c := range readChunks(t, file) {
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(file), c.line), func(t *testing.T) {
				_, err := loadText(t, c.text, LoadOptions{})
				for _, d := range diagnostics(t, err) {
					want := c.want[d.Line]
					if want == nil || !want.MatchString(d.Text) {
						t.Errorf("%s:%d:%d: unexpected: %s\n%s", file, d.Line, d.Column, d.Text, d.Detail)
						continue
					}
					delete(c.want, d.Line)
					if line := strings.Split(c.text, "\n")[d.Line-1]; d.Source != line {
						t.Errorf("%s:%d: the line shown is %q, not %q", file, d.Line, d.Source, line)
					}
				}
				for line, want := range c.want {
					t.Errorf("%s:%d: no error that matches %q", file, line, want)
				}
			})
		}
	}
}
