package bpf

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// freplaceKind programs take the place of a function of another program that the kernel has, which is named by its name, its id, or the path
// where it is pinned. The function is what the section names, or comes behind the program.
var freplaceKind = &kind{
	name:        "freplace",
	sections:    []string{"freplace"},
	form:        "program:function",
	programType: ebpf.Extension,
	resolve:     resolveFreplace,
	load: func(l *loader, p *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
		target, err := findProgram(p.symbol)
		if err != nil {
			return nil, p.fail(err)
		}
		defer target.Close()
		if info, err := target.Info(); err == nil {
			id, _ := info.ID()
			p.index = int(id)
		}
		spec.AttachTarget = target
		prog, err := l.loadProgram(spec)
		if errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, ebpf.ErrKeyNotExist) {
			return nil, p.fail(fmt.Errorf("program %s has no function %s", p.symbol, p.attachTo))
		}
		return prog, err
	},
	attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
		l, err := link.AttachFreplace(nil, "", prog)
		if errors.Is(err, unix.EBUSY) {
			return nil, &predicate{"names a function that " + holder(linkedProgram(func(info *link.Info) bool {
				tracing := info.Tracing()
				return tracing != nil && int(tracing.TargetObjectId) == p.index
			})) + " replaces already"}
		}
		return l, err
	},
	names: func(*point) []string { return programNames() },
}

func resolveFreplace(p *point) error {
	program, function := p.where, sectionTarget(p.section)
	if i := strings.LastIndexByte(p.where, ':'); i >= 0 {
		program, function = p.where[:i], p.where[i+1:]
	}
	if !p.hook {
		return &passive{&predicate{"names no program; " + p.advice()}}
	}
	if program == "" || !isSymbol(function) {
		return &predicate{`names no function of a program, which is written "program:function", the program being its name, its id, or the path where it is pinned`}
	}
	p.symbol, p.attachTo = program, function
	return nil
}

// findProgram returns a program that the kernel has by its path, id or name.
func findProgram(name string) (*ebpf.Program, error) {
	if filepath.IsAbs(name) {
		prog, err := ebpf.LoadPinnedProgram(name, nil)
		if err != nil {
			return nil, fmt.Errorf("open pinned program %s: %w", name, err)
		}
		return prog, nil
	}
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		prog, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
		if err != nil {
			return nil, fmt.Errorf("there is no program with the id %s", name)
		}
		return prog, nil
	}
	var found *ebpf.Program
	for prog, info := range programs() {
		if info.Name != name {
			continue
		}
		if found != nil {
			found.Close()
			return nil, fmt.Errorf("several programs are called %s; give the id of one of them, which bpftool prog lists", name)
		}
		var err error
		if found, err = prog.Clone(); err != nil {
			return nil, err
		}
	}
	if found == nil {
		return nil, &missing{err: fmt.Errorf("there is no program named %s", name), name: name}
	}
	return found, nil
}

func programNames() []string {
	var names []string
	for _, info := range programs() {
		names = append(names, info.Name)
	}
	return names
}

// programs goes through all programs that the kernel has. Each is closed after its turn.
func programs() func(yield func(*ebpf.Program, *ebpf.ProgramInfo) bool) {
	return func(yield func(*ebpf.Program, *ebpf.ProgramInfo) bool) {
		for id := ebpf.ProgramID(0); ; {
			var err error
			if id, err = ebpf.ProgramGetNextID(id); err != nil {
				return
			}
			prog, err := ebpf.NewProgramFromID(id)
			if err != nil {
				continue // it has gone meanwhile
			}
			info, err := prog.Info()
			more := err != nil || yield(prog, info)
			prog.Close()
			if !more {
				return
			}
		}
	}
}
