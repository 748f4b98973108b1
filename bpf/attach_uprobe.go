package bpf

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/executable"
)

// Programs of these kinds run in processes, where a function of an executable or library is called or returns. Those that are
// attached to many functions at once are, on kernels before 6.6, attached to one after the other.
var (
	uprobeKind = &kind{
		name:        "uprobe",
		sections:    []string{"uprobe", "uprobe.s"},
		form:        "path:symbol",
		programType: ebpf.Kprobe,
		moments:     onEntry,
		takes:       takesPID | takesOffset | takesCookie,
		resolve:     resolveUprobe,
		attach:      attachUprobe,
		names:       symbolNames,
	}
	uretprobeKind = &kind{
		name:        "uretprobe",
		sections:    []string{"uretprobe", "uretprobe.s"},
		form:        "path:symbol",
		programType: ebpf.Kprobe,
		moments:     onReturn,
		takes:       takesPID | takesCookie,
		resolve:     resolveUprobe,
		attach:      attachUprobe,
		names:       symbolNames,
	}
	uprobeMultiKind = &kind{
		name:        "uprobe.multi",
		sections:    []string{"uprobe.multi", "uprobe.multi.s"},
		form:        "path:pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceUprobeMulti,
		moments:     onEntry,
		takes:       takesPID | takesCookie,
		resolve:     resolveUprobe,
		attach:      attachUprobe,
		names:       symbolNames,
	}
	uretprobeMultiKind = &kind{
		name:        "uretprobe.multi",
		sections:    []string{"uretprobe.multi", "uretprobe.multi.s"},
		form:        "path:pattern",
		programType: ebpf.Kprobe,
		attachType:  ebpf.AttachTraceUprobeMulti,
		moments:     onReturn,
		takes:       takesPID | takesCookie,
		resolve:     resolveUprobe,
		attach:      attachUprobe,
		names:       symbolNames,
	}
	// uprobeSessionKind programs run when a function is called, and when it returns if they said 0 at its call.
	uprobeSessionKind = &kind{
		name:        "uprobe.session",
		sections:    []string{"uprobe.session", "uprobe.session.s"},
		form:        "path:pattern",
		programType: ebpf.Kprobe,
		attachType:  attachTraceUprobeSession,
		moments:     onEntry | onReturn,
		takes:       takesPID | takesCookie,
		resolve: func(p *point) error {
			if !hasUprobeSessions() {
				return errors.New("this kernel has no sessions of uprobes (6.13 or later has them); uprobe.multi and uretprobe.multi may serve")
			}
			return resolveUprobe(p)
		},
		attach: attachUprobe,
		names:  symbolNames,
	}
)

// userTarget is what a point names in a binary.
type userTarget struct {
	at       executable.Location
	function executable.Pattern // or probe, as provider:name
	fixed    bool               // the target is an offset in the file, which is that of the point
}

// resolveUprobe takes "symbol", "symbol+0x10", "symbol@VERSION", "0x1234" (an offset in the file), "glob*", "/regular expression/", and
// any of them behind "binary:". The binary is that, or the hook's, or the one that the program's section names.
func resolveUprobe(p *point) error {
	name, symbol := splitBinary(p.where)
	if name == "" {
		name = p.binary
	}
	if name == "" && p.hook {
		name, _ = splitBinary(sectionTarget(p.section))
	}
	switch {
	case symbol == "":
		return &predicate{"names no symbol; " + p.advice()}
	case name == "" && p.hook:
		return &predicate{fmt.Sprintf(`names no binary; add set_binary("/path") or write "path:%s"`, symbol)}
	case name == "":
		return &passive{&predicate{fmt.Sprintf("names no binary; write attach_to(%q, %q)", p.name, "path:"+symbol)}}
	}
	target := &userTarget{}
	var err error
	if target.at, err = executable.Find(name, p.pid); err != nil {
		return err
	}
	p.user, p.symbol, p.binary = target, symbol, target.at.Name
	offset := ""
	if !executable.IsExpression(symbol) {
		symbol, offset, _ = strings.Cut(symbol, "+")
	}
	if offset != "" {
		n, err := strconv.ParseUint(offset, 0, 64)
		if err != nil {
			return fmt.Errorf("the offset +%s is no number", offset)
		}
		p.offset += n
	}
	if n, err := strconv.ParseUint(symbol, 0, 64); err == nil {
		target.fixed = true
		p.offset += n
	} else if target.function, err = executable.ParsePattern(symbol); err != nil {
		return err
	}
	switch {
	case p.offset == 0 || target.fixed:
	case target.function.Many():
		return &predicate{"has an offset, which is for one function alone"}
	case p.kind.moments&onReturn != 0:
		return &predicate{"has an offset, which " + p.kind.name + " does not take"}
	}
	p.chooseLink(target.function.Many() || p.kind.attachType == ebpf.AttachTraceUprobeMulti)
	return nil
}

