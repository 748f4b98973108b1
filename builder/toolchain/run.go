package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Output is what a tool printed.
type Output struct {
	Stdout []byte
	Stderr []byte
}

// Run runs a program in folder dir ("": the current one) to its end. When ctx is cancelled the
// program and all that it started are killed, and the error is ctx's. A program
// that does not end well is a *ToolError.
func Run(ctx context.Context, dir, program string, args ...string) (Output, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// A process group of its own: compilers are often wrappers that start others, and
	// a Ctrl-C at the terminal is ours to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	out := Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	return out, &ToolError{Tool: filepath.Base(program), Err: err}
}

// ToolError says how a program failed.
type ToolError struct {
	Tool string // its name without the folder
	Err  error  // of os/exec
}

// Error is a sentence without a full stop: "clang exited with status 1".
func (e *ToolError) Error() string {
	if sig, ok := e.Signal(); ok {
		switch sig {
		case syscall.SIGKILL:
			return e.Tool + " was killed (SIGKILL), as the kernel does when memory runs out: free some, or build fewer files at once"
		case syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGFPE:
			return fmt.Sprintf("%s crashed (%v): that is a bug of %s; try another version of it", e.Tool, sig, e.Tool)
		}
		return fmt.Sprintf("%s was ended by a signal (%v)", e.Tool, sig)
	}
	var exit *exec.ExitError
	if errors.As(e.Err, &exit) {
		return fmt.Sprintf("%s exited with status %d", e.Tool, exit.ExitCode())
	}
	return fmt.Sprintf("run %s: %v", e.Tool, e.Err)
}

// Unwrap returns the error of os/exec.
func (e *ToolError) Unwrap() error { return e.Err }

// Signal returns the signal that ended the program. A wrapper, or clang's driver for the
// compiler that it started, tells it by a status above 128, as shells do.
func (e *ToolError) Signal() (sig syscall.Signal, ok bool) {
	var exit *exec.ExitError
	if !errors.As(e.Err, &exit) {
		return 0, false
	}
	status, isWait := exit.Sys().(syscall.WaitStatus)
	switch {
	case isWait && status.Signaled():
		return status.Signal(), true
	case exit.ExitCode() > 128 && exit.ExitCode() < 128+65:
		return syscall.Signal(exit.ExitCode() - 128), true
	}
	return 0, false
}
