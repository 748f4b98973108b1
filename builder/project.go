package builder

import (
	"slices"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// Project is what a project.lua and the files that it includes describe.
type Project struct {
	Name    string
	Version string
	File    string    // absolute path of project.lua
	Dir     string    // its folder; .ebpfx/ lies here, unless InCache
	InCache bool      // objects lie in the user's cache, and nothing in Dir
	Mode    string    // "" for the usual one; the objects of others lie apart
	Arch    string    // what objects are for, as toolchain.TargetNamed takes it; "": this machine. Those of others lie apart
	Targets []*Target // in the order in which they were first opened
}

// Target returns the target called name, or nil.
func (p *Project) Target(name string) *Target {
	i := slices.IndexFunc(p.Targets, func(t *Target) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return p.Targets[i]
}

// TargetNames returns the names of all targets in order.
func (p *Project) TargetNames() []string {
	names := make([]string, len(p.Targets))
	for i, t := range p.Targets {
		names[i] = t.Name
	}
	return names
}

// Defaults returns the targets that a bare build or run takes.
func (p *Project) Defaults() []*Target {
	var ts []*Target
	for _, t := range p.Targets {
		if t.Default {
			ts = append(ts, t)
		}
	}
	return ts
}

// Target is one object, and how it is attached.
type Target struct {
	Name        string
	Description string
	Kind        string   // as set_kind was given; "auto" when it was not
	Default     bool     // part of a bare build or run
	Pos         diag.Pos // where it was opened first

	Files       []Files
	IncludeDirs []string // absolute
	Defines     []string // NAME or NAME=VALUE, without -D
	CFlags      []string
	FileCFlags  []Files // patterns of sources of the target that get further Flags
	CC          CC      // of set_cc
	BTF         BTF     // of set_btf
	Deps        []Dep

	Globals []Global
	Maps    []Map
	Hooks   []Hook
	Binary  string // of set_binary: a path or a name to search; "" when unset
}

// Files is one pattern of add_files.
type Files struct {
	Pattern string // as written: may hold *, ?, [...] and **
	Dir     string // absolute folder that Pattern is relative to
	// Flags and IncludeDirs (absolute) are for the sources that Pattern stands for, behind those of the target.
	Flags       []string
	IncludeDirs []string
	Pos         diag.Pos
}

// CC is the compiler of a target. The zero CC is that of Options.
type CC struct {
	Name string // a path, absolute where it has a slash, or a name on PATH
	Pos  diag.Pos
}

// Map changes how a map is made.
type Map struct {
	Name       string
	MaxEntries uint32 // 0: as the source says
	Pin        string // BPF file system path, absolute; PinByName or PinNever; "": as the source says
	Pos        diag.Pos
}

// Values of Map.Pin beside paths.
const (
	PinByName = "by name"
	PinNever  = "never"
)

// BTF says whose types the vmlinux.h of a target has. The zero BTF stands for those of many kernels.
type BTF struct {
	File string // absolute, or BTFRunning
	Pos  diag.Pos
}

// BTFRunning stands for the kernel that runs.
const BTFRunning = "running"

// Dep names a target that is built first.
type Dep struct {
	Name string
	Pos  diag.Pos
}

// Global is a value for a global variable of the object.
type Global struct {
	Name  string
	Value any // bool, int64, uint64, float64, string, []any or map[string]any
	Pos   diag.Pos
}

// Hook is one attach_to.
type Hook struct {
	Program  string
	Where    string
	Binary   string // opts.binary
	PID      int    // 0: every process
	Offset   uint64
	Cookie   uint64
	Retprobe bool
	CPU      string // a list of CPUs, "0-3,5"; "": all
	Mode     string // of xdp and tc
	Priority int
	Map      string
	Cgroup   string
	Order    string
	Pos      diag.Pos
}
