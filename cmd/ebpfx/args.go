package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange returns args with the flags of a verb moved before its arguments, since urfave/cli
// reads no flag after the first argument: "new demo --template xdp" becomes "new --template xdp -- demo".
// The line of a verb whose arguments belong to a script is left as it is; when run is given a file, flags that
// ebpfx does not know are arguments, since they are the program's.
func arrange(app *cli.App, args []string) []string {
	verb := verbIndex(app, args)
	if verb < 0 {
		return args
	}
	cmd := app.Command(args[verb])
	if cmd == nil || runsScript(cmd.Name) && !namesProgram(cmd, args[verb+1:]) {
		return args
	}

	var flags, rest []string
	for i := verb + 1; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case !isFlag(arg), runsScript(cmd.Name) && len(rest) > 0 && !isOneOf(cmd.Flags, arg):
			rest = append(rest, arg)
		default:
			flags = append(flags, arg)
			if takesNext(cmd.Flags, arg) {
				if i++; i == len(args) {
					return append(slices.Clone(args[:verb+1]), flags...) // the flag that has no value comes last, as that is what is wrong
				}
				flags = append(flags, args[i])
			}
		}
	}
	out := append(slices.Clone(args[:verb+1]), flags...)
	if len(rest) > 0 {
		out = append(append(out, "--"), rest...)
	}
	return out
}

// verbIndex returns where in args the verb stands, or -1.
func verbIndex(app *cli.App, args []string) int {
	for i := 1; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return -1
		case !isFlag(args[i]):
			return i
		case takesNext(app.Flags, args[i]):
			i++
		}
	}
	return -1
}

// namesProgram reports whether the first argument of args, behind flags of cmd, is a program's file and no project is named.
func namesProgram(cmd *cli.Command, args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return i+1 < len(args) && isProgram(args[i+1])
		case !isFlag(arg):
			return isProgram(arg)
		case slices.Contains([]string{"P", "project", "f", "file"}, flagName(arg)):
			return false
		case takesNext(cmd.Flags, arg):
			i++
		}
	}
	return false
}

// isFlag reports whether arg is read as a flag where one may stand.
func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// takesNext reports whether arg, a flag, has its value in the argument after it.
func takesNext(flags []cli.Flag, arg string) bool {
	name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			_, isSwitch := f.(*cli.BoolFlag)
			return !isSwitch
		}
	}
	return false
}

// isOneOf reports whether arg, a flag, is one of flags.
func isOneOf(flags []cli.Flag, arg string) bool {
	return slices.ContainsFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), flagName(arg)) })
}

// flagName returns the name of arg, a flag, without dashes and value.
func flagName(arg string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
	return name
}
