package vmlinux

import (
	"io"
	"slices"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/corerelo"
	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/presence"
)

// Lint returns a warning for each member, enumerator and type that the programs of an
// object need, that some kernels of the merged header for arch lack, and that nothing
// guards; each once, at the first place that needs it. Positions are those that the
// compiler put into the object.
//
// A guard is a question such as bpf_core_field_exists that the same section asks, and
// which has one answer where the member is and the other where it is not. So the usual
// "if the new name exists, read that, else the old one" guards both. Guards that are
// no CO-RE question, a kernel version for one, are not seen.
func Lint(object io.ReaderAt, arch string) ([]diag.Diagnostic, error) {
	table, err := members(arch)
	if err != nil {
		return nil, err
	}
	relocations, err := corerelo.Read(object)
	if err != nil {
		return nil, err
	}

	// Functions that several programs call are in .text. Any of these can have asked
	// before it calls, and any can call to ask.
	const shared = ".text"
	questions := make(map[string][]presence.Set)
	var every []presence.Set
	for _, r := range relocations {
		if r.Kind.Guard() {
			in := table.All()
			for _, u := range usesOf(r) {
				in &= u.in(table)
			}
			questions[r.Section] = append(questions[r.Section], in)
			every = append(every, in)
		}
	}

	var found []diag.Diagnostic
	seen := make(map[use]bool)
	for _, r := range relocations {
		if !r.Kind.Field() && r.Kind != corerelo.EnumvalValue || r.Kind.Guard() {
			continue
		}
		asked := slices.Concat(questions[r.Section], questions[shared])
		if r.Section == shared {
			asked = every
		}
		for _, u := range usesOf(r) {
			in := u.in(table)
			if whole := (use{keyword: u.keyword, typ: u.typ}); whole.in(table) == in {
				u = whole // it is not the member that comes and goes
			}
			if seen[u] || guarded(in, asked, len(table.Kernels)) {
				continue
			}
			seen[u] = true
			found = append(found, diag.Diagnostic{
				Pos:   diag.Pos{File: r.File, Line: r.Line, Column: r.Column},
				Level: diag.Warning,
				Text:  u.warning(in, table.Kernels),
			})
		}
	}
	return found, nil
}

// guarded reports whether for every kernel without something, which in are the kernels
// with, one of the questions asked tells it from all kernels with it.
func guarded(in presence.Set, asked []presence.Set, kernels int) bool {
	for without := range kernels {
		if in.Has(without) {
			continue
		}
		tells := func(q presence.Set) bool {
			if q.Has(without) {
				return q&in == 0
			}
			return q&in == in
		}
		if !slices.ContainsFunc(asked, tells) {
			return false
		}
	}
	return true
}