// chooseLink decides what the program of p is loaded for: one link for many places where that is wanted and the kernel has it, or one for
// each.
func (p *point) chooseLink(many bool) {
	switch {
	case p.kind.attachType == attachTraceUprobeSession:
		p.attachType = attachTraceUprobeSession
	case many && attachesMany(p.pid):
		p.attachType = ebpf.AttachTraceUprobeMulti
	default:
		p.attachType = ebpf.AttachNone
	}
}

// splitBinary takes "binary:" off a target. In a regular expression there may be colons, too.
func splitBinary(where string) (binary, rest string) {
	if strings.HasSuffix(where, "/") {
		if i := strings.Index(where, ":/"); i >= 0 {
			return where[:i], where[i+1:]
		}
		if executable.IsExpression(where) {
			return "", where
		}
	}
	i := strings.LastIndexByte(where, ':')
	return where[:max(0, i)], where[i+1:]
}

func attachUprobe(prog *ebpf.Program, p *point) (io.Closer, error) {
	f, err := p.user.at.Open()
	if err != nil {
		return nil, p.explainUser(err)
	}
	defer func() { f.Close() }()
	functions, err := p.functions(f)
	var imported *executable.ImportError
	if errors.As(err, &imported) && imported.Library.Name != "" {
		if p.pid == 0 {
			p.notice(fmt.Sprintf("%s: %s, which is probed in every process that uses it", p.name, imported))
		}
		library, openErr := imported.Library.Open()
		if openErr != nil {
			return nil, p.explainUser(openErr)
		}
		f.Close()
		f = library
		functions, err = p.functions(f)
	}
	if err != nil {
		return nil, p.explainUser(err)
	}
	if p.kind.moments&onReturn != 0 && f.IsGo() {
		if name, ok := goFunction(functions); ok {
			return nil, fmt.Errorf("%s is a function of Go, which moves the stacks of its goroutines, so that a probe at the return would crash it; uprobe works", name)
		}
	}
	places := make([]place, len(functions))
	for i, fn := range functions {
		places[i] = place{offset: fn.Offset, cookie: p.cookie}
	}
	l, refused, err := attachPlaces(prog, p, f, places)
	if err != nil {
		return nil, p.explainUser(err)
	}
	if len(refused) > 0 {
		p.notice(fmt.Sprintf("%s: %d of %d functions cannot be probed, the one at %#x among them", p.name, len(refused), len(places), refused[0].offset))
	}
	return l, nil
}

// functions returns what of f the program of p is attached to.
func (p *point) functions(f *executable.File) ([]executable.Function, error) {
	target := p.user
	if target.fixed {
		if _, ok := f.Code(p.offset); !ok {
			if offset, ok := f.CodeOffset(p.offset); ok {
				return nil, fmt.Errorf("%#x is an address; its offset in %s is %#x", p.offset, f.Name, offset)
			}
			return nil, fmt.Errorf("there is no code at offset %#x of %s", p.offset, f.Name)
		}
		return []executable.Function{{Name: fmt.Sprintf("%#x", p.offset), Offset: p.offset}}, nil
	}
	functions, err := f.Select(target.function)
	if err != nil {
		return nil, err
	}
	if p.offset != 0 {
		fn := &functions[0]
		if fn.Size != 0 && p.offset >= fn.Size {
			return nil, fmt.Errorf("%s of %s has %d bytes, so that there is no %[1]s+%#[4]x", fn.Name, f.Name, fn.Size, p.offset)
		}
		fn.Offset += p.offset
	}
	return functions, nil
}

// goFunction returns one of functions that is of Go rather than of C that is linked with it. Of an offset nothing is known.
func goFunction(functions []executable.Function) (name string, ok bool) {
	for _, fn := range functions {
		if strings.Contains(fn.Name, ".") || strings.HasPrefix(fn.Name, "0x") {
			return fn.Name, true
		}
	}
	return "", false
}

// explainUser says what is behind an error of attaching to a binary.
func (p *point) explainUser(err error) error {
	if p.pid != 0 {
		// Whatever else is wrong follows from this.
		if gone := executable.Alive(p.pid); gone != nil {
			return gone
		}
	}
	var none *executable.NoFunctionError
	if errors.As(err, &none) {
		return &missing{err: err, name: none.Pattern.String()}
	}
	return err
}

func symbolNames(p *point) []string { return p.user.at.Symbols() }
