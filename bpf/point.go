package bpf

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
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
}

// Error is one sentence.
func (e *AttachError) Error() string {
	subject := fmt.Sprintf("attach_to(%q, %q)", e.Program, e.Where)
	if e.Section != "" {
		subject = fmt.Sprintf("program %s is not attached: SEC(%q)", e.Program, e.Section)
	}
	separator := ": "
	var s *predicate
	if errors.As(e.Err, &s) {
		separator = " "
	}
	return subject + separator + e.Err.Error() + near.Hint(e.Near)
}

// Unwrap returns the cause.
func (e *AttachError) Unwrap() error { return e.Err }

// predicate is an error whose text goes on from the subject of the sentence: "names no binary".
type predicate struct{ text string }

func (p *predicate) Error() string { return p.text }

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

	// Set by the kind's resolve.
	attachTo string // what the kernel must know when the program is loaded
	symbol   string
	group    string // of a tracepoint
	index    int    // of an interface

	programType ebpf.ProgramType
	attachType  ebpf.AttachType
	flags       uint32 // for loading, as the section says: sleepable, ...

	program *ebpf.Program // once loaded; shared between points of one program
}

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
		e.Near = near.Names(name, p.kind.names(p))
	}
	return e
}

// advice is how to name a target for p in project.lua.
func (p *point) advice() string {
	return fmt.Sprintf("write attach_to(%q, %q)", p.name, p.kind.form)
}
