// Package symtab finds the function that an address of an ELF file lies in.
//
// A File is made for binaries of any size: of each function it keeps 16 bytes, and its name stays in the file until somebody asks
// for it. Functions are looked for, in this order, in
//
//   - the file's own symbol table,
//   - that of its debug file, found by build ID or debug link as gdb does,
//   - .gnu_debugdata, the compressed table that Fedora's packages have,
//   - .gopclntab, which Go's runtime needs and stripping leaves,
//   - the table of the dynamic linker.
package symtab
