package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// progress shows a build as xmake does, a line a step. A user who wants quiet has one line at a terminal, which
// each step overwrites and the end removes.
type progress struct {
	*console
	dir   string // where commands run, and what names of files are relative to
	width int    // of the line that is overwritten; 0: there is none
	shown bool   // it is there
}

var _ builder.Reporter = (*progress)(nil)

// newProgress returns what a build of the project in dir reports to.
func newProgress(c *console, dir string) *progress {
	p := &progress{console: c, dir: dir}
	if c.quiet && !c.json {
		p.width = terminalWidth(c.stderr)
	}
	return p
}

// Step shows "[ 50%] <opensnoop> compiling src/opensnoop.bpf.c", and the command too when the user wants to see it.
func (p *progress) Step(s builder.Step) {
	percent, target := fmt.Sprintf("[%3d%%]", s.Percent), "<"+s.Target.Name+">"
	if p.width > 0 {
		p.overwrite(fmt.Sprintf("%s %s %s %s", percent, target, s.Verb, s.File))
	}
	if p.quiet {
		return
	}
	if p.colour && !p.json {
		percent, target = "\x1b[32m"+percent+"\x1b[0m", "\x1b[35m"+target+"\x1b[0m"
	}
	p.progressf("%s %s %s %s", percent, target, s.Verb, s.File)
	if p.verbose && len(s.Command) > 0 {
		p.progressf("%s", p.shellLine(s.Command))
	}
}

// shellLine returns a command as a line that a shell takes in the current folder.
func (p *progress) shellLine(command []string) string {
	words := make([]string, len(command))
	for i, w := range command {
		words[i] = shellWord(w)
	}
	line := strings.Join(words, " ")
	if here, err := os.Getwd(); err != nil || here != p.dir {
		line = "cd " + shellWord(p.dir) + " && " + line
	}
	return line
}

// Output shows what a compiler or linker said: unchanged as text, and as diagnostics for machines.
func (p *progress) Output(t *builder.Target, text []byte) {
	p.end()
	found := toolchain.Diagnostics(text, p.dir)
	if !p.json {
		p.stderr.Write(text)
		for _, d := range found {
			p.annotate(d)
		}
		return
	}
	if len(found) == 0 {
		found = []*diag.Diagnostic{{Level: diag.Note, Text: "output of a tool for target " + t.Name, Detail: string(bytes.TrimRight(text, "\n"))}}
	}
	for _, d := range found {
		p.render(d)
	}
}

// overwrite shows text in place of what it showed last.
func (p *progress) overwrite(text string) {
	runes := []rune(text)
	fmt.Fprintf(p.stderr, "\r\x1b[K%s", string(runes[:min(len(runes), p.width-1)]))
	p.shown = true
}

// end removes the line that is overwritten.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.stderr, "\r\x1b[K")
		p.shown = false
	}
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
