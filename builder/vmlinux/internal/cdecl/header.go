package cdecl

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// kind tells what a declaration declares.
type kind uint8

const (
	opaque      kind = iota // a tag that no kernel completes
	recordTag               // struct or union
	enumTag                 // enum with a tag
	typedefName             // typedef
)

// declaration is one declaration at the header's file level.
type declaration struct {
	kind   kind
	name   string // as printed, unique within tags or typedefs
	typ    btf.Type
	record *record      // of a recordTag, and of a typedef of an anonymous struct or union
	values []enumerator // of an enumTag, and of a typedef of an anonymous enum

	needs []*declaration // must be printed before this one
	state state
	mark  int // the last search that came by
}

// header is the declarations of all kernels.
type header struct {
	tags     map[string]*declaration
	typedefs map[string]*declaration
	byType   map[btf.Type]*declaration // each type of the kernel that declares its name
	order    []*declaration            // in which they are offered for printing
	loose    []*declaration            // enums without a tag, which offer nothing but their names
	kfuncs   []*btf.Func
	taken    map[string]bool // names of typedefs, enumerators and functions: one namespace in C
	searches int             // so far, of declaration.reaches
}

// merge returns the declarations of kernels; the first is the base.
func merge(kernels []*kernel) (*header, error) {
	h := &header{
		tags:     make(map[string]*declaration),
		typedefs: make(map[string]*declaration),
		byType:   make(map[btf.Type]*declaration),
		taken:    make(map[string]bool),
	}
	for i, k := range kernels {
		for _, tag := range slices.Sorted(maps.Keys(k.tags)) {
			if h.tags[tag] == nil {
				h.declareTag(tag, k.tags[tag], kernels[i+1:])
			}
		}
	}
	for i, k := range kernels {
		for _, name := range slices.Sorted(maps.Keys(k.typedefs)) {
			if h.typedefs[name] == nil {
				h.declareTypedef(name, k.typedefs[name], kernels[i+1:])
			}
		}
	}
	h.nameEnumerators(kernels)
	h.selectKfuncs(kernels)

	for _, d := range h.order {
		d.needs = h.needsOf(d)
	}
	for _, d := range h.order {
		if err := d.check(); err != nil {
			return nil, err
		}
	}
	h.admitExtras()
	return h, nil
}

// declareTag declares the types of one tag of the kernel that has it first. Only the
// first of them is merged with others: nothing tells which of theirs belongs to the rest.
func (h *header) declareTag(tag string, types []btf.Type, others []*kernel) {
	var variants []*declaration
	for _, typ := range types {
		i := slices.IndexFunc(variants, func(d *declaration) bool { return sameType(d.typ, typ) })
		if i >= 0 {
			h.byType[typ] = variants[i]
			continue
		}
		d := &declaration{name: tag, typ: typ}
		var same []btf.Type
		if len(variants) == 0 {
			h.tags[tag] = d
			same = othersOf(tag, others)
		} else {
			// CO-RE ignores what follows ___ in a name.
			d.name = fmt.Sprintf("%s___%d", tag, len(variants)+1)
		}
		if enum, ok := typ.(*btf.Enum); ok {
			d.kind = enumTag
			d.values = mergeValues(enum, same)
		} else {
			d.kind = recordTag
			d.record = newRecord(typ, slices.DeleteFunc(same, func(t btf.Type) bool { return !isRecord(t) }))
		}
		h.byType[typ] = d
		variants = append(variants, d)
		h.order = append(h.order, d)
	}
}

// othersOf returns what other kernels have for a tag: the type of that tag, or an
// anonymous struct whose typedef has the name, since types move from one to the other.
func othersOf(tag string, others []*kernel) []btf.Type {
	var types []btf.Type
	for _, k := range others {
		if named := k.tags[tag]; len(named) > 0 {
			types = append(types, named[0])
		}
		if defs := k.typedefs[tag]; len(defs) > 0 {
			if typ := underlying(defs[0]); isRecord(typ) && typ.TypeName() == "" {
				types = append(types, typ)
			}
		}
	}
	return types
}

// declareTypedef declares the types of one typedef's name of the kernel that has it first.
func (h *header) declareTypedef(name string, defs []*btf.Typedef, others []*kernel) {
	var variants []*declaration
	for _, def := range defs {
		i := slices.IndexFunc(variants, func(d *declaration) bool { return h.identity(d.typ) == h.identity(def) })
		if i >= 0 {
			h.byType[def] = variants[i]
			continue
		}
		d := &declaration{kind: typedefName, name: name, typ: def}
		var same []btf.Type
		if len(variants) == 0 {
			h.typedefs[name] = d
			for _, k := range others {
				if defs := k.typedefs[name]; len(defs) > 0 && isRecord(underlying(defs[0])) {
					same = append(same, underlying(defs[0]))
				}
			}
		} else {
			d.name = fmt.Sprintf("%s___%d", name, len(variants)+1)
		}
		if enum, ok := unqualified(def.Type).(*btf.Enum); ok && enum.Name == "" {
			d.values = mergeValues(enum, nil)
		} else if base := anonymous(def.Type); base != nil {
			d.record = newRecord(base, same)
		}
		h.byType[def] = d
		variants = append(variants, d)
		h.order = append(h.order, d)
	}
}

// identity returns what is equal for two typedefs if they mean the same type.
func (h *header) identity(def btf.Type) any {
	typ := underlying(def)
	if isTagged(typ) {
		return h.resolve(typ)
	}
	return typ
}

// resolve returns the declaration that a use of typ refers to, a tagged type or a
// typedef. It is nil for the typedefs that are not taken from a kernel.
func (h *header) resolve(typ btf.Type) *declaration {
	if d := h.byType[typ]; d != nil {
		return d
	}
	name := typ.TypeName()
	if _, ok := typ.(*btf.Typedef); ok {
		return h.typedefs[name]
	}
	d := h.tags[name]
	if d == nil {
		d = &declaration{name: name, typ: typ}
		h.tags[name] = d
	}
	return d
}
