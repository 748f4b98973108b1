package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// programHelp shows how to use a program: its options with types and values, where it attaches and what it sends.
func (c *call) programHelp(p *program) error {
	var b strings.Builder
	file := filepath.Base(p.path)
	options := p.options()
	usage := ""
	if len(options) > 0 {
		usage = " [OPTION...]"
	}
	fmt.Fprintf(&b, "%s - an eBPF program\n\nUsage: ebpfx run %s%s [FLAG...]\n", file, c.args[0], usage)
	if len(options) > 0 {
		b.WriteString("\nOptions, and what they are if not given:\n")
		b.WriteString(table(c.optionRows(options)))
	}
	b.WriteString("\nPrograms:\n")
	var rows [][]string
	for _, prog := range p.object.Programs() {
		rows = append(rows, []string{"  " + prog.Name, fmt.Sprintf("SEC(%q)", prog.Section)})
	}
	b.WriteString(table(rows))
	if streams := p.object.Streams(); len(streams) > 0 {
		b.WriteString("\nEvents:\n")
		b.WriteString(table(streamRows(streams)))
	}
	b.WriteString("\nFlags of ebpfx, before or after the file:\n")
	writeFlags(&b, visible(c.cli.Command.Flags))
	_, err := io.WriteString(c.stdout, b.String())
	return err
}

func (c *call) optionRows(options []bpf.Variable) [][]string {
	var rows [][]string
	for _, v := range options {
		name := "  --" + v.Name
		if v.Type.Kind != decode.Bool {
			name += " " + v.Type.Name
		}
		note := ""
		if isOneOf(c.cli.Command.Flags, v.Name) {
			note = "behind --, since ebpfx has a flag of that name"
		}
		rows = append(rows, []string{name, optionValue(v), note})
	}
	return rows
}

// optionValue shows the value of a variable; of an array no more than what differs from zero at its start.
func optionValue(v bpf.Variable) string {
	if v.Type.Kind == decode.Array {
		if !slices.ContainsFunc(v.Value, func(b byte) bool { return b != 0 }) {
			return "[]"
		}
	}
	return string(v.Type.AppendText(nil, v.Value))
}

func streamRows(streams []*bpf.StreamInfo) [][]string {
	var rows [][]string
	for _, s := range streams {
		types := "of unknown type; say which with --event"
		if len(s.Types) > 0 {
			names := make([]string, len(s.Types))
			for i, t := range s.Types {
				names[i] = t.Name
			}
			types = strings.Join(names, " or ")
		}
		rows = append(rows, []string{"  " + s.Map, types})
	}
	return rows
}
