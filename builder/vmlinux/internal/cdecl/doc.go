// Package cdecl turns the BTF of one or several kernels into one C header for
// eBPF programs.
//
//	specs --index--> kernels --merge--> declarations --order--> --print--> C
//
// The first kernel is the base: what it declares keeps its sizes, its offsets and
// its values. Every other kernel contributes what the kernels before it lack: whole
// types, enumerators, and members of structs that are declared already. Such a
// member, an extra, is laid over the struct and never appended to it:
//
//	struct task_struct { union { struct { ...members of the base... }; long state; }; };
//
// Loaders look through anonymous members, so CO-RE finds state by its name on the
// kernels that have it, and the struct stays as large as the base's, which matters
// wherever a program holds one by value.
package cdecl
