package bpf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/ebpfx/ebpfx/bpf/internal/executable"
)

var (
	uprobeKind = &kind{
		name:        "uprobe",
		sections:    []string{"uprobe", "uprobe.s"},
		form:        "path:symbol",
		programType: ebpf.Kprobe,
		takes:       takesPID | takesOffset | takesCookie,
		resolve:     resolveUprobe,
		attach:      attachUprobe((*link.Executable).Uprobe),
		names:       symbolNames,
	}
	uretprobeKind = &kind{
		name:        "uretprobe",
		sections:    []string{"uretprobe", "uretprobe.s"},
		form:        "path:symbol",
		programType: ebpf.Kprobe,
		takes:       takesPID | takesOffset | takesCookie,
		resolve:     resolveUprobe,
		attach:      attachUprobe((*link.Executable).Uretprobe),
		names:       symbolNames,
	}
)

// resolveUprobe takes "symbol", "symbol+0x10", "0x1234" (an offset in the file), and any of them behind "binary:". The binary
// is that, or the hook's, or the one that the program's section names.
func resolveUprobe(p *point) error {
	symbol, err := splitOffset(p)
	if err != nil {
		return err
	}
	name := p.binary
	if i := strings.LastIndexByte(symbol, ':'); i >= 0 {
		name, symbol = symbol[:i], symbol[i+1:]
	} else if p.hook && name == "" {
		name = sectionBinary(p.section)
	}
	switch {
	case symbol == "":
		return &predicate{"names no symbol; " + p.advice()}
	case name == "" && p.hook:
		return &predicate{fmt.Sprintf(`names no binary; add set_binary("/path") or write "path:%s"`, symbol)}
	case name == "":
		return &passive{&predicate{"names no binary; " + p.advice()}}
	}
	p.symbol = symbol
	p.binary, err = executable.Find(name)
	return err
}

// sectionBinary returns the binary of a section like uprobe/liblua5.1.so.0:lua_pcall, or "".
func sectionBinary(section string) string {
	base, target, _ := strings.Cut(strings.TrimPrefix(section, optionalMark), "/")
	switch base {
	case "uprobe", "uprobe.s", "uretprobe", "uretprobe.s":
	default:
		return ""
	}
	return target[:max(0, strings.LastIndexByte(target, ':'))]
}

type uprobeFunc func(*link.Executable, string, *ebpf.Program, *link.UprobeOptions) (link.Link, error)

func attachUprobe(attach uprobeFunc) func(*ebpf.Program, *point) (io.Closer, error) {
	return func(prog *ebpf.Program, p *point) (io.Closer, error) {
		ex, err := link.OpenExecutable(p.binary)
		if err != nil {
			return nil, err
		}
		opts := &link.UprobeOptions{PID: p.pid, Offset: p.offset, Cookie: p.cookie}
		symbol := p.symbol
		if address, err := strconv.ParseUint(symbol, 0, 64); err == nil {
			symbol, opts.Address = "", address
		}
		l, err := attach(ex, symbol, prog, opts)
		return l, explainUprobe(err, p)
	}
}

func explainUprobe(err error, p *point) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, link.ErrNoSymbol):
		return &missing{err: fmt.Errorf("%s has no symbol %s", p.binary, p.symbol), name: p.symbol}
	case errors.Is(err, link.ErrNotSupported):
		if lib := executable.Provider(p.binary, p.symbol); lib != "" {
			return fmt.Errorf(`%s takes %s from a library; write "%s:%[2]s"`, p.binary, p.symbol, lib)
		}
		return fmt.Errorf("%s takes %s from a library; attach to that", p.binary, p.symbol)
	case errors.Is(err, fs.ErrNotExist) && p.pid != 0:
		return fmt.Errorf("there is no process %d", p.pid)
	}
	return err
}

func symbolNames(p *point) []string { return executable.Symbols(p.binary) }
