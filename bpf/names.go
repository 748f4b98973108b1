package bpf

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// What exists on this kernel, for errors that offer near names. Where it may not be read, the lists are empty.

// isSymbol reports whether s may be the name of a function: letters, digits, _ and, as compilers add them, dots.
func isSymbol(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '$'):
		default:
			return false
		}
	}
	return s != ""
}

// tracepointNames returns all tracepoints as group:event.
func tracepointNames() []string {
	root := probe.Tracefs()
	if root == "" {
		return nil
	}
	events, err := filepath.Glob(filepath.Join(root, "events", "*", "*", "id"))
	if err != nil {
		return nil
	}
	names := make([]string, len(events))
	for i, e := range events {
		dir := filepath.Dir(e)
		names[i] = filepath.Base(filepath.Dir(dir)) + ":" + filepath.Base(dir)
	}
	return names
}

// symbolsWithPrefix returns the kernel's functions whose names start with prefix, without it.
func symbolsWithPrefix(prefix string) []string {
	var names []string
	eachKernelFunction(func(name string) {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			names = append(names, rest)
		}
	})
	return names
}

// kernelFunctions returns the names of all functions of the kernel.
func kernelFunctions() []string {
	var names []string
	eachKernelFunction(func(name string) { names = append(names, name) })
	return names
}

// eachKernelFunction reads /proc/kallsyms: "address type name [module]".
func eachKernelFunction(yield func(name string)) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		_, rest, _ := strings.Cut(s.Text(), " ")
		kind, rest, _ := strings.Cut(rest, " ")
		switch kind {
		case "t", "T", "w", "W":
			name, _, _ := strings.Cut(rest, "\t")
			yield(name)
		}
	}
}
