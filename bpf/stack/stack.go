// Package stack names the frames of stack traces, of the kernel and of processes.
package stack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/ksym"
	"github.com/ebpfx/ebpfx/bpf/usym"
)

// Names has the names of functions. The zero Names is ready to use, from any goroutine.
type Names struct {
	Kernel ksym.Kernel
	User   usym.Table
}

// KernelName returns the function of the kernel that address lies in, or the address in hexadecimal where that is not known. long adds the place in the
// function and the module.
func (n *Names) KernelName(address uint64, long bool) string {
	s := n.Kernel.Find(address)
	if long && s.Name != "" {
		return s.Long()
	}
	return orAddress(s.Name, address)
}

// UserName is KernelName for an address of a process. Where only the module is known, it is that and the place in it: "libfoo.so+0x1234".
func (n *Names) UserName(pid int, address uint64, long bool) string {
	s := n.User.Name(pid, address)
	if long {
		return orAddress(s.Long(), address)
	}
	return orAddress(s.String(), address)
}

func orAddress(name string, address uint64) string {
	if name == "" {
		return fmt.Sprintf("%#x", address)
	}
	return name
}

// KernelFrames names the frames of a stack trace of the kernel, in their order.
func (n *Names) KernelFrames(frames []bpf.Frame, long bool) []string {
	names := make([]string, len(frames))
	for i, f := range frames {
		names[i] = n.KernelName(f.Address, long)
	}
	return names
}

// UserFrames names the frames of a stack trace of a process, in their order. A frame of which only the module is known is that, "[libfoo.so]", as
// other tools have it: its many places would be as many different stacks. long tells the place.
func (n *Names) UserFrames(pid int, frames []bpf.Frame, long bool) []string {
	names := make([]string, len(frames))
	for i, f := range frames {
		var s usym.Symbol
		if f.BuildID == nil {
			s = n.User.Name(pid, f.Address)
		} else {
			s = n.User.NameBuildID(pid, f.BuildID, f.Offset)
		}
		switch {
		case long:
			names[i] = orAddress(s.Long(), f.Address)
		case s.Name == "" && s.Module != "":
			names[i] = "[" + path.Base(s.Module) + "]"
		default:
			names[i] = orAddress(s.Name, f.Address)
		}
	}
	return names
}

// separators are what ends a frame and a line of folded stacks, and cannot be in a name.
var separators = strings.NewReplacer(";", ":", "\n", " ", "\r", " ")

// Fold returns a line as flame graph tools take it, without its count: what is in parts, the outermost first, with ";" between them. Each part is one
// name, or a stack whose innermost frame comes first, as the kernel writes it: Fold([]string{"bash"}, user, kernel).
func Fold(parts ...[]string) string {
	var line []string
	for _, part := range parts {
		for _, name := range slices.Backward(part) {
			if name != "" {
				line = append(line, separators.Replace(name))
			}
		}
	}
	return strings.Join(line, ";")
}
