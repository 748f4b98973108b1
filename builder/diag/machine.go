package diag

import (
	"encoding/json"
	"fmt"
	"strings"
)

// AppendJSON appends d as one JSON object and a newline.
func (d *Diagnostic) AppendJSON(dst []byte) []byte {
	// A struct of strings and numbers always encodes: invalid UTF-8 is replaced.
	b, _ := json.Marshal(d)
	return append(append(dst, b...), '\n')
}

// AppendGitHub appends d as a workflow command of GitHub Actions, which shows it beside the line
// (docs.github.com, "Workflow commands"). File names are made relative to dir, the
// root of the checkout, as annotations demand.
func (d *Diagnostic) AppendGitHub(dst []byte, dir string) []byte {
	command := string(d.Level)
	if d.Level == Note {
		command = "notice"
	}
	dst = fmt.Appendf(dst, "::%s", command)
	sep := " "
	property := func(name, value string) {
		dst = fmt.Appendf(dst, "%s%s=%s", sep, name, escapeProperty.Replace(value))
		sep = ","
	}
	if d.IsValid() {
		property("file", Relative(dir, d.File))
		if d.Line > 0 {
			property("line", fmt.Sprint(d.Line))
			if d.Column > 0 {
				property("col", fmt.Sprint(d.Column))
			}
		}
	}
	text := d.Text
	if d.Detail != "" {
		text += "\n" + strings.TrimRight(d.Detail, "\n")
	}
	return fmt.Appendf(dst, "::%s\n", escapeData.Replace(printable(text)))
}

// What separates the parts of a workflow command is percent-encoded (actions/toolkit, command.ts).
var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
