// Package sockets finds the sockets that processes bound to a port.
package sockets

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Port is a port of TCP or UDP, by IPv4 and IPv6.
type Port struct {
	protocol string // tcp or udp
	number   uint16
}

// Parse reads "tcp:8080" or "udp:53".
func Parse(text string) (Port, error) {
	protocol, number, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 || protocol != "tcp" && protocol != "udp" {
		return Port{}, fmt.Errorf(`%s is no port, which is written "tcp:8080" or "udp:53"`, text)
	}
	return Port{protocol, uint16(n)}, nil
}

// Open returns file descriptors of the sockets of this network namespace that are bound to the port, up to limit or all where that is 0.
// Connections are not among them. It needs kernel 5.6 and the right to trace the processes.
func (p Port) Open(limit int) ([]int, error) {
	inodes, err := p.inodes()
	if err != nil || len(inodes) == 0 {
		return nil, err
	}
	descriptors, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return nil, err
	}
	var found []int
	var refused error
	for _, d := range descriptors {
		if limit > 0 && len(found) == limit {
			break
		}
		to, err := os.Readlink(d)
		inode := strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")
		if err != nil || !inodes[inode] {
			continue
		}
		socket, err := Duplicate(d)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EBADF) {
			continue // it has gone meanwhile
		}
		if err != nil {
			refused = err
			continue
		}
		found = append(found, socket)
		delete(inodes, inode) // a socket may have many descriptors
	}
	if len(found) == 0 && refused != nil {
		return nil, refused
	}
	return found, nil
}

// Duplicate returns a descriptor of this process for that which /proc/PID/fd/N stands for.
func Duplicate(path string) (int, error) {
	pid, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return -1, err
	}
	number, err := strconv.Atoi(filepath.Base(path))
	if err != nil {
		return -1, err
	}
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, fmt.Errorf("open process %d: %w", pid, err)
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, number, 0)
	if err != nil {
		return -1, fmt.Errorf("take a socket of process %d: %w", pid, err)
	}
	return fd, nil
}

// inodes returns the numbers of the sockets that listen, or with UDP that are not connected.
func (p Port) inodes() (map[string]bool, error) {
	inodes := make(map[string]bool)
	for _, version := range []string{"", "6"} {
		f, err := os.Open("/proc/thread-self/net/" + p.protocol + version)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if inode, ok := p.parse(s.Text()); ok {
				inodes[inode] = true
			}
		}
	}
	return inodes, nil
}

// States of sockets as /proc/net writes them (include/net/tcp_states.h). UDP sockets that are not connected are called closed.
const (
	closed    = "07"
	listening = "0A"
)

// parse reads a line of /proc/net/tcp or udp: "sl: local_address rem_address st ... inode ...". It reports whether it is of the port.
func (p Port) parse(line string) (inode string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 {
		return "", false
	}
	_, port, _ := strings.Cut(fields[1], ":")
	n, err := strconv.ParseUint(port, 16, 16)
	state := fields[3] == listening && p.protocol == "tcp" || fields[3] == closed && p.protocol == "udp"
	return fields[9], err == nil && uint16(n) == p.number && state
}
