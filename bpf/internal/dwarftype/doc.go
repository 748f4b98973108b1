// Package dwarftype finds the types of records in the debug information of an object, for the calls that
// send what a void pointer points to, and keeps them in the object's BTF.
//
// BTF has no local variables; DWARF has, and says which register or stack slot holds each of them where. So the
// machine code is followed to where a record comes from, a reservation, a map, the stack, a parameter, and
// what DWARF says of any variable that holds the very same pointer is what the record is:
//
//	call bpf_ringbuf_reserve --> value "result of instruction 4"  <-- DWARF: event, a struct exec *, is in r6
//	r6 = r0                                                           from instruction 5 on
//	...
//	r1 = r6; call bpf_ringbuf_submit
//
// It does not matter through how many functions of the program the pointer went, inlined or not, nor what they called it or
// how the source is written. A type that does not fit the length of the record is not taken, and of several that do, none.
//
// Each found struct, or typedef of an unnamed one, is tagged in BTF (BTF_KIND_DECL_TAG) with Tag and the name of the map that its records go through.
package dwarftype

// Tag is how the tags begin that mark a type as one of records; the name of the map follows.
const Tag = "ebpfx:event:"
