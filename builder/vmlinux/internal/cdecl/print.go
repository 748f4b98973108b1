package cdecl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Write prints the header of specs, the first being the base. The same specs give
// the same bytes.
//
// Prototypes of kernel functions are left out unless VMLINUX_KFUNCS is defined when
// the header is included: sources often declare the few that they call, and kernels
// change them.
func Write(w io.Writer, specs ...*btf.Spec) error {
	if len(specs) == 0 {
		return errors.New("print header: no types given")
	}
	kernels := make([]*kernel, len(specs))
	for i, spec := range specs {
		k, err := index(spec)
		if err != nil {
			return err
		}
		kernels[i] = k
	}
	h, err := merge(kernels)
	if err != nil {
		return err
	}
	return h.write(w, len(specs) > 1)
}

// printer writes the declarations of a header.
type printer struct {
	header *header
	w      *bufio.Writer
	seen   map[*declaration]bool // tags that are declared at file level
	ahead  []string              // tags to declare before what is being printed

	prototypes   int // parameter lists that are being printed
	placeholders int // enumerators made up so far
}

// The header counts as vmlinux.h for libbpf's headers, which look for the guard.
const (
	prologue = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#if __STDC_VERSION__ < 202311L /* keywords since C23 */
typedef _Bool bool;
enum { false, true };
#endif

`
	// A merged struct has the layout of no kernel: without relocations it is wrong.
	alwaysRelocated = `#ifdef BPF_NO_PRESERVE_ACCESS_INDEX
#error "this vmlinux.h stands for many kernels and needs CO-RE: do not define BPF_NO_PRESERVE_ACCESS_INDEX, or use the header of one kernel"
#endif
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)

`
	alwaysRelocatedEnd = `#pragma clang attribute pop

`
	relocated = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

`
	relocatedEnd = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

`
	epilogue = `#endif /* __VMLINUX_H__ */
`
)

func (h *header) write(w io.Writer, merged bool) error {
	p := &printer{header: h, w: bufio.NewWriter(w), seen: make(map[*declaration]bool)}
	p.w.WriteString(prologue)
	if merged {
		p.w.WriteString(alwaysRelocated)
	} else {
		p.w.WriteString(relocated)
	}
	for _, d := range slices.Concat(h.loose, h.order) {
		p.declaration(d)
	}
	p.kfuncs()
	if merged {
		p.w.WriteString(alwaysRelocatedEnd)
	} else {
		p.w.WriteString(relocatedEnd)
	}
	p.w.WriteString(epilogue)
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("write header: %w", err)
	}
	return nil
}

// print writes one declaration, after the tags that it needs ahead.
func (p *printer) print(text string) {
	p.flush()
	fmt.Fprintf(p.w, "%s;\n\n", text)
}

// printRecord writes the struct or union d. What it takes is said behind it, for people and
// for those who put something of the same size in its place.
func (p *printer) printRecord(d *declaration) {
	p.seen[d] = true
	text := keyword(d.typ) + " " + d.name + " " + p.body(d.record, "")
	l := p.header.layoutRecord(d.record)
	p.flush()
	fmt.Fprintf(p.w, "%s; /* size: %d, align: %d */\n\n", text, l.size, l.align)
}

// flush declares the tags that are needed ahead.
func (p *printer) flush() {
	for _, tag := range p.ahead {
		fmt.Fprintf(p.w, "%s;\n\n", tag)
	}
	p.ahead = p.ahead[:0]
}

// declaration prints d after what it needs.
func (p *printer) declaration(d *declaration) {
	if d.state == printed {
		return
	}
	d.state = printed
	for _, need := range d.needs {
		p.declaration(need)
	}
	switch d.kind {
	case enumTag:
		p.print(enumBody(d.name, p.named(d), d.typ.(*btf.Enum).Size))
	case recordTag:
		p.printRecord(d)
	case typedefName:
		p.typedef(d)
	}
}

func (p *printer) typedef(d *declaration) {
	typ := d.typ.(*btf.Typedef).Type
	var text string
	if enum, ok := unqualified(typ).(*btf.Enum); ok && enum.Name == "" {
		text = enumBody("", p.named(d), enum.Size) + " " + d.name
	} else {
		text = p.declare(typ, d.name, d.record, "")
	}
	p.print("typedef " + text)
}

// named returns the enumerators of d, at least one.
func (p *printer) named(d *declaration) []enumerator {
	if len(d.values) == 0 {
		return p.placeholder()
	}
	return d.values
}

// kfuncs prints the prototypes, one a line, and what they need ahead for those who
// take single ones of them.
func (p *printer) kfuncs() {
	if len(p.header.kfuncs) == 0 {
		return
	}
	var b strings.Builder
	for _, fn := range p.header.kfuncs {
		fmt.Fprintf(&b, "extern %s __attribute__((weak, section(\".ksyms\")));\n", p.declare(fn.Type, fn.Name, nil, ""))
	}
	p.flush()
	fmt.Fprintf(p.w, "#ifdef VMLINUX_KFUNCS\n%s#endif\n\n", b.String())
}
