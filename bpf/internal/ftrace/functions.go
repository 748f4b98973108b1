// Package ftrace lists the functions of the kernel that can be traced.
package ftrace

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Function is one of the kernel's. Several may have one name.
type Function struct {
	Name    string
	Module  string // "" for the kernel itself
	Address uint64 // 0: it is not known
}

// symbolList is where the kernel lists its symbols. Others than root may see addresses of 0.
const symbolList = "/proc/kallsyms"

// Functions returns those that can be traced and that are wanted. It needs tracefs; where the kernel's list may not be read, it falls back
// to all functions that /proc/kallsyms has, traceable or not, without addresses.
func Functions(wanted func(name string) bool) ([]Function, error) {
	tracefs := probe.Tracefs()
	functions, err := readFile(filepath.Join(tracefs, "available_filter_functions_addrs"), parseWithAddress, wanted) // since 6.5
	if !unreadable(err) {
		return functions, err
	}
	functions, err = readFile(filepath.Join(tracefs, "available_filter_functions"), parseName, wanted)
	if err == nil && len(functions) > 0 {
		return functions, locateAll(functions)
	}
	if !unreadable(err) {
		return functions, err
	}
	functions, err = readFile(symbolList, parseSymbol, wanted)
	if unreadable(err) {
		return nil, errors.New("neither tracefs nor /proc/kallsyms can be read")
	}
	// Whether these can be traced is not known, so that their addresses are of no use.
	for i := range functions {
		functions[i].Address = 0
	}
	return functions, err
}

// unreadable reports whether another list is to be tried.
func unreadable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// parser reads a line of a list.
type parser func(line string) (f Function, ok bool)

func readFile(path string, parse parser, wanted func(string) bool) ([]Function, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, parse, wanted)
}

func read(r io.Reader, parse parser, wanted func(string) bool) ([]Function, error) {
	var functions []Function
	s := bufio.NewScanner(r)
	for s.Scan() {
		if f, ok := parse(s.Text()); ok && wanted(f.Name) {
			functions = append(functions, f)
		}
	}
	return functions, s.Err()
}

// locateAll locates functions where the symbols may be read.
func locateAll(functions []Function) error {
	f, err := os.Open(symbolList)
	if unreadable(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return locate(functions, f)
}

// locate fills in the addresses of functions from a list of symbols. A name that the list has more often than functions do stays without: which
// of them can be traced is not known.
func locate(functions []Function, symbols io.Reader) error {
	type key struct{ name, module string }
	wanted := make(map[key][]int, len(functions))
	for i, f := range functions {
		k := key{f.Name, f.Module}
		wanted[k] = append(wanted[k], i)
	}
	addresses := make(map[key][]uint64, len(wanted))
	s := bufio.NewScanner(symbols)
	for s.Scan() {
		f, ok := parseSymbol(s.Text())
		if !ok || f.Address == 0 {
			continue
		}
		k := key{f.Name, f.Module}
		if _, ok := wanted[k]; ok {
			addresses[k] = append(addresses[k], f.Address)
		}
	}
	for k, indices := range wanted {
		if len(addresses[k]) != len(indices) {
			continue
		}
		for n, i := range indices {
			functions[i].Address = addresses[k][n]
		}
	}
	return s.Err()
}

// gone begins the names of functions that are not known to
// kallsyms any more: of a module that was unloaded, or of the start of the kernel.
const gone = "__ftrace_invalid_address__"

// parseName reads a line of available_filter_functions: "function [module]".
func parseName(line string) (Function, bool) {
	name, module, _ := strings.Cut(line, " ")
	return Function{Name: name, Module: strings.Trim(module, "[]")}, name != "" && !strings.HasPrefix(name, gone)
}

// parseWithAddress reads a line of available_filter_functions_addrs: "ffffffff81000000 function [module]".
func parseWithAddress(line string) (Function, bool) {
	address, rest, _ := strings.Cut(line, " ")
	f, ok := parseName(rest)
	var err error
	f.Address, err = strconv.ParseUint(address, 16, 64)
	return f, ok && err == nil
}

// parseSymbol reads a line of /proc/kallsyms: "ffffffff81000000 T function	[module]". Other symbols than functions are not ok.
func parseSymbol(line string) (Function, bool) {
	address, rest, _ := strings.Cut(line, " ")
	kind, rest, _ := strings.Cut(rest, " ")
	switch kind {
	case "t", "T", "w", "W":
	default:
		return Function{}, false
	}
	name, module, _ := strings.Cut(rest, "\t")
	n, err := strconv.ParseUint(address, 16, 64)
	return Function{Name: name, Module: strings.Trim(module, "[]"), Address: n}, name != "" && err == nil
}
