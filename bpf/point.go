package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Hook asks for a program to be attached somewhere.
type Hook struct {
	Program  string
	Kind     string // one of Kinds; "" or "auto": as the ELF section says
	Where    string // symbol, binary:symbol, group:event, interface, cgroup path, ...
	Binary   string // executable or library where Where names none: a path, or a name to search
	PID      int    // 0: every process
	Offset   uint64
	Cookie   uint64
	Retprobe bool
	CPU      string // of perf events: the CPUs, as the kernel lists them, "0-3,5"; "": all
	Mode     string // of xdp: native, generic or offload; of tc: tcx or clsact; "": the best that works
	Priority int    // of netfilter, and of tc with clsact: what is lower comes first
	Map      string // of iterators over a map: its name in the object
	Cgroup   string // of iter/cgroup: where to begin; of lsm_cgroup: where to attach
	Order    string // of iter/cgroup: self, pre, post or up, of which pre is the default
}

// Attached says where a program is attached.
type Attached struct {
	Program string
	Kind    string
	Where   string
}

// AttachError says why a program was not attached.
type AttachError struct {
	Program string
	Kind    string
	Where   string
	Section string // the ELF section, where the program was to be attached as that says; "" for a Hook
	Err     error
	Near    []string // names that exist and are near Where's
	// Others says why the alternatives to the program were not attached either.
	Others []*AttachError
}

// Error is one sentence.
func (e *AttachError) Error() string {
	text := fmt.Sprintf("attach_to(%q, %q)", e.Program, e.Where)
	if e.Section != "" {
		text = fmt.Sprintf("program %s is not attached: SEC(%q)", e.Program, e.Section)
	}
	text += e.reason()
	for _, other := range e.Others {
		text += fmt.Sprintf("; nor is program %s: SEC(%q)%s", other.Program, other.Section, other.reason())
	}
	return text
}

// reason goes on from where the error is.
func (e *AttachError) reason() string {
	separator := ": "
	var s *predicate
	if errors.As(e.Err, &s) {
		separator = " "
	}
	return separator + e.Err.Error() + near.Hint(e.Near)
}

// Unwrap returns the cause.
func (e *AttachError) Unwrap() error { return e.Err }

// predicate is an error whose text goes on from the subject of the sentence: "names no binary".
type predicate struct{ text string }

func (p *predicate) Error() string { return p.text }

// passive is why a program is not attached that is not for being attached as its section says, so that nothing is missing without it.
type passive struct{ err error }

func (p *passive) Error() string { return p.err.Error() }
func (p *passive) Unwrap() error { return p.err }

// missing is an error about a target that does not exist: near names are looked up for it.
type missing struct {
	err  error
	name string // the mistyped part; "" for all of where
}

func (m *missing) Error() string { return m.err.Error() }
func (m *missing) Unwrap() error { return m.err }

// point is a place where a program is to be attached.
type point struct {
	name    string // of the program
	kind    *kind
	hook    bool // a Hook asked, so that a failure is an error
	section string
	where   string // as written
	binary  string
	pid     int
	offset  uint64
	cookie  uint64

	cpu, mode, mapName, cgroup, order string
	priority                          int

	object   *Object
	instance *Instance // set by Load

	// Set by the kind's resolve.
	attachTo string // what the kernel must know when the program is loaded
	symbol   string
	group    string // of a tracepoint
	index    int    // of an interface, or the id of a program
	user     *userTarget
	many     bool // symbol is a pattern, of functions of the kernel, which tracefs lists

	programType ebpf.ProgramType
	attachType  ebpf.AttachType
	flags       uint32 // for loading, as the section says: sleepable, ...

	program *ebpf.Program // once loaded; shared between points of one program
	link    io.Closer     // once attached
	failure *AttachError  // why it is not loaded, or why attaching it failed last
}

// attach attaches the program of p until the result is closed.
func (p *point) attach() (io.Closer, error) {
	if p.cookie != 0 && !p.kind.ownCookies && !probe.Cookies() {
		return nil, errors.New("this kernel has no cookies (5.15 or later has them)")
	}
	return p.kind.attach(p.program, p)
}

// notice tells the user something, while programs are attached.
func (p *point) notice(text string) { p.instance.loader.opts.Notice(text) }

// fail returns err as what went wrong at p.
func (p *point) fail(err error) *AttachError {
	var already *AttachError
	if errors.As(err, &already) {
		return already
	}
	e := &AttachError{Program: p.name, Where: p.where, Err: err}
	if p.kind != nil {
		e.Kind = p.kind.name
	}
	if !p.hook {
		e.Section = p.section
	}
	var m *missing
	if errors.As(err, &m) && p.kind != nil && p.kind.names != nil {
		name := m.name
		if name == "" {
			name = p.where
		}
		e.Near = nearNames(name, p.kind.names(p))
	}
	return e
}

// nearNames returns what the kernel calls name today, or else what was perhaps mistyped.
func nearNames(name string, have []string) []string {
	if today := renamed(name, have); len(today) > 0 {
		return today[:min(len(today), 3)]
	}
	return near.Names(name, have)
}

// advice is how to name a target for p in project.lua.
func (p *point) advice() string {
	return fmt.Sprintf("write attach_to(%q, %q)", p.name, p.kind.form)
}
