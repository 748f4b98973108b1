package bpf

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/ebpfx/ebpfx/bpf/internal/executable"
	"github.com/ebpfx/ebpfx/bpf/internal/usdt"
)

// usdtSpecs is the map in which programs with libbpf's usdt.bpf.h look up where the arguments of a site are. The number of its spec is
// the cookie that a program is attached there with, in place of the user's, which is in the spec.
//
// Kernels before 5.15 have no cookies. There libbpf notes the number for the address of the instruction, which it knows neither of a
// library nor of most executables before they are loaded. Here each spec gets a program of its own, as loadForSpec says.
type usdtSpecs struct {
	layout *usdt.Layout
	table  *ebpf.Map
	most   uint32            // specs
	ids    map[string]uint32 // by encoded spec
}

// usdtSpecs returns the specs of i, nil where its object does not include usdt.bpf.h: its programs read no arguments then.
func (i *Instance) usdtSpecs() (*usdtSpecs, error) {
	if i.specs != nil {
		return i.specs, nil
	}
	spec, table := i.object.spec.Maps[usdt.SpecsMap], i.maps[usdt.SpecsMap]
	if spec == nil || table == nil {
		return nil, nil
	}
	layout, err := usdt.NewLayout(spec.Value)
	if err != nil {
		return nil, err
	}
	i.specs = &usdtSpecs{layout: layout, table: table, most: table.MaxEntries(), ids: make(map[string]uint32)}
	return i.specs, nil
}

// put returns the number of the spec of a site of f, for p.
func (s *usdtSpecs) put(p *point, f *executable.File, site usdt.Site) (uint32, error) {
	args := usdt.ParseArgs(site.Args, usdt.Place{Machine: f.ELF.Machine, Site: site.Address, Symbol: f.Variable})
	value := s.layout.Encode(args, p.cookie)
	if id, ok := s.ids[string(value)]; ok {
		return id, nil
	}
	id := uint32(len(s.ids))
	if id >= s.most {
		return 0, fmt.Errorf("the map %s has room for %d sets of arguments, and there are more; write set_maps{%[1]s = {max_entries = %[3]d}}", usdt.SpecsMap, s.most, 4*s.most)
	}
	if err := s.table.Put(id, value); err != nil {
		return 0, fmt.Errorf("tell the program of the arguments of %s: %w", site.Probe(), err)
	}
	s.ids[string(value)] = id
	s.explain(p, site, args)
	return id, nil
}

// explain says which arguments of a site the program gets an error for.
func (s *usdtSpecs) explain(p *point, site usdt.Site, args []usdt.Arg) {
	for i, a := range args {
		var why string
		switch {
		case i >= s.layout.MaxArgs():
			why = fmt.Sprintf("programs read %d at most", s.layout.MaxArgs())
		case a.Kind == usdt.Unreadable:
			why = a.Why.Error()
		case a.Kind == usdt.Indexed && !s.layout.Indexes():
			why = "it is in an array, which the usdt.bpf.h of libbpf 1.7 can read"
		default:
			continue
		}
		p.notice(fmt.Sprintf("%s: argument %d of %s at %#x cannot be read: %s", p.name, i, site.Probe(), site.Address, why))
	}
}

// cookieVariable is that by which usdt.bpf.h knows whether there are cookies.
const cookieVariable = "LINUX_HAS_BPF_COOKIE"

// kconfigWithCookies is kconfigMap for programs that are told so.
const kconfigWithCookies = kconfigMap + ".usdt"

// loadForSpec loads the program of p for the sites of one spec alone, on a kernel without cookies. It is told that there are cookies, and
// where it asks for one it has the number of the spec.
func (l *loader) loadForSpec(p *point, id uint32) (*ebpf.Program, error) {
	if err := l.loadKconfigWithCookies(); err != nil {
		return nil, err
	}
	spec := l.spec.Programs[p.name].Copy()
	spec.Type, spec.AttachType, spec.Flags = p.programType, p.attachType, p.flags
	for i := range spec.Instructions {
		ins := &spec.Instructions[i]
		switch {
		case ins.IsBuiltinCall() && asm.BuiltinFunc(ins.Constant) == asm.FnGetAttachCookie:
			number := asm.Mov.Imm(asm.R0, int32(id))
			number.Metadata = ins.Metadata
			*ins = number
		case ins.IsLoadFromMap() && ins.Reference() == kconfigMap:
			*ins = ins.WithReference(kconfigWithCookies)
		}
	}
	prog, err := l.loadProgram(spec)
	if err != nil {
		return nil, p.loadFailure(spec, err)
	}
	l.inst.own(p.name, prog)
	return prog, nil
}

// loadKconfigWithCookies makes the map for loadForSpec.
func (l *loader) loadKconfigWithCookies() error {
	m := l.spec.Maps[kconfigMap]
	if m == nil || l.maps[kconfigWithCookies] != nil {
		return nil
	}
	m, err := l.withKconfig(m)
	if err != nil {
		return err
	}
	values := m.Contents[0].Value.([]byte)
	for _, v := range l.externs {
		if v.Name == cookieVariable {
			values[v.Offset] = 1
		}
	}
	created, err := ebpf.NewMap(m)
	if err != nil {
		return fmt.Errorf("create map %s: %w", kconfigWithCookies, err)
	}
	l.maps[kconfigWithCookies], l.inst.maps[kconfigWithCookies] = m, created
	return nil
}
