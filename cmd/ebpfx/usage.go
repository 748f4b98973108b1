package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// usageError is a command line that cannot be understood.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// Code returns the exit code for wrong usage.
func (e *usageError) Code() int { return 2 }

func usagef(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// refuseArguments reports an error where a verb that takes none is given an argument.
func (c *call) refuseArguments() error {
	if len(c.args) == 0 {
		return nil
	}
	return usagef("%s: takes no arguments, got %q", c.cli.Command.Name, c.args[0])
}

// unknownVerb is the action of a command line whose first word is no verb.
func unknownVerb(c *cli.Context) error {
	name := c.Args().First()
	return usagef("unknown verb %q%s; ebpfx --help lists the verbs", name, diag.DidYouMean(name, verbNames(c.App)))
}

// verbNames returns the verbs in the order of the help.
func verbNames(app *cli.App) []string {
	var names []string
	for _, cmd := range app.Commands {
		names = append(names, cmd.Name)
	}
	return names
}

// The texts of package flag, whose errors have no types.
var (
	undefinedFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	missingValue  = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	invalidValue  = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-([^:]*): `)
)

// onUsageError puts an error of the flag parser into a sentence.
func onUsageError(c *cli.Context, err error, _ bool) error {
	prefix := "ebpfx"
	if c.Command != nil && c.Command.Name != c.App.Name {
		prefix = c.Command.Name
	}
	text := err.Error()
	if m := undefinedFlag.FindStringSubmatch(text); m != nil {
		return usagef("%s: unknown flag %s%s; ebpfx %s lists the flags", prefix, dashed(m[1]),
			diag.DidYouMean(dashed(m[1]), flagNames(c.Command.Flags)), helpArgs(prefix))
	}
	if m := missingValue.FindStringSubmatch(text); m != nil {
		return usagef("%s: %s needs a value", prefix, dashed(m[1]))
	}
	if m := invalidValue.FindStringSubmatch(text); m != nil {
		return usagef("%s: %s: cannot read %s%s", prefix, dashed(m[2]), m[1], wanted(c.Command.Flags, m[2]))
	}
	return usagef("%s: %s", prefix, text)
}

func helpArgs(prefix string) string {
	if prefix == "ebpfx" {
		return "--help"
	}
	return prefix + " --help"
}

// wanted says what a flag takes.
func wanted(flags []cli.Flag, name string) string {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n != name {
				continue
			}
			switch f.(type) {
			case *cli.DurationFlag:
				return " as a time; write 500ms, 5s or 2m"
			case *cli.IntFlag:
				return " as a number"
			case *cli.BoolFlag:
				return "; it takes no value"
			}
		}
	}
	return ""
}

// flagNames returns the names of flags with their dashes.
func flagNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		for _, n := range f.Names() {
			names = append(names, dashed(n))
		}
	}
	return names
}

// dashed returns a flag's name as it is written on a command line.
func dashed(name string) string {
	name, _, _ = strings.Cut(strings.TrimLeft(name, "-"), "=")
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
