// Package sysnr names the system calls of this machine by their numbers.
package sysnr

//go:generate go run ./internal/make

// Name returns the name of system call nr, such as "openat", or "" where none of those that were known when ebpfx was built
// has the number.
func Name(nr uint64) string {
	if nr >= uint64(len(names)) {
		return ""
	}
	return names[nr]
}
