package toolchain

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// Diagnostics returns what clang reports in text, which it printed without colours when it ran in folder dir. Names of
// files become absolute. Lines that belong to no diagnostic are left out: where headers were included from,
// how many errors there were.
func Diagnostics(text []byte, dir string) []*diag.Diagnostic {
	var found []*diag.Diagnostic
	fresh := false // the line before was a diagnostic, so this may be its source
	for line := range strings.SplitSeq(string(text), "\n") {
		line = strings.TrimRight(line, "\r")
		d := parseDiagnostic(line, dir)
		switch {
		case d != nil:
			found = append(found, d)
		case fresh && found[len(found)-1].IsValid() && isSource(line):
			found[len(found)-1].Source = numbered.ReplaceAllString(line, "")
		}
		fresh = d != nil
	}
	return found
}

var (
	located   = regexp.MustCompile(`^(.+?):(\d+):(?:(\d+):)? (fatal error|error|warning|note|remark): (.*)$`)
	unlocated = regexp.MustCompile(`^(?:[\w.+-]+: )?(fatal error|error|warning|note|remark): (.*)$`)
	// numbered is what clang 17 and later put before a line of source.
	numbered = regexp.MustCompile(`^ *\d+ \| `)
)

func parseDiagnostic(line, dir string) *diag.Diagnostic {
	if m := located.FindStringSubmatch(line); m != nil {
		d := &diag.Diagnostic{Level: level(m[4]), Text: m[5]}
		d.File = m[1]
		if !filepath.IsAbs(d.File) {
			d.File = filepath.Join(dir, d.File)
		}
		d.Line, _ = strconv.Atoi(m[2])
		d.Column, _ = strconv.Atoi(m[3])
		return d
	}
	if m := unlocated.FindStringSubmatch(line); m != nil {
		return &diag.Diagnostic{Level: level(m[1]), Text: m[2]}
	}
	return nil
}

func level(word string) diag.Level {
	switch word {
	case "warning":
		return diag.Warning
	case "note", "remark":
		return diag.Note
	}
	return diag.Error
}

// isSource reports whether a line behind a diagnostic can be the source that it is about.
func isSource(line string) bool {
	return strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "In file included from ") && !strings.HasSuffix(line, " generated.")
}
