package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/ebpfx/ebpfx/cmd/ebpfx/internal/kindmatrix"
)

// report is what the tests of one machine came to. Tests are named package.Test/Subtest.
type report struct {
	passed  int
	failed  []outcome
	skipped []outcome
	took    time.Duration
	kinds   map[string]string // outcomes of the cases of TestKind by KIND/CASE, as package kindmatrix has them
}

// outcome is a test, and what it said.
type outcome struct {
	name   string
	output []string
}

// mark starts the lines that are the guest's own; see package guest.
const mark = "@guest "

// readReport reads what a guest wrote to its serial port. It fails when that does not reach the guest's last line; what
// was there by then is in the report all the same.
func readReport(ctx context.Context, results io.Reader) (*report, error) {
	r := &report{}
	var name string         // of the test binary
	var output bytes.Buffer // of it
	finish := func(status string) error {
		defer output.Reset()
		if name == "" {
			return nil
		}
		return r.add(ctx, name, output.Bytes(), status)
	}
	lines := bufio.NewReader(results)
	for {
		line, err := lines.ReadString('\n')
		verb, rest, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, mark)), " ")
		switch {
		case err != nil:
			return r, errors.Join(finish("the machine ended meanwhile"), errors.New("it went off before its tests had ended"))
		case !strings.HasPrefix(line, mark):
			output.WriteString(line)
			continue
		}
		switch verb {
		case "begin":
			name = rest
			output.Reset()
		case "end":
			_, status, _ := strings.Cut(rest, ": ")
			if err := finish(status); err != nil {
				return r, err
			}
			name = ""
		case "off":
			return r, nil
		}
	}
}

// event is one line of what test2json makes.
type event struct {
	Action string
	Test   string
	Output string
}

// add adds what a test binary printed and how it ended.
func (r *report) add(ctx context.Context, name string, output []byte, status string) error {
	cmd := exec.CommandContext(ctx, "go", "tool", "test2json")
	cmd.Stdin = bytes.NewReader(output)
	converted, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go tool test2json: %w", err)
	}
	running := make(map[string][]string)
	failures := len(r.failed)
	for line := range bytes.Lines(converted) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("read the output of go tool test2json: %w", err)
		}
		o := outcome{name: name + "." + e.Test, output: running[e.Test]}
		r.noteKind(e)
		switch {
		case e.Action == "output" && !isFrame(e.Output):
			running[e.Test] = append(running[e.Test], e.Output)
			continue
		case e.Test == "":
			continue
		case e.Action == "run":
			running[e.Test] = nil
			continue
		case e.Action == "pass":
			r.passed++
		case e.Action == "fail":
			r.failed = append(r.failed, o)
		case e.Action == "skip":
			r.skipped = append(r.skipped, o)
		default:
			continue
		}
		delete(running, e.Test)
	}
	// A binary that dies leaves its test without an end, or says outside of any test what is wrong.
	for test, said := range running {
		if test != "" {
			r.failed = append(r.failed, outcome{name + "." + test, append(said, "it did not end: "+status+"\n")})
		}
	}
	if status != "ok" && len(r.failed) == failures {
		r.failed = append(r.failed, outcome{name, append(slices.Clone(running[""]), status+"\n")})
	}
	return nil
}

// noteKind keeps how a case of TestKind ended.
func (r *report) noteKind(e event) {
	c, ok := strings.CutPrefix(e.Test, "TestKind/")
	outcome := map[string]string{"pass": kindmatrix.Works, "skip": kindmatrix.Beyond, "fail": kindmatrix.Fails}[e.Action]
	if !ok || strings.Count(c, "/") != 1 || outcome == "" {
		return
	}
	if r.kinds == nil {
		r.kinds = make(map[string]string)
	}
	r.kinds[c] = outcome
}

// isFrame reports whether a line says only that a test starts or goes on, or how it ended.
func isFrame(line string) bool {
	line = strings.TrimLeft(line, " ")
	return strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
}

// print writes what failing tests said, and with verbose why tests were skipped.
func (r *report) print(w io.Writer, verbose bool) {
	for _, o := range r.failed {
		// A test fails with its subtests, and has nothing more to say then.
		if len(o.output) == 0 && slices.ContainsFunc(r.failed, func(sub outcome) bool { return strings.HasPrefix(sub.name, o.name+"/") }) {
			continue
		}
		fmt.Fprintf(w, "FAIL %s\n%s", o.name, strings.Join(o.output, ""))
	}
	if !verbose {
		return
	}
	for _, o := range r.skipped {
		fmt.Fprintf(w, "skip %s: %s\n", o.name, strings.TrimSpace(strings.Join(o.output, "")))
	}
}

// summary returns the counts in a line; err is why there may be tests missing.
func (r *report) summary(err error) string {
	text := fmt.Sprintf("%d passed, %d failed, %d skipped, %.0f s", r.passed, len(r.failed), len(r.skipped), r.took.Seconds())
	if err != nil {
		text += ": " + err.Error()
	}
	return text
}
