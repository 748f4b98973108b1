package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

// inspectSchema describes the JSON of inspect, for people and for validators.
//
//go:embed inspect.schema.json
var inspectSchema string

func inspectCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what an object holds and needs",
		ArgsUsage: "FILE|TARGET...",
		Description: `Shows programs with their sections, maps and variables with their types, the types of
events and how they were found, CO-RE relocations, and what a kernel must have. A FILE is an object,
or a source that is compiled first; a TARGET is built. Neither a kernel nor privileges are needed.

Examples:
  ebpfx inspect tool.bpf.o
  ebpfx inspect opensnoop                the object of a target
  ebpfx inspect -o json tool.bpf.o | jq '.[].needs.kernel'
  ebpfx inspect --schema                 what the JSON holds, as a JSON schema`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "schema", Usage: "print the JSON schema of -o json", DisableDefaultText: true},
		},
		Action: action(con, inspect),
	}
}

// inspected is one object as inspect -o json shows it.
type inspected struct {
	File string `json:"file"`
	*bpf.Description
}

func inspect(ctx context.Context, c *call) error {
	if c.cli.Bool("schema") {
		_, err := io.WriteString(c.stdout, inspectSchema)
		return err
	}
	if len(c.args) == 0 {
		return usagef("inspect: name an object, a source or a target")
	}
	var all []inspected
	for _, arg := range c.args {
		path, err := c.objectOf(ctx, arg)
		if err != nil {
			return err
		}
		d, err := bpf.Inspect(path)
		if err != nil {
			return err
		}
		all = append(all, inspected{relative(path), d})
	}
	switch c.flags.output {
	case "json":
		return c.printJSON(all)
	case "none":
		return nil
	}
	for i, d := range all {
		if i > 0 {
			fmt.Fprintln(c.stdout)
		}
		if _, err := io.WriteString(c.stdout, inspectText(d)); err != nil {
			return err
		}
	}
	return nil
}

// objectOf returns the object that an argument means: a file, what a source compiles to, or that of a target.
func (c *call) objectOf(ctx context.Context, arg string) (string, error) {
	if !isProgram(arg) && !strings.Contains(arg, "/") {
		script, err := c.load(ctx, luart.LoadOptions{Stdout: c.stderr})
		if err != nil {
			return "", err
		}
		defer script.Close()
		targets, err := pick(script.Project(), []string{arg})
		if err != nil {
			return "", err
		}
		if err := script.BeforeBuild(targets[0]); err != nil {
			return "", err
		}
		object, err := c.buildOne(ctx, script.Project(), targets[0])
		if err != nil {
			return "", err
		}
		return object, script.AfterBuild(map[*builder.Target]string{targets[0]: object})
	}
	if !strings.HasSuffix(arg, ".c") {
		return arg, nil
	}
	p, err := newProgram(c.cli.Command.Name, arg)
	if err != nil {
		return "", err
	}
	return c.buildOne(ctx, p.project(), p.target)
}

// inspectText renders a description for people.
func inspectText(d inspected) string {
	var b strings.Builder
	types := "no BTF"
	if d.BTF {
		types = "BTF"
	}
	if d.ByteOrder == "big" {
		types += ", big-endian"
	}
	license := d.License
	if license == "" {
		license = "no licence"
	}
	fmt.Fprintf(&b, "%s: %s, %s", d.File, license, types)
	if d.Needs.Kernel != "" {
		fmt.Fprintf(&b, ", for kernel %s or later", d.Needs.Kernel)
	}
	b.WriteByte('\n')

	rows := [][]string{{"  NAME", "SECTION", "TYPE", "INSTRUCTIONS", "MAPS"}}
	for _, p := range d.Programs {
		rows = append(rows, []string{"  " + p.Name, p.Section, p.Type, fmt.Sprint(p.Instructions), strings.Join(p.Maps, " ")})
	}
	section(&b, "Programs", rows)

	rows = [][]string{{"  NAME", "TYPE", "KEY", "VALUE", "MAX ENTRIES", "FLAGS"}}
	for _, m := range d.Maps {
		flags := ""
		if m.Flags != 0 {
			flags = fmt.Sprintf("%#x", m.Flags)
		}
		rows = append(rows, []string{"  " + m.Name, m.Type, typeText(m.Key), typeText(m.Value), fmt.Sprint(m.MaxEntries), flags})
	}
	section(&b, "Maps", rows)

	rows = [][]string{{"  NAME", "TYPE", "SECTION", "DEFAULT"}}
	for _, g := range d.Globals {
		rows = append(rows, []string{"  " + g.Name, g.Type, g.Section, defaultText(g.Default)})
	}
	section(&b, "Variables", rows)

	rows = [][]string{{"  STREAM", "KIND", "TYPE", "FOUND BY"}}
	for _, s := range d.Streams {
		rows = append(rows, streamText(s)...)
	}
	section(&b, "Events", rows)

	rows = [][]string{{"  PROGRAM", "KIND", "OF", "PLACES"}}
	for _, p := range d.Programs {
		for _, r := range p.Relocations {
			rows = append(rows, []string{"  " + p.Name, r.Kind, r.Of, fmt.Sprint(r.Count)})
		}
	}
	section(&b, "CO-RE relocations", rows)

	rows = [][]string{{"  NAME", "REFERRED TO BY"}}
	for _, u := range d.Undefined {
		rows = append(rows, []string{"  " + u.Name, strings.Join(u.Programs, " ")})
	}
	section(&b, "Undefined, for another file to define", rows)

	rows = [][]string{{"  SINCE", "FEATURE"}}
	for _, f := range d.Needs.Features {
		since := f.Since
		if since == "" {
			since = "-"
		}
		rows = append(rows, []string{"  " + since, f.Name})
	}
	section(&b, "Needs of the kernel", rows)
	return b.String()
}

// defaultText shows a variable's value on one line. Large ones are cut; -o json has all of them.
func defaultText(value json.RawMessage) string {
	text := string(value)
	const most = 60
	switch {
	case len(text) <= most:
		return text
	case strings.Trim(text, "[0,]") == "":
		return "[0, ...]"
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// section writes a table with a title, unless it has no more than its head.
func section(b *strings.Builder, title string, rows [][]string) {
	if len(rows) > 1 {
		fmt.Fprintf(b, "\n%s:\n%s", title, table(rows))
	}
}

func typeText(t *bpf.TypeName) string {
	if t == nil {
		return "-"
	}
	return t.Type
}

// streamText returns a row for each type that a stream carries, with its fields below it.
func streamText(s bpf.StreamDescription) [][]string {
	if len(s.Types) == 0 {
		unknown := "unknown"
		if len(s.Candidates) > 0 {
			unknown += ", perhaps " + strings.Join(s.Candidates, " or ")
		}
		return [][]string{{"  " + s.Map, s.Kind, unknown}}
	}
	var rows [][]string
	for _, t := range s.Types {
		rows = append(rows, []string{"  " + s.Map, s.Kind, t.Type, s.Method})
		for _, f := range t.Fields {
			rows = append(rows, []string{"", "", "  " + f.Type + " " + f.Name})
		}
	}
	return rows
}
