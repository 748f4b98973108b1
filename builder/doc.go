// Package builder holds the plain model of a project and turns its sources into
// eBPF objects.
//
// A [Project] is what a project.lua describes, free of Lua: targets, their
// sources, what they attach to. [Build] compiles every source that changed with
// clang, links the sources of one target into one object, and returns where the
// objects are:
//
//	Project --Order-------> targets, what they depend on first
//	        --findSources-> units: a target and the files that its patterns match
//	        --plan--------> jobs: what is not up to date by the index
//	        --perform-----> clang, a process a source; bpftool gen object --> .ebpfx/NAME.bpf.o
//
// An index in .ebpfx/ remembers by content from what each object was made. Two
// headers of package header take part: one in front of every source, which leaves the types of events
// in the object, and a vmlinux.h for the sources that include one and have none.
//
// The package knows neither Lua nor the kernel.
package builder
