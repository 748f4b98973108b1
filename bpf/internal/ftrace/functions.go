// Package ftrace lists the functions of the kernel that can be traced.
package ftrace

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Function is one of the kernel's. Several may have one name.
type Function struct {
	Name    string
	Address uint64 // 0: the kernel does not tell
}

// Functions returns those that can be traced and that are wanted. It needs tracefs; where the kernel's list may not be read, it falls back
// to all functions that /proc/kallsyms has, traceable or not.
func Functions(wanted func(name string) bool) ([]Function, error) {
	for _, source := range []struct {
		file  string
		parse func(line string) (Function, bool)
	}{
		{filepath.Join(probe.Tracefs(), "available_filter_functions_addrs"), parseWithAddress}, // since 6.5
		{filepath.Join(probe.Tracefs(), "available_filter_functions"), parseName},
		{"/proc/kallsyms", parseSymbol},
	} {
		f, err := os.Open(source.file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return read(f, source.parse, wanted)
	}
	return nil, errors.New("neither tracefs nor /proc/kallsyms can be read")
}

func read(r io.Reader, parse func(string) (Function, bool), wanted func(string) bool) ([]Function, error) {
	var functions []Function
	s := bufio.NewScanner(r)
	for s.Scan() {
		if f, ok := parse(s.Text()); ok && wanted(f.Name) {
			functions = append(functions, f)
		}
	}
	return functions, s.Err()
}

// gone begins the names of functions that are not known to
// kallsyms any more: of a module that was unloaded, or of the start of the kernel.
const gone = "__ftrace_invalid_address__"

// parseName reads a line of available_filter_functions: "function [module]".
func parseName(line string) (Function, bool) {
	name, _, _ := strings.Cut(line, " ")
	return Function{Name: name}, name != "" && !strings.HasPrefix(name, gone)
}

// parseWithAddress reads a line of available_filter_functions_addrs: "ffffffff81000000 function [module]".
func parseWithAddress(line string) (Function, bool) {
	address, rest, _ := strings.Cut(line, " ")
	f, ok := parseName(rest)
	var err error
	f.Address, err = strconv.ParseUint(address, 16, 64)
	return f, ok && err == nil
}

// parseSymbol reads a line of /proc/kallsyms: "ffffffff81000000 T function	[module]". Its addresses are not used, since it cannot tell whether
// they can be traced.
func parseSymbol(line string) (Function, bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 || !slices.Contains([]string{"t", "T", "w", "W"}, fields[1]) {
		return Function{}, false
	}
	return Function{Name: fields[2]}, true
}
