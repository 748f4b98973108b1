package bpf

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/foreign"
)

// Description is what an object holds, by what the file itself says: it is the same on every machine. Its JSON form is what
// "ebpfx inspect -o json" prints; lists are in the order of the file or sorted, and never null.
type Description struct {
	License string `json:"license"` // "" where the object names none
	BTF     bool   `json:"btf"`     // describes its own types
	// ByteOrder is that of the machines that the object is for: "little" or "big".
	ByteOrder string                 `json:"byte_order"`
	Programs  []ProgramDescription   `json:"programs"`
	Maps      []MapDescription       `json:"maps"`      // by name
	Globals   []GlobalDescription    `json:"globals"`   // by section, in the order of the file
	Streams   []StreamDescription    `json:"streams"`   // ring and perf buffers with the types of their records
	Undefined []UndefinedDescription `json:"undefined"` // by name
	Needs     Needs                  `json:"needs"`
}

// ProgramDescription is one program.
type ProgramDescription struct {
	Name         string                  `json:"name"`
	Section      string                  `json:"section"`
	Kind         string                  `json:"kind"`   // one of Kinds; "" when the section says nothing
	Target       string                  `json:"target"` // "" when the section names nothing to attach to
	Type         string                  `json:"type"`   // as the kernel calls it: tracepoint, kprobe, sched_cls
	Optional     bool                    `json:"optional"`
	Sleepable    bool                    `json:"sleepable"`
	Instructions int                     `json:"instructions"` // with those of its subprograms, before ebpfx adds any
	Helpers      []string                `json:"helpers"`      // by name
	Kfuncs       []string                `json:"kfuncs"`
	Maps         []string                `json:"maps"` // that it names, sections of variables included
	Relocations  []RelocationDescription `json:"relocations"`
}

// RelocationDescription is what CO-RE asks of the kernel's types for a program, once for all places that ask the same.
type RelocationDescription struct {
	Kind  string `json:"kind"`  // as libbpf calls it: byte_off, field_exists, type_size, enumval_value, ...
	Of    string `json:"of"`    // struct task_struct, struct task_struct.mm.pgd, enum bpf_map_type.BPF_MAP_TYPE_HASH
	Count int    `json:"count"` // places in the program
}

// MapDescription is one map. Sections of global variables are not among them: see GlobalDescription.
type MapDescription struct {
	Name       string    `json:"name"`
	Type       string    `json:"type"` // hash, percpu_array, ringbuf
	Key        *TypeName `json:"key"`  // null where the type has none
	Value      *TypeName `json:"value"`
	MaxEntries uint32    `json:"max_entries"` // bytes of a ring buffer; 0: left to the loader
	Flags      uint32    `json:"flags"`
	Pinned     bool      `json:"pinned"`
}

// TypeName is a type by its name in C, and its size.
type TypeName struct {
	Type string `json:"type"`
	Size int    `json:"size"`
}

// GlobalDescription is one global variable.
type GlobalDescription struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int    `json:"size"`
	Section string `json:"section"`
	Option  bool   `json:"option"` // const volatile: to be set before the program is loaded
	// Default is the value that the object has. It is null where the object is for machines of the other byte order and the value has unions or bit fields.
	Default json.RawMessage `json:"default"`
}

// StreamDescription is a ring or perf buffer, or an iterator that writes records.
type StreamDescription struct {
	Map        string            `json:"map"`    // of an iterator the program
	Kind       string            `json:"kind"`   // RingBuffer, PerfBuffer or Iterator
	Method     string            `json:"method"` // how the types were found, see StreamInfo; "" when they are unknown
	Types      []TypeDescription `json:"types"`
	Candidates []string          `json:"candidates"`
}

// TypeDescription is the layout of a record.
type TypeDescription struct {
	TypeName
	Fields []FieldDescription `json:"fields"` // empty for what is no struct or union
}

// FieldDescription is a member of a record; those of anonymous structs and unions are listed as the record's own.
type FieldDescription struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Offset    int    `json:"offset"`
	Size      int    `json:"size"`
	BitOffset int    `json:"bit_offset"`
	BitSize   int    `json:"bit_size"` // 0: no bit field
}

// UndefinedDescription is a function, map or variable that another file is to define.
type UndefinedDescription struct {
	Name     string   `json:"name"`
	Programs []string `json:"programs"` // that refer to it
}

