// Command ebpfx builds and runs eBPF tools that a project.lua describes.
//
// Each verb has a file of its own (build.go, run.go, ...) that wires packages
// luart, builder and bpf to the terminal. Standard output carries what a tool
// prints and nothing else; all that ebpfx itself has to say goes to standard error.
package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

func main() {
	os.Exit(ebpfx(os.Args, os.Stdout, os.Stderr))
}

// ebpfx executes one command line and returns the exit code: 0 done, 1 failed, 2 wrong usage, 128+n
// ended by signal n, and whatever a script chose with os.exit.
func ebpfx(args []string, stdout, stderr io.Writer) int {
	ctx, release := interruptible()
	defer release()

	con := newConsole(stdout, stderr)
	app := newApp(con)
	err := app.RunContext(ctx, arrange(app, args))
	con.fail(err)
	return exitCode(err)
}

// exitCode returns what the process reports for the error that ended it.
func exitCode(err error) int {
	var coded interface{ Code() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.Code()
	case errors.Is(err, unix.EPIPE):
		return 128 + int(unix.SIGPIPE)
	}
	return 1
}
