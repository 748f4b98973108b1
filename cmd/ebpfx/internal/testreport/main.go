// Command testreport reads the output of "go test -json" and prints what people want of it: a line a
// package, all that a failed test said, and in the end which tests were skipped
// and why. It exits with 1 when a test failed or when the input is none of go test's. With -need TOOL,... it does so, too, where
// one was skipped for a reason that names a tool of these: they are said to be there.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	need := flag.String("need", "", "fail where a test is skipped for want of one of these tools, `TOOL,...`")
	flag.Parse()
	ok, err := report(os.Stdin, os.Stdout, strings.Split(*need, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// event is one line of go test -json (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output, in place of Package
	Test       string
	Output     string
}

// test is one test that has not ended yet, or the part of a package's output that belongs to no test.
type test struct{ pkg, name string }

// report copies in to out, made readable, and says whether all tests passed, and none was skipped for want of a tool that is needed.
func report(in io.Reader, out io.Writer, needed []string) (ok bool, err error) {
	output := make(map[test][]string)
	var skipped, wanting []string
	packages := 0
	ok = true

	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text()) // go itself, about what keeps it from testing
			ok = false
			continue
		}
		key := test{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Fprint(out, e.Output)
		case "output":
			output[key] = append(output[key], e.Output)
			continue
		case "fail":
			ok = false
			fmt.Fprint(out, strings.Join(output[key], ""))
		case "pass":
			if e.Test == "" {
				fmt.Fprint(out, summary(output[key]))
			}
		case "skip":
			if e.Test == "" {
				fmt.Fprint(out, summary(output[key])) // no test files
				break
			}
			why := reason(output[key])
			skipped = append(skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, why))
			if names(why, needed) {
				wanting = append(wanting, skipped[len(skipped)-1])
			}
		default:
			continue
		}
		if e.Test == "" && e.Package != "" {
			packages++
		}
		delete(output, key)
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("read go test's output: %w", err)
	}

	// What a process that died in the middle said.
	for key, text := range output {
		if !ok && key.name != "" {
			fmt.Fprintf(out, "%s %s did not end:\n%s", key.pkg, key.name, strings.Join(text, ""))
		}
	}
	if len(skipped) > 0 {
		fmt.Fprintf(out, "\nskipped:\n")
		for _, s := range skipped {
			fmt.Fprintf(out, "  %s\n", s)
		}
	}
	if len(wanting) > 0 {
		ok = false
		fmt.Fprintf(out, "\nskipped for want of what should be there:\n")
		for _, s := range wanting {
			fmt.Fprintf(out, "  %s\n", s)
		}
	}
	if packages == 0 {
		return false, fmt.Errorf("go test tested no package")
	}
	return ok, nil
}

// summary returns go's own line about a package, which is the last of its output.
func summary(output []string) string {
	if len(output) == 0 {
		return ""
	}
	return output[len(output)-1]
}

// reason returns what a test gave as its reason to skip: its first words, since testscript goes on with a transcript.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			return line
		}
	}
	return "no reason given"
}

// names reports whether one of the words of a reason to skip is one of tools.
func names(reason string, tools []string) bool {
	words := strings.FieldsFunc(reason, func(r rune) bool { return strings.ContainsRune(` ,;:"'()`, r) })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(tools, w) })
}
