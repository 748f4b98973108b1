package main

import (
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// globalCategory heads the flags that every verb takes, in the verbs' help.
const globalCategory = "Global flags"

// globalFlags returns the flags that may stand before and after any verb. Each
// command gets values of its own, since urfave/cli keeps state in them.
func globalFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "project", Aliases: []string{"P"}, Usage: "use the project in `DIR`"},
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "use `FILE` in place of project.lua"},
		&cli.StringFlag{Name: "mode", Aliases: []string{"m"}, Value: "release", Usage: "build and run in `MODE`, which is_mode tells: release or debug"},
		&cli.StringSliceFlag{Name: "set", Usage: "give an option of the project a value, `NAME=VALUE`; may be repeated"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show commands, notices and whole verifier logs"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "show nothing but errors"},
		&cli.StringFlag{Name: "color", Value: "auto", Usage: "colour text: `WHEN` is auto, always or never"},
		&cli.DurationFlag{Name: "timeout", Aliases: []string{"t"}, Usage: "end after `TIME`, such as 5s or 2m; run does not count builds"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "table", Usage: "print as `FORMAT`: table, json or none; run also raw or folded"},
		&cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show this help"},
	}
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Category = globalCategory
		case *cli.StringSliceFlag:
			f.Category = globalCategory
		case *cli.BoolFlag:
			f.Category, f.DisableDefaultText = globalCategory, true
		case *cli.DurationFlag:
			f.Category = globalCategory
		}
	}
	return flags
}

// Values of --output that only verbs which run something take: the bytes of records, and stacks of maps for flame graph tools.
const (
	rawOutput    = "raw"
	foldedOutput = "folded"
)

// outputsOf returns the values of --output that verb takes.
func outputsOf(verb string) []string {
	outputs := []string{"table", "json", "none"}
	if runsScript(verb) {
		outputs = append(outputs, rawOutput)
	}
	if verb == runVerb {
		outputs = append(outputs, foldedOutput)
	}
	return outputs
}

// settings are the values of the global flags.
type settings struct {
	project string // folder; "" to search
	file    string
	mode    string
	set     map[string]string // options of the project
	verbose bool
	quiet   bool
	color   string
	timeout time.Duration // 0: none
	output  string        // one of outputsOf the verb
}

// readSettings reads and checks the global flags, whichever side of the verb they stand on.
func readSettings(c *cli.Context) (settings, error) {
	at := func(name string) *cli.Context { return contextOf(c, name) }
	s := settings{
		project: at("project").String("project"),
		file:    at("file").String("file"),
		mode:    at("mode").String("mode"),
		verbose: at("verbose").Bool("verbose"),
		quiet:   at("quiet").Bool("quiet"),
		color:   at("color").String("color"),
		timeout: at("timeout").Duration("timeout"),
		output:  at("output").String("output"),
	}
	for _, text := range at("set").StringSlice("set") {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return s, usagef("--set %s: write NAME=VALUE", text)
		}
		if s.set == nil {
			s.set = make(map[string]string)
		}
		s.set[name] = value
	}
	switch {
	case s.mode == "" || strings.ContainsAny(s.mode, "/ ") || strings.HasPrefix(s.mode, "."):
		return s, usagef("--mode: %q is no mode; write release or debug", s.mode)
	case !slices.Contains([]string{"auto", "always", "never"}, s.color):
		return s, usagef("--color: %q is none of auto, always, never", s.color)
	case !slices.Contains(outputsOf(c.Command.Name), s.output):
		return s, usagef("--output: %q is none of %s", s.output, strings.Join(outputsOf(c.Command.Name), ", "))
	}
	switch {
	case s.timeout < 0:
		return s, usagef("--timeout: %v is negative", s.timeout)
	case s.verbose && s.quiet:
		return s, usagef("--verbose and --quiet exclude each other")
	}
	return s, nil
}

// contextOf returns the innermost context in which flag name was given, or c.
// urfave/cli looks no further than the innermost that defines a flag.
func contextOf(c *cli.Context, name string) *cli.Context {
	for _, ctx := range c.Lineage() {
		if ctx.Command != nil && slices.Contains(ctx.LocalFlagNames(), name) {
			return ctx
		}
	}
	return c
}
