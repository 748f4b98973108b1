// Package vmlinux makes the vmlinux.h that eBPF sources include.
//
// [Header] returns one header for all kernels: the types of several kernels merged,
// every struct with every member that any of them has. CO-RE relocates by name, so
// it serves on each of them, and makes a build independent of the machine that it
// runs on. [Print] makes the header of one kernel, from its BTF.
//
// A source that brings declarations of its own can collide with the merged header;
// [Variant] mends the header for it, by what clang says.
//
// With the merged header a member that some kernels lack compiles without a word,
// and the program is refused when it is loaded on one of these. [Lint] finds such
// members in an object.
//
// The merged header is data of this package, made by internal/make from the kernels
// that Debian ships.
package vmlinux
