package bpf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/sockets"
)

var (
	// socketFilterKind programs see what comes to a socket: to one of their own that gets every packet of an interface, or to those of a
	// process that are bound to a port, whose packets they may cut or drop.
	socketFilterKind = &kind{
		name:        "socket_filter",
		sections:    []string{"socket"},
		legacy:      []string{"socket"},
		anySuffix:   true,
		form:        "interface",
		programType: ebpf.SocketFilter,
		resolve: func(p *point) error {
			if isPort(p.where) {
				return resolvePort(p)
			}
			return resolveInterface(p, p.where)
		},
		attach: attachSocketFilter,
		names:  func(*point) []string { return interfaceNames() },
	}
	// skReuseportKind programs choose which of the sockets that share a port gets a connection or a datagram.
	skReuseportKind = &kind{
		name:        "sk_reuseport",
		sections:    []string{"sk_reuseport"},
		anySuffix:   true,
		form:        "tcp:PORT",
		programType: ebpf.SkReuseport,
		attachType:  ebpf.AttachSkReuseportSelect,
		resolve:     resolvePort,
		attach: func(prog *ebpf.Program, p *point) (io.Closer, error) {
			// One socket has it for all that share the port.
			return attachToSockets(prog, p, unix.SO_ATTACH_REUSEPORT_EBPF, unix.SO_DETACH_REUSEPORT_BPF, 1)
		},
	}
)

func isPort(where string) bool {
	return strings.HasPrefix(where, "tcp:") || strings.HasPrefix(where, "udp:")
}

func resolvePort(p *point) error {
	if !isPort(p.where) {
		return &predicate{`is no port of sockets, which is written "tcp:8080" or "udp:53"`}
	}
	_, err := sockets.Parse(p.where)
	return err
}

func attachSocketFilter(prog *ebpf.Program, p *point) (io.Closer, error) {
	if isPort(p.where) {
		return attachToSockets(prog, p, unix.SO_ATTACH_BPF, unix.SO_DETACH_FILTER, 0)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	socket := os.NewFile(uintptr(fd), "packet socket")
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, prog.FD())
	runtime.KeepAlive(prog)
	if err == nil {
		// Packets come from here on. Nobody reads them: when the socket is full the filter still runs.
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: p.index})
	}
	if err != nil {
		socket.Close()
		return nil, err
	}
	return socket, nil
}

func networkOrder(v uint16) uint16 { return v<<8 | v>>8 }

// attachToSockets attaches prog to up to limit sockets that processes bound to a port; 0: to all.
func attachToSockets(prog *ebpf.Program, p *point, attach, detach, limit int) (io.Closer, error) {
	port, err := sockets.Parse(p.where)
	if err != nil {
		return nil, err
	}
	found, err := port.Open(limit)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &predicate{"names a port that no socket here is bound to"}
	}
	files := make([]*os.File, len(found))
	for i, fd := range found {
		files[i] = os.NewFile(uintptr(fd), "socket") // which changes nothing of it
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	k, err := startKeeper("sockets", strconv.Itoa(detach), files...)
	if err != nil {
		return nil, err
	}
	for _, fd := range found {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, attach, prog.FD()); err != nil {
			return nil, errors.Join(fmt.Errorf("attach to socket: %w", err), k.Close())
		}
	}
	runtime.KeepAlive(files)
	runtime.KeepAlive(prog)
	return k, nil
}

func undoSockets(arguments string, files []int) error {
	detach, err := strconv.Atoi(arguments)
	if err != nil {
		return fmt.Errorf("read what to detach: %w", err)
	}
	for _, fd := range files {
		// It may have none: the process may have been killed before it came to this one, or somebody else detached.
		if e := unix.SetsockoptInt(fd, unix.SOL_SOCKET, detach, 0); e != nil && !errors.Is(e, unix.ENOENT) {
			err = errors.Join(err, fmt.Errorf("detach from socket: %w", e))
		}
	}
	return err
}
