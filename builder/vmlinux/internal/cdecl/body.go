package cdecl

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"
)

const packedAttribute = " __attribute__((packed))"

// body returns the braces of r, with what is between them, and r's attributes.
func (p *printer) body(r *record, indent string) string {
	attribute := ""
	if p.header.layoutRecord(r).packed {
		attribute = packedAttribute
	}
	var b strings.Builder
	b.WriteString("{\n")
	switch {
	case len(r.extras) == 0:
		p.members(&b, r, indent+"\t")
	case r.union:
		p.members(&b, r, indent+"\t")
		p.extras(&b, r, indent+"\t")
	default:
		fmt.Fprintf(&b, "%s\tunion {\n", indent)
		fmt.Fprintf(&b, "%s\t\tstruct {\n", indent)
		p.members(&b, r, indent+"\t\t\t")
		fmt.Fprintf(&b, "%s\t\t}%s;\n", indent, attribute)
		p.extras(&b, r, indent+"\t\t")
		fmt.Fprintf(&b, "%s\t};\n", indent)
	}
	b.WriteString(indent + "}" + attribute)
	return b.String()
}

// members writes the members of the base, with padding where they do not follow
// each other by themselves.
func (p *printer) members(b *strings.Builder, r *record, indent string) {
	l := p.header.layoutRecord(r)
	end := uint32(0) // in bits
	p.header.place(r, l.packed, func(m *member, from, to uint32) {
		if r.union {
			end = max(end, to)
		} else {
			size, align := p.header.layoutMember(m)
			if p.header.natural(m, end, size, align, l.packed) < from {
				pad(b, end, from, indent)
			}
			end = to
		}
		p.member(b, m, indent)
	})
	switch {
	case roundUp(end, 8*l.align) >= 8*r.size:
	case r.union:
		fmt.Fprintf(b, "%sstruct {\n", indent)
		pad(b, 0, 8*r.size, indent+"\t")
		fmt.Fprintf(b, "%s};\n", indent)
	default:
		pad(b, end, 8*r.size, indent)
	}
}

func (p *printer) extras(b *strings.Builder, r *record, indent string) {
	for _, m := range r.extras {
		p.member(b, m, indent)
	}
}

func (p *printer) member(b *strings.Builder, m *member, indent string) {
	b.WriteString(indent)
	b.WriteString(p.declare(p.header.declaredType(m), m.name, m.inner, indent))
	if m.bits > 0 {
		fmt.Fprintf(b, ": %d", m.bits)
	}
	if m.packed {
		b.WriteString(packedAttribute)
	}
	b.WriteString(";\n")
}

// pad fills the bits from end to next with unnamed bit fields, which do not raise
// the alignment of what they are in.
func pad(b *strings.Builder, end, next uint32, indent string) {
	for end < next {
		n := min(64-end%64, next-end)
		fmt.Fprintf(b, "%slong: %d;\n", indent, n)
		end += n
	}
}

// enumBody returns an enum of values, which takes size bytes.
func enumBody(tag string, values []enumerator, size uint32) string {
	var b strings.Builder
	b.WriteString(join("enum", tag) + " {\n")
	for _, v := range values {
		switch {
		case v.signed:
			fmt.Fprintf(&b, "\t%s = %d,\n", v.name, int64(v.value))
		case size == 8:
			fmt.Fprintf(&b, "\t%s = %dULL,\n", v.name, v.value)
		default:
			fmt.Fprintf(&b, "\t%s = %d,\n", v.name, v.value)
		}
	}
	b.WriteString("}")
	// Those of GCC that libbpf's btf_dump.c uses as well.
	switch size {
	case 1:
		b.WriteString(" __attribute__((mode(byte)))")
	case 2:
		b.WriteString(" __attribute__((mode(HI)))")
	case 8:
		b.WriteString(" __attribute__((mode(word)))")
	}
	return b.String()
}

// unnamedEnum returns the enum that the declaration of a member spells out. Its
// names are declared elsewhere; CO-RE wants it to be an enum all the same.
func (p *printer) unnamedEnum(e *btf.Enum, indent string) string {
	return strings.ReplaceAll(enumBody("", p.placeholder(), e.Size), "\n", "\n"+indent)
}

// placeholder returns an enumerator of no meaning: C has no enum without one.
func (p *printer) placeholder() []enumerator {
	p.placeholders++
	return []enumerator{{name: fmt.Sprintf("__vmlinux_enum_%d", p.placeholders)}}
}
