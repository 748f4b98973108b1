package bpf

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// structOpsKind programs are the functions of a table of the kernel's, such as struct tcp_congestion_ops, which is a variable of the object.
// Its programs and the table go to the kernel together.
var structOpsKind = &kind{
	name:        "struct_ops",
	sections:    []string{"struct_ops", "struct_ops.s"},
	anySuffix:   true,
	untargeted:  true,
	form:        "variable",
	programType: ebpf.StructOps,
	resolve:     resolveStructOps,
	load:        loadStructOps,
	attach:      attachStructOps,
	names:       func(p *point) []string { return p.object.structOps() },
}

// structOpsTable is a table that was loaded.
type structOpsTable struct {
	table    *ebpf.Map
	programs map[string]*ebpf.Program // that the loader has not taken
	attached bool
}

// Close frees the table and what nobody took of its programs.
func (t *structOpsTable) Close() error {
	err := t.table.Close()
	for _, prog := range t.programs {
		err = errors.Join(err, prog.Close())
	}
	return err
}

// structOps returns the variables of the object that are tables of functions.
func (o *Object) structOps() []string {
	var names []string
	for name, m := range o.spec.Maps {
		if m.Type == ebpf.StructOpsMap {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// resolveStructOps finds the table: what is named, or the one whose type has the program as a member.
func resolveStructOps(p *point) error {
	spec := p.object.spec.Programs[p.name]
	ops, member, ok := strings.Cut(spec.AttachTo, ":")
	if !ok {
		return &passive{&predicate{"is in no table: assign the program to a member of a variable in SEC(\".struct_ops.link\")"}}
	}
	for _, name := range p.object.structOps() {
		if p.object.spec.Maps[name].Value.TypeName() == ops && (p.where == "" || p.where == name || !p.hook) {
			p.symbol, p.attachTo, p.where = name, spec.AttachTo, name
			return nil
		}
	}
	return &missing{err: &predicate{fmt.Sprintf("names no table that has the program as its %s", member)}}
}

// loadStructOps loads the table of p with all of its programs, when it comes to the first of them.
func loadStructOps(l *loader, p *point, _ *ebpf.ProgramSpec) (*ebpf.Program, error) {
	if _, major, minor := probe.Release(); major < 6 || major == 6 && minor < 4 {
		return nil, p.fail(errors.New("this kernel has no links for struct_ops (6.4 or later has them), without which a table would stay when ebpfx is killed"))
	}
	t := l.inst.tables[p.symbol]
	if t == nil {
		var err error
		if t, err = l.loadTable(p.symbol); err != nil {
			return nil, err
		}
		l.inst.tables[p.symbol] = t
	}
	prog := t.programs[p.name]
	if prog == nil {
		return nil, fmt.Errorf("program %s is no member of table %s", p.name, p.symbol)
	}
	delete(t.programs, p.name)
	return prog, nil
}

// loadTable loads a table and its programs, which count losses as others do, where the kernel takes that from all of them.
func (l *loader) loadTable(name string) (*structOpsTable, error) {
	ops := l.spec.Maps[name].Value.TypeName()
	for _, check := range append(slices.Clone(successChecks), nil) {
		table := l.spec.Maps[name].Copy()
		// Without a link the table would stay when this process is killed.
		table.Flags |= unix.BPF_F_LINK
		all := &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{name: table}, Programs: make(map[string]*ebpf.ProgramSpec)}
		sends := false
		for program, spec := range l.spec.Programs {
			of, _, ok := strings.Cut(spec.AttachTo, ":")
			if !ok || spec.Type != ebpf.StructOps || of != ops {
				continue
			}
			all.Programs[program] = spec.Copy()
			emissions := l.emissionsOf(spec.Instructions)
			if len(emissions) == 0 {
				continue
			}
			sends = true
			if check != nil {
				counting, err := countLosses(spec, emissions, check, l.inst.slot)
				if err != nil {
					return nil, err
				}
				all.Programs[program] = counting
			}
		}
		collection, err := l.loadCollection(all, ebpf.ProgramOptions{LogDisabled: check != nil})
		if err != nil && check == nil {
			return nil, err
		}
		if err != nil {
			continue
		}
		if sends && check == nil {
			l.counted = false
			l.opts.Notice(fmt.Sprintf("%s: the kernel refuses to count what is lost", name))
		}
		t := &structOpsTable{table: collection.Maps[name], programs: maps.Clone(collection.Programs)}
		delete(collection.Maps, name)
		clear(collection.Programs)
		collection.Close()
		return t, nil
	}
	return nil, nil // not reached: the last check is nil
}

func attachStructOps(_ *ebpf.Program, p *point) (io.Closer, error) {
	t := p.instance.tables[p.symbol]
	if t.attached {
		return closers(nil), nil // with the first of its programs
	}
	l, err := link.AttachStructOps(link.StructOpsOptions{Map: t.table})
	switch {
	case errors.Is(err, unix.EEXIST):
		return nil, fmt.Errorf("table %s: the kernel has one of that name already", p.symbol)
	case err != nil:
		return nil, fmt.Errorf("register table %s: %w", p.symbol, err)
	}
	t.attached = true
	return l, nil
}
