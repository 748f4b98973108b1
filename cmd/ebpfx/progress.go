package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// progress shows a build as xmake does, a line a step.
type progress struct{ *console }

var _ builder.Reporter = progress{}

// progress returns what a build reports to.
func (c *console) progress() builder.Reporter { return progress{c} }

// Step shows "[ 50%] <opensnoop> compiling src/opensnoop.bpf.c", and the command too when the user wants to see it.
func (p progress) Step(s builder.Step) {
	if p.quiet {
		return
	}
	percent, target := fmt.Sprintf("[%3d%%]", s.Percent), "<"+s.Target.Name+">"
	if p.colour && !p.json {
		percent, target = "\x1b[32m"+percent+"\x1b[0m", "\x1b[35m"+target+"\x1b[0m"
	}
	p.progressf("%s %s %s %s", percent, target, s.Verb, s.File)
	if p.verbose && len(s.Command) > 0 {
		words := make([]string, len(s.Command))
		for i, w := range s.Command {
			words[i] = shellWord(w)
		}
		p.progressf("%s", strings.Join(words, " "))
	}
}

// Output shows what a compiler or linker said, unchanged.
func (p progress) Output(t *builder.Target, text []byte) {
	if p.json {
		p.render(&diag.Diagnostic{Level: diag.Note, Text: "output of a tool for target " + t.Name, Detail: string(bytes.TrimRight(text, "\n"))})
		return
	}
	p.stderr.Write(text)
}

// seconds renders how long something took.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// thousands renders n with a comma between groups of three digits.
func thousands(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// count renders n things.
func count(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(n) + " " + thing + "s"
}
