package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange returns args with the flags of a verb moved before its arguments, since urfave/cli
// reads no flag after the first argument: "new demo --template xdp" becomes "new --template xdp -- demo".
// The line of a verb whose arguments belong to a script is left as it is.
func arrange(app *cli.App, args []string) []string {
	verb := verbIndex(app, args)
	if verb < 0 {
		return args
	}
	cmd := app.Command(args[verb])
	if cmd == nil || cmd.Name == runVerb {
		return args
	}

	var flags, rest []string
	for i := verb + 1; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case !isFlag(arg):
			rest = append(rest, arg)
		default:
			flags = append(flags, arg)
			if takesNext(cmd.Flags, arg) && i+1 < len(args) {
				i++
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
