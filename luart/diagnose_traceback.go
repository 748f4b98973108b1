package luart

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// chunkFunction matches the function that is a whole file: it begins at line 0.
var chunkFunction = regexp.MustCompile(`in function '?<.*:0>'?$`)

// cleanTraceback returns what the lines of an interpreter's traceback say about the script's functions, without those of Go. It
// is empty where it would tell no more than pos does.
func cleanTraceback(trace string, pos diag.Pos) string {
	lines := scriptFrames(trace)
	here := fmt.Sprintf("%s:%d: ", pos.File, pos.Line)
	if len(lines) == 0 || len(lines) == 1 && strings.HasPrefix(lines[0], here) {
		return ""
	}
	return "stack traceback:\n\t" + strings.Join(lines, "\n\t")
}

// firstFrame returns the place of the innermost function in a traceback.
func (list sources) firstFrame(trace string) (name string, line int) {
	if lines := scriptFrames(trace); len(lines) > 0 {
		name, line, _ = list.cutPosition(lines[0])
	}
	return name, line
}

// scriptFrames returns the lines of a traceback that are about the script's functions.
func scriptFrames(trace string) []string {
	var lines []string
	for _, line := range strings.Split(trace, "\n") {
		line = strings.TrimSpace(line)
		name, _, isFrame := strings.Cut(line, ": in ")
		if line != "..." && (!isFrame || strings.HasPrefix(name, "[G]") || strings.HasPrefix(name, preludeName)) {
			continue
		}
		line = chunkFunction.ReplaceAllString(line, "in main chunk")
		line = strings.Replace(line, "in corountine", "in coroutine", 1) // sic, from the interpreter
		lines = append(lines, line)
	}
	return lines
}
