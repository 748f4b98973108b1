package main

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// loadedPrograms returns the ids of the eBPF programs in the kernel that are called name,
// of which the kernel keeps 15 bytes.
func loadedPrograms(name string) []ebpf.ProgramID {
	name = name[:min(len(name), 15)]
	var found []ebpf.ProgramID
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if err != nil { // the end of the list
			return found
		}
		id = next
		p, err := ebpf.NewProgramFromID(id)
		if err != nil { // it went away meanwhile
			continue
		}
		if info, err := p.Info(); err == nil && info.Name == name {
			found = append(found, id)
		}
		p.Close()
	}
}

// attachedPrograms returns which of the programs called name have a link.
func attachedPrograms(t *testing.T, name string) []ebpf.ProgramID {
	t.Helper()
	wanted := make(map[ebpf.ProgramID]bool)
	for _, id := range loadedPrograms(name) {
		wanted[id] = true
	}
	var found []ebpf.ProgramID
	var links link.Iterator
	defer links.Close()
	for links.Next() {
		if info, err := links.Link.Info(); err == nil && wanted[info.Program] {
			found = append(found, info.Program)
		}
	}
	if err := links.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
