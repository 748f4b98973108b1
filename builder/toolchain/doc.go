// Package toolchain finds what a build needs on this machine: clang, bpftool and the
// headers of libbpf and the kernel. What is missing is an error that names the
// package and the command that installs it on this distribution.
package toolchain
