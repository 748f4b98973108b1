package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart"
)

// console is where the command speaks to its user. Standard output belongs to the data of the tool
// that runs; whatever ebpfx itself has to say goes to standard error.
type console struct {
	stdout io.Writer
	stderr io.Writer

	quiet       bool // only errors
	verbose     bool
	json        bool // standard error is one diag.Diagnostic a line, in JSON
	annotations bool // errors also as annotations of GitHub Actions
	colour      bool // standard error takes colours
}

func newConsole(stdout, stderr io.Writer) *console {
	return &console{
		stdout:      stdout,
		stderr:      stderr,
		annotations: os.Getenv("GITHUB_ACTIONS") == "true",
		colour:      wantsColour("auto", stderr),
	}
}

// configure applies the global flags.
func (c *console) configure(s settings) {
	c.quiet, c.verbose = s.quiet, s.verbose
	c.json = s.output == "json"
	c.colour = wantsColour(s.color, c.stderr)
}

// wantsColour decides for the values of --color; auto heeds https://no-color.org.
func wantsColour(when string, w io.Writer) bool {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminalWidth(w) > 0
}

// terminalSize returns the columns and lines of the terminal that w is, or 0 when it is none.
func terminalSize(w io.Writer) (width, height int) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	if size.Col == 0 || size.Row == 0 { // a terminal that does not know
		return 80, 24
	}
	return int(size.Col), int(size.Row)
}

// terminalWidth returns the columns of the terminal that w is, or 0 when it is none.
func terminalWidth(w io.Writer) int {
	width, _ := terminalSize(w)
	return width
}

// progressf tells how far things are, unless the user wants quiet.
func (c *console) progressf(format string, args ...any) {
	if c.quiet {
		return
	}
	c.say(diag.Note, fmt.Sprintf(format, args...))
}

// notice tells what a user should know but did not ask for.
func (c *console) notice(text string) {
	if c.quiet {
		return
	}
	c.say(diag.Warning, text)
}

// detail tells what is done beside the obvious, where the user wants to know.
func (c *console) detail(text string) {
	if c.verbose {
		c.say(diag.Note, text)
	}
}

// say writes a message that is about no place in a file.
func (c *console) say(level diag.Level, text string) {
	switch {
	case c.json:
		c.render(&diag.Diagnostic{Level: level, Text: strings.TrimSpace(text)})
	case level == diag.Note:
		fmt.Fprintln(c.stderr, text)
	default:
		c.render(&diag.Diagnostic{Level: level, Text: text})
	}
}

// fail shows what went wrong: each of the errors that err joins, in order.
func (c *console) fail(err error) {
	var exit *luart.ExitError
	if errors.As(err, &exit) || errors.Is(err, unix.EPIPE) {
		return // nothing that the user does not know
	}
	for _, d := range diag.All(err) {
		shown := *d
		if !d.IsValid() && !c.json {
			shown.Text = "error: " + d.Text
		}
		var refused *bpf.VerifierError
		if errors.As(d, &refused) {
			shown.Detail = c.verifierDetail(refused) + d.Detail
		}
		c.render(&shown)
	}
}

// lastLines is how much of the verifier's log is shown without -v: the state of the registers at
// the instruction at fault, that instruction, and what is wrong with it.
const lastLines = 4

// verifierDetail returns the C line that the verifier refuses, and the end of its log or all of it.
func (c *console) verifierDetail(e *bpf.VerifierError) string {
	var b strings.Builder
	if e.File != "" {
		fmt.Fprintf(&b, "%s:%d: %s\n", e.File, e.Line, e.Source)
	}
	log := e.Log
	if !c.verbose {
		log = e.Last(lastLines)
		fmt.Fprintf(&b, "the end of the verifier's log (-v shows all of it):\n")
	}
	for _, line := range log {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}

// render writes one diagnostic.
func (c *console) render(d *diag.Diagnostic) {
	var b []byte
	if c.json {
		b = d.AppendJSON(b)
	} else {
		dir, _ := os.Getwd() // "" leaves names absolute, which is right as well
		b = d.AppendText(b, diag.TextOptions{Dir: dir, Color: c.colour})
	}
	c.stderr.Write(b)
	c.annotate(d)
}

// annotate shows a diagnostic that was rendered as an annotation too, where it runs for GitHub.
func (c *console) annotate(d *diag.Diagnostic) {
	if c.annotations && d.Level != diag.Note {
		c.stderr.Write(d.AppendGitHub(nil, os.Getenv("GITHUB_WORKSPACE")))
	}
}