// Describe describes the object as it was opened. What SetGlobal and SetStreamType changed since is in it.
func (o *Object) Describe() *Description {
	d := &Description{
		License:   o.license,
		BTF:       o.hasBTF,
		ByteOrder: o.byteOrder(),
		Programs:  []ProgramDescription{},
		Maps:      []MapDescription{},
		Globals:   []GlobalDescription{},
		Streams:   []StreamDescription{},
		Undefined: []UndefinedDescription{},
		Needs:     o.needs(),
	}
	for _, p := range o.programs {
		spec := o.spec.Programs[p.Name]
		d.Programs = append(d.Programs, o.describeProgram(p, spec))
	}
	for name, m := range o.spec.Maps {
		if !isSection(m) {
			d.Maps = append(d.Maps, describeMap(name, m))
		}
	}
	slices.SortFunc(d.Maps, func(a, b MapDescription) int { return strings.Compare(a.Name, b.Name) })
	for _, v := range o.Variables() {
		d.Globals = append(d.Globals, GlobalDescription{
			Name:    v.Name,
			Type:    v.Type.Name,
			Size:    v.Type.Size,
			Section: o.spec.Variables[v.Name].SectionName,
			Option:  v.Option,
			Default: o.defaultOf(v),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(o.undefined)) {
		d.Undefined = append(d.Undefined, UndefinedDescription{name, o.programsWith(name)})
	}
	for _, s := range o.streams {
		d.Streams = append(d.Streams, describeStream(s))
	}
	return d
}

// programsWith returns the names of the programs that refer to a symbol.
func (o *Object) programsWith(symbol string) []string {
	names := []string{}
	for _, p := range o.programs {
		refers := func(ins asm.Instruction) bool { return ins.Reference() == symbol }
		if slices.ContainsFunc(o.spec.Programs[p.Name].Instructions, refers) {
			names = append(names, p.Name)
		}
	}
	return names
}

// byteOrder returns the name of the byte order of the machines that o is for.
func (o *Object) byteOrder() string {
	if (binary.NativeEndian.Uint16([]byte{1, 0}) == 1) != o.foreign {
		return "little"
	}
	return "big"
}

// defaultOf returns the value of a variable as JSON.
func (o *Object) defaultOf(v Variable) json.RawMessage {
	if o.foreign && !foreign.Value(v.Type, v.Value) {
		return json.RawMessage("null")
	}
	return v.Type.AppendJSON(nil, v.Value)
}

func (o *Object) describeProgram(p Program, spec *ebpf.ProgramSpec) ProgramDescription {
	d := ProgramDescription{
		Name:         p.Name,
		Section:      p.Section,
		Kind:         p.Kind,
		Target:       p.Target,
		Type:         snakeCase(spec.Type.String()),
		Optional:     strings.HasPrefix(p.Section, optionalMark),
		Sleepable:    spec.Flags&unix.BPF_F_SLEEPABLE != 0,
		Instructions: int(spec.Instructions.Size() / asm.InstructionSize),
		Helpers:      []string{},
		Kfuncs:       []string{},
		Maps:         []string{},
		Relocations:  o.relocations(spec.Instructions),
	}
	for i := range spec.Instructions {
		ins := &spec.Instructions[i]
		switch {
		case ins.IsBuiltinCall():
			d.Helpers = append(d.Helpers, helperName(asm.BuiltinFunc(ins.Constant)))
		case ins.IsKfuncCall():
			d.Kfuncs = append(d.Kfuncs, ins.Reference())
		case ins.IsLoadFromMap() && ins.Reference() != "", slices.Contains(o.declaredMaps, ins.Reference()):
			d.Maps = append(d.Maps, ins.Reference())
		}
	}
	for _, list := range []*[]string{&d.Helpers, &d.Kfuncs, &d.Maps} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return d
}

func describeMap(name string, m *ebpf.MapSpec) MapDescription {
	return MapDescription{
		Name:       name,
		Type:       mapTypeName(m.Type),
		Key:        nameType(m.Key, m.KeySize),
		Value:      nameType(m.Value, m.ValueSize),
		MaxEntries: m.MaxEntries,
		Flags:      m.Flags,
		Pinned:     m.Pinning != ebpf.PinNone,
	}
}

// nameType returns nil for what a map does not have.
func nameType(t btf.Type, size uint32) *TypeName {
	if t == nil && size == 0 {
		return nil
	}
	if _, void := t.(*btf.Void); void {
		return nil
	}
	layout, err := decode.New(ofSize(t, size))
	if err != nil {
		return &TypeName{Type: "", Size: int(size)}
	}
	return &TypeName{Type: layout.Name, Size: layout.Size}
}

func describeStream(s *StreamInfo) StreamDescription {
	d := StreamDescription{Map: s.Map, Kind: s.Kind, Method: s.Method, Types: []TypeDescription{}, Candidates: []string{}}
	d.Candidates = append(d.Candidates, s.Candidates...)
	for _, t := range s.Types {
		described := TypeDescription{TypeName: TypeName{Type: t.Name, Size: t.Size}, Fields: []FieldDescription{}}
		for _, f := range t.Fields {
			described.Fields = append(described.Fields, FieldDescription{
				Name: f.Name, Type: f.Type.Name, Offset: f.Offset, Size: f.Type.Size, BitOffset: f.BitOffset, BitSize: f.BitSize,
			})
		}
		d.Types = append(d.Types, described)
	}
	return d
}

// mapTypeName returns the name of a map's type as bpftool has it.
func mapTypeName(t ebpf.MapType) string {
	switch t {
	case ebpf.RingBuf, ebpf.UserRingbuf:
		return strings.ReplaceAll(snakeCase(t.String()), "ring_buf", "ringbuf")
	case ebpf.CPUMap, ebpf.DevMap, ebpf.SockMap, ebpf.XSKMap:
		return strings.ToLower(t.String())
	case ebpf.CGroupStorage, ebpf.PerCPUCGroupStorage, ebpf.CgroupStorage:
		return map[ebpf.MapType]string{
			ebpf.CGroupStorage: "cgroup_storage", ebpf.PerCPUCGroupStorage: "percpu_cgroup_storage", ebpf.CgroupStorage: "cgrp_storage",
		}[t]
	case ebpf.StructOpsMap:
		return "struct_ops"
	}
	return snakeCase(t.String())
}

// snakeCase turns LRUCPUHash, PerCPUArray and TracePoint, which are package ebpf's names, into those of C.
func snakeCase(name string) string {
	for _, r := range []struct{ old, new string }{
		{"LRUCPU", "LruPercpu"}, {"PerCPU", "Percpu"}, {"LRU", "Lru"}, {"LPM", "Lpm"}, {"CGroup", "Cgroup"}, {"SchedCLS", "SchedCls"},
		{"SchedACT", "SchedAct"}, {"XDP", "Xdp"}, {"LSM", "Lsm"}, {"SKB", "Skb"}, {"LWT", "Lwt"}, {"TracePoint", "Tracepoint"},
		{"ReusePort", "Reuseport"},
	} {
		name = strings.ReplaceAll(name, r.old, r.new)
	}
	var b bytes.Buffer
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
