package main

import (
	"path/filepath"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// options returns the variables of the program that are options: what is const volatile.
func (p *program) options() []bpf.Variable {
	var options []bpf.Variable
	for _, v := range p.object.Variables() {
		if v.Option {
			options = append(options, v)
		}
	}
	return options
}

// setOptions sets variables as args say: --name value, --name=value, and --name alone for what is true. Dashes may stand for
// underscores.
func (p *program) setOptions(args []string) error {
	file := filepath.Base(p.path)
	options := p.options()
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if !strings.HasPrefix(arg, "--") || len(arg) == len("--") {
			if isProgram(arg) {
				return usagef("run %s: %q is another program; run takes one, and a project.lua many", file, arg)
			}
			return usagef("run %s: %q is no option of it; options are written --NAME VALUE, and --help lists them", file, arg)
		}
		name, text, given := strings.Cut(arg[2:], "=")
		v := optionNamed(options, name)
		if v == nil {
			return p.unknownOption(options, name)
		}
		switch {
		case v.Type.Kind == decode.Struct, v.Type.Kind == decode.Union:
			return usagef("run %s: --%s: a %s cannot be given as text; write -e 'set_globals{%[2]s = {MEMBER = VALUE}}'", file, v.Name, v.Type.Name)
		case given:
		case v.Type.Kind == decode.Bool:
			text = "true"
		case len(args) == 0:
			return usagef("run %s: --%s needs a value of type %s", file, v.Name, v.Type.Name)
		default:
			text, args = args[0], args[1:]
		}
		value, err := bpf.ParseValue(v.Type, text)
		if err == nil {
			err = p.object.SetGlobal(v.Name, value)
		} else {
			err = diag.Errorf(diag.Pos{}, "%s: %w", v.Name, err)
		}
		if err != nil {
			return usagef("run %s: --%v", file, err)
		}
		p.target.Globals = append(p.target.Globals, builder.Global{Name: v.Name, Value: value})
	}
	return nil
}

func optionNamed(options []bpf.Variable, name string) *bpf.Variable {
	for i := range options {
		if options[i].Name == name || options[i].Name == strings.ReplaceAll(name, "-", "_") {
			return &options[i]
		}
	}
	return nil
}

// unknownOption is the error about an option that the program does not have, nor ebpfx a flag of that name.
func (p *program) unknownOption(options []bpf.Variable, name string) error {
	file := filepath.Base(p.path)
	if len(options) == 0 {
		return usagef("run %s: unknown option --%s: the program has none, since it has no const volatile variables", file, name)
	}
	for _, no := range []string{"no-", "no_"} {
		if v := optionNamed(options, strings.TrimPrefix(name, no)); strings.HasPrefix(name, no) && v != nil && v.Type.Kind == decode.Bool {
			return usagef("run %s: unknown option --%s; write --%s=false", file, name, v.Name)
		}
	}
	names := make([]string, len(options))
	for i, v := range options {
		names[i] = "--" + v.Name
	}
	return usagef("run %s: unknown option --%s%s; ebpfx run %[1]s --help lists them", file, name, diag.DidYouMean("--"+name, names))
}
