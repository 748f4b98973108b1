package bpf

import "github.com/cilium/ebpf/asm"

// HelperVersion is for tests of the table.
func HelperVersion(f asm.BuiltinFunc) string { return helperVersion(f).String() }
