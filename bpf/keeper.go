package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// A link goes with the process, however that ends. What is attached without one would stay: classifiers of clsact, and programs of sockets
// that belong to others, and trace events. For these a child of the process waits until the parent ends or wants to detach, and detaches.

// keeperVariable is set in the environment of the child, which is this same executable, to what it is to undo: "NAME ARGUMENTS".
const keeperVariable = "EBPFX_KEEPER"

// The child's first file beside the usual ones is a pipe that nobody writes to; behind it come those that undoing needs.
const keeperPipe = 3

// keeperTasks undo by name. Each must do nothing where nothing was done.
var keeperTasks = map[string]func(arguments string, files []int) error{
	"clsact":  undoClsact,
	"sockets": undoSockets,
	"uprobes": undoUprobes,
}

// init makes the child of an executable that uses this package what it is to be, before anything else of it runs.
func init() {
	task, ok := os.LookupEnv(keeperVariable)
	if !ok {
		return
	}
	if err := keep(task); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func keep(task string) error {
	name, rest, _ := strings.Cut(task, " ")
	var files int
	if _, err := fmt.Sscan(rest, &files); err != nil {
		return fmt.Errorf("%s=%s is set, which is for children of ebpfx alone", keeperVariable, task)
	}
	_, arguments, _ := strings.Cut(rest, " ")
	undo := keeperTasks[name]
	if undo == nil {
		return fmt.Errorf("%s=%s is set, which is for children of ebpfx alone", keeperVariable, task)
	}
	// The parent has the other end. It is closed when the parent ends.
	_, _ = io.Copy(io.Discard, os.NewFile(keeperPipe, "pipe"))
	var fds []int
	for i := range files {
		fds = append(fds, keeperPipe+1+i)
	}
	return undo(arguments, fds)
}

// keeper is the child. Closing it has it undo, and waits until that is done.
type keeper struct {
	child  *exec.Cmd
	pipe   io.Closer
	stderr bytes.Buffer
}

// startKeeper starts a child for a task, in the network namespace of the calling thread. It is to be started before there is
// anything to undo.
func startKeeper(name, arguments string, files ...*os.File) (*keeper, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	k := &keeper{pipe: w}
	k.child = exec.Command("/proc/self/exe")
	k.child.Args[0] = "ebpfx-keeper"
	k.child.Env = []string{fmt.Sprintf("%s=%s %d %s", keeperVariable, name, len(files), arguments)}
	k.child.ExtraFiles = append([]*os.File{r}, files...)
	k.child.Stderr = &k.stderr
	// What a terminal or a shell sends to the process is not for the child.
	k.child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := k.child.Start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("start the process that detaches when this one is killed: %w", err)
	}
	return k, nil
}

func (k *keeper) Close() error {
	err := k.pipe.Close()
	if waitErr := k.child.Wait(); waitErr != nil {
		err = errors.Join(err, fmt.Errorf("%s (%w)", strings.TrimSpace(k.stderr.String()), waitErr))
	}
	return err
}
