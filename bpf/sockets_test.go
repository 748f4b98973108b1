package bpf_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// asSocketUser has a child of this binary do what programs for sockets see.
const asSocketUser = "EBPFX_TEST_SOCKETS"

// useSockets runs TestSockets in a process of its own, which run starts.
func useSockets(t *testing.T, run func(name string, args ...string)) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asSocketUser, "1")
	run(self, "-test.run=^TestSockets$")
}

// TestSockets does everything with sockets that a program can be asked about, by IPv4, IPv6 and within the machine, and
// touches a device and a sysctl besides.
func TestSockets(t *testing.T) {
	if os.Getenv(asSocketUser) == "" {
		t.Skip("for a child of other tests")
	}
	for _, address := range []string{"127.0.0.1", "[::1]"} {
		exchange(t, "tcp", address+":0")
		datagrams(t, "udp", address+":0")
	}
	exchange(t, "unix", filepath.Join(t.TempDir(), "stream"))
	unixDatagrams(t)
	for _, path := range []string{"/dev/null", "/proc/sys/kernel/ostype"} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Read(make([]byte, 64)); err != nil && err != io.EOF {
			t.Error(err)
		}
		f.Close()
	}
}

// exchange connects, sends a byte there and back, and asks for addresses and options.
func exchange(t *testing.T, network, address string) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = echo(conn)
			conn.Close()
		}
		served <- err
	}()
	conn, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "x"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	f, err := conn.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := int(f.Fd())
	if _, err := unix.Getpeername(fd); err != nil {
		t.Error(err)
	}
	if _, err := unix.Getsockname(fd); err != nil {
		t.Error(err)
	}
	if _, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE); err != nil {
		t.Error(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1); err != nil {
		t.Error(err)
	}
}

// echo sends back a byte. It is read, not spliced, which looks past the maps that sockets may be in.
func echo(conn net.Conn) error {
	var b [1]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return err
	}
	_, err := conn.Write(b[:])
	return err
}

// datagrams sends to a socket without being connected, and receives with the sender's address.
func datagrams(t *testing.T, network, address string) {
	t.Helper()
	l, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.WriteTo([]byte("x"), l.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.ReadFrom(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func unixDatagrams(t *testing.T) {
	t.Helper()
	l, err := net.ListenPacket("unixgram", filepath.Join(t.TempDir(), "datagrams"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	from, err := net.ListenPacket("unixgram", filepath.Join(t.TempDir(), "from"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := from.WriteTo([]byte("x"), l.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.ReadFrom(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}
