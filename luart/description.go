package luart

import (
	"slices"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// description is what has been said so far while Load runs. It becomes the project in complete.
type description struct {
	targets []*target
	current *target // the target opened last; nil at root
	root    *root   // the defaults that are being written
}

// root holds the settings outside targets of one file: defaults for the targets of this file and of those it includes.
type root struct {
	settings
	above *root // of the including file; nil in project.lua itself
}

// target is a target and what was set in it.
type target struct {
	settings
	name string
	pos  diag.Pos
	root *root // of the file that opened it first
}

// settings are the values of setters. A nil pointer was not set.
type settings struct {
	description *string
	kind        *string
	binary      *string
	isDefault   *bool
	btf         *builder.BTF
	cc          *builder.CC

	files       []builder.Files
	includeDirs []string
	defines     []string
	cflags      []string
	fileCFlags  []builder.Files
	deps        []builder.Dep
	globals     []builder.Global
	maps        []builder.Map
	hooks       []builder.Hook
	handlers    handlers
}

// target returns the target called name, or nil.
func (d *description) target(name string) *target {
	i := slices.IndexFunc(d.targets, func(t *target) bool { return t.name == name })
	if i < 0 {
		return nil
	}
	return d.targets[i]
}

// settings returns what a setter writes to: the target opened last, or the root.
func (d *description) settings() *settings {
	if d.current != nil {
		return &d.current.settings
	}
	return &d.root.settings
}

// complete makes the project's targets from what was described.
func (s *Script) complete() {
	for _, t := range s.describe.targets {
		set := t.settings
		for r := t.root; r != nil; r = r.above {
			set = r.with(set)
		}
		bt := &builder.Target{
			Name:        t.name,
			Description: or(set.description, ""),
			Kind:        or(set.kind, "auto"),
			Default:     or(set.isDefault, true),
			Pos:         t.pos,
			Files:       set.files,
			IncludeDirs: set.includeDirs,
			Defines:     set.defines,
			CFlags:      set.cflags,
			FileCFlags:  set.fileCFlags,
			CC:          or(set.cc, builder.CC{}),
			BTF:         or(set.btf, builder.BTF{}),
			Deps:        set.deps,
			Globals:     set.globals,
			Maps:        set.maps,
			Hooks:       set.hooks,
			Binary:      or(set.binary, ""),
		}
		s.project.Targets = append(s.project.Targets, bt)
		s.handlers[bt] = &set.handlers
	}
	s.describe = nil
}

// with returns the defaults d overridden by set: single values and what has a name are replaced, lists grow,
// with the defaults first.
func (d *settings) with(set settings) settings {
	set.description = first(set.description, d.description)
	set.kind = first(set.kind, d.kind)
	set.binary = first(set.binary, d.binary)
	set.isDefault = first(set.isDefault, d.isDefault)
	set.btf = first(set.btf, d.btf)

	set.files = slices.Concat(d.files, set.files)
	set.includeDirs = slices.Concat(d.includeDirs, set.includeDirs)
	set.defines = slices.Concat(d.defines, set.defines)
	set.cflags = slices.Concat(d.cflags, set.cflags)
	set.fileCFlags = slices.Concat(d.fileCFlags, set.fileCFlags)
	set.cc = first(set.cc, d.cc)
	set.deps = slices.Concat(d.deps, set.deps)
	set.hooks = slices.Concat(d.hooks, set.hooks)

	globals := slices.Clone(d.globals)
	for _, g := range set.globals {
		globals = withGlobal(globals, g)
	}
	set.globals = globals
	maps := slices.Clone(d.maps)
	for _, m := range set.maps {
		maps = withMap(maps, m)
	}
	set.maps = maps
	set.handlers = d.handlers.with(set.handlers)
	return set
}

// with returns the default handlers d and those of h. A stream that h has a callback for does not get the default one too.
func (d *handlers) with(h handlers) handlers {
	events := slices.DeleteFunc(slices.Clone(d.events), func(e eventHandler) bool { return h.event(e.stream) != nil })
	return handlers{
		events: append(events, h.events...),
		before: slices.Concat(d.before, h.before),
		after:  slices.Concat(d.after, h.after),
		load:   slices.Concat(d.load, h.load),
		exit:   slices.Concat(d.exit, h.exit),
		lost:   slices.Concat(d.lost, h.lost),
		timers: slices.Concat(d.timers, h.timers),
		signal: slices.Concat(d.signal, h.signal),
	}
}

// event returns the callback that was set for exactly this stream, or nil.
func (h *handlers) event(stream string) *eventHandler {
	i := slices.IndexFunc(h.events, func(e eventHandler) bool { return e.stream == stream })
	if i < 0 {
		return nil
	}
	return &h.events[i]
}

// function returns the function that was set for exactly this stream, or nil where there is none. There may be aggregations.
func (h *handlers) function(stream string) *eventHandler {
	i := slices.IndexFunc(h.events, func(e eventHandler) bool { return e.stream == stream && e.fn != nil })
	if i < 0 {
		return nil
	}
	return &h.events[i]
}

// withGlobal returns globals with g in place of an earlier value for the same name.
func withGlobal(globals []builder.Global, g builder.Global) []builder.Global {
	i := slices.IndexFunc(globals, func(have builder.Global) bool { return have.Name == g.Name })
	if i < 0 {
		return append(globals, g)
	}
	globals[i] = g
	return globals
}

// withMap returns maps with what m says of a map in place of what was said before.
func withMap(maps []builder.Map, m builder.Map) []builder.Map {
	i := slices.IndexFunc(maps, func(have builder.Map) bool { return have.Name == m.Name })
	if i < 0 {
		return append(maps, m)
	}
	if m.MaxEntries == 0 {
		m.MaxEntries = maps[i].MaxEntries
	}
	if m.Pin == "" {
		m.Pin = maps[i].Pin
	}
	maps[i] = m
	return maps
}

// first returns the first pointer that is set.
func first[T any](ps ...*T) *T {
	for _, p := range ps {
		if p != nil {
			return p
		}
	}
	return nil
}

// or returns what p points to, or def where it is nil.
func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
