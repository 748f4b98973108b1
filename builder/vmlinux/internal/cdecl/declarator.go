package cdecl

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// declare returns the declaration of name as a typ: C's types read from the name
// outwards. An empty name makes an abstract declarator. inner stands for the
// anonymous struct or union that typ spells out.
func (p *printer) declare(typ btf.Type, name string, inner *record, indent string) string {
	switch typ := typ.(type) {
	case *btf.Int:
		return join(typ.Name, name)
	case *btf.Float:
		return join(typ.Name, name)
	case *btf.Const:
		return p.qualify("const", typ.Type, name, inner, indent)
	case *btf.Volatile:
		return p.qualify("volatile", typ.Type, name, inner, indent)
	case *btf.Restrict:
		if _, ok := unqualified(typ.Type).(*btf.Pointer); ok {
			return p.declare(typ.Type, join("restrict", name), inner, indent)
		}
		return p.declare(typ.Type, name, inner, indent)
	case *btf.TypeTag:
		return p.declare(typ.Type, name, inner, indent)
	case *btf.Pointer:
		return p.declarePointer(typ, name, indent)
	case *btf.Array:
		return p.declare(typ.Type, fmt.Sprintf("%s[%d]", name, typ.Nelems), inner, indent)
	case *btf.FuncProto:
		return p.declare(typ.Return, name+p.params(typ, indent), nil, indent)
	case *btf.Typedef:
		if d := p.header.resolve(typ); d != nil {
			return join(d.name, name)
		}
		return join(typ.Name, name)
	case *btf.Enum:
		if isIdentifier(typ.Name) {
			if p.header.resolve(typ).kind == opaque {
				return join("int", name) // C has no enum to be completed later
			}
			return join(p.tag(typ), name)
		}
		return join(p.unnamedEnum(typ, indent), name)
	case *btf.Struct, *btf.Union:
		if inner == nil && isTagged(typ) {
			return join(p.tag(typ), name)
		}
		if inner == nil {
			inner = newRecord(typ, nil)
		}
		return join(keyword(typ)+" "+p.body(inner, indent), name)
	case *btf.Fwd:
		if isIdentifier(typ.Name) {
			return join(p.tag(typ), name)
		}
	}
	return join("void", name)
}

func join(typ, name string) string {
	if name == "" {
		return typ
	}
	return typ + " " + name
}

func (p *printer) declarePointer(ptr *btf.Pointer, name, indent string) string {
	target := ptr.Target
	for {
		tag, ok := target.(*btf.TypeTag)
		if !ok {
			break
		}
		target = tag.Type
	}
	switch bare := unqualified(target).(type) {
	case *btf.Array, *btf.FuncProto:
		return p.declare(bare, "(*"+name+")", nil, indent)
	case *btf.Struct, *btf.Union:
		if n := bare.TypeName(); n != "" && !isIdentifier(n) {
			return "void *" + name // of another language
		}
	}
	return p.declare(target, "*"+name, nil, indent)
}

// qualify declares name as a typ that is const or volatile. The word stands behind
// a pointer's star, and with an array's elements; functions have none.
func (p *printer) qualify(word string, typ btf.Type, name string, inner *record, indent string) string {
	switch bare := unqualified(typ).(type) {
	case *btf.Pointer:
		return p.declare(typ, join(word, name), inner, indent)
	case *btf.Array:
		return p.qualify(word, bare.Type, fmt.Sprintf("%s[%d]", name, bare.Nelems), inner, indent)
	case *btf.FuncProto:
		return p.declare(typ, name, inner, indent)
	}
	if repeated(word, typ) {
		return p.declare(typ, name, inner, indent)
	}
	return word + " " + p.declare(typ, name, inner, indent)
}

// repeated reports whether typ says word itself, which C warns of.
func repeated(word string, typ btf.Type) bool {
	for {
		switch typ.(type) {
		case *btf.Const:
			if word == "const" {
				return true
			}
		case *btf.Volatile:
			if word == "volatile" {
				return true
			}
		}
		inner, ok := qualified(typ)
		if !ok {
			return false
		}
		typ = inner
	}
}

// params returns the parameter list of proto, without names: a macro of a source
// could have one of them.
func (p *printer) params(proto *btf.FuncProto, indent string) string {
	if len(proto.Params) == 0 {
		return "(void)"
	}
	p.prototypes++
	defer func() { p.prototypes-- }()
	list := make([]string, len(proto.Params))
	for i, param := range proto.Params {
		if _, ok := param.Type.(*btf.Void); ok && i > 0 && i == len(proto.Params)-1 {
			list[i] = "..."
			continue
		}
		list[i] = p.declare(param.Type, "", nil, indent)
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// tag returns how C refers to typ by its tag. A tag that is first seen in a
// parameter list would be another type than the same tag elsewhere: these are
// remembered to be declared ahead.
func (p *printer) tag(typ btf.Type) string {
	d := p.header.resolve(typ)
	word := keyword(d.typ)
	if d.kind != enumTag && !p.seen[d] {
		p.seen[d] = true
		if p.prototypes > 0 {
			p.ahead = append(p.ahead, word+" "+d.name)
		}
	}
	return word + " " + d.name
}

func keyword(typ btf.Type) string {
	switch typ := typ.(type) {
	case *btf.Union:
		return "union"
	case *btf.Enum:
		return "enum"
	case *btf.Fwd:
		if typ.Kind == btf.FwdUnion {
			return "union"
		}
	}
	return "struct"
}
