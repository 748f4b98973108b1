package bpf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/sockets"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// referent is what a key or a value stands for where the kernel takes a file descriptor of it from user space, which is opened for each
// call. Callers name it by text, and a process by its number.
type referent uint8

const (
	itself    referent = iota // bytes that are as they are
	processOf                 // its number
	socketOf                  // tcp:8080 of what listens there, udp:53, or /proc/PID/fd/N
	fileOf                    // its path
	cgroupOf                  // its path, also below the mount point of cgroup2
)

// forms say how what keys and values stand for is named.
var forms = map[referent]string{
	socketOf: `a socket, as "tcp:8080", "udp:53" or "/proc/PID/fd/N"`,
	fileOf:   "the path of a file",
	cgroupOf: "the path of a cgroup",
}

// encode returns the text that value names what r is by.
func (r referent) encode(value any) ([]byte, error) {
	text, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("expected %s, got %s", forms[r], describe(value))
	}
	return []byte(text), nil
}

// open returns a descriptor of what text names.
func (r referent) open(text string) (int, error) {
	switch r {
	case socketOf:
		if rest, ok := strings.CutPrefix(text, "/proc/"); ok && strings.Contains(rest, "/fd/") {
			return sockets.Duplicate(text)
		}
		return openPort(text)
	case cgroupOf:
		if root := probe.Cgroup2(); root != "" && !strings.HasPrefix(text, root) {
			text = filepath.Join(root, text)
		}
		fallthrough
	case fileOf:
		fd, err := unix.Open(text, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			err = &os.PathError{Op: "open", Path: text, Err: err}
		}
		return fd, err
	}
	pid, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return -1, err
	}
	fd, err := unix.PidfdOpen(int(pid), 0)
	if err != nil {
		err = fmt.Errorf("process %d: %w", pid, err)
	}
	return fd, err
}

// openPort returns a descriptor of a socket that is bound to a port.
func openPort(text string) (int, error) {
	port, err := sockets.Parse(text)
	if err != nil {
		return -1, fmt.Errorf("expected %s, got %q", forms[socketOf], text)
	}
	found, err := port.Open(1)
	switch {
	case err != nil:
		return -1, err
	case len(found) == 0:
		return -1, fmt.Errorf("no process listens on %s", text)
	}
	return found[0], nil
}

// refer returns the bytes by which the kernel takes what name stands for, and what is to be called afterwards.
func (m *Map) refer(what string, r referent, name []byte, size int) (_ []byte, done func(), err error) {
	if r == itself {
		return name, func() {}, nil
	}
	text := string(name)
	if r == processOf {
		pid, _ := m.Key.Bits(name)
		text = strconv.Itoa(int(int32(pid)))
	}
	fd, err := r.open(text)
	if err != nil {
		return nil, nil, m.errorf("%s: %w", what, err)
	}
	b := make([]byte, size)
	putBytes(b, uint64(fd))
	return b, func() { unix.Close(fd) }, nil
}

// errUnread reports whether err says that the kernel does not show an entry to user space.
func errUnread(err error) bool {
	const notSupported = unix.Errno(524) // ENOTSUPP of include/linux/errno.h
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, notSupported)
}
