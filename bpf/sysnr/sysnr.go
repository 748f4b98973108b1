// Package sysnr names the system calls of this machine by their numbers.
package sysnr

import "slices"

//go:generate go run ./internal/make

// Name returns the name of system call nr, such as "openat", or "" where none of those that were known when ebpfx was built
// has the number.
func Name(nr uint64) string {
	if nr >= uint64(len(names)) {
		return ""
	}
	return names[nr]
}

// Names returns the names of all system calls that were known when ebpfx was built.
func Names() []string {
	return slices.DeleteFunc(slices.Clone(names[:]), func(name string) bool { return name == "" })
}
