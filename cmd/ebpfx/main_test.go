package main

import (
	"errors"
	"log"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// limit is how long a test waits for what should come at once. It only keeps a broken test from
// hanging: a busy machine must never reach it.
const limit = 90 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ebpfx":    main,
		"activity": activity,
	})
}

// activity is a command for tests: it does one thing over and over until it is ended.
//
//	activity open FILE      opens a file that need not exist
//	activity exec PROGRAM   starts a program
//	activity connect [ADDR] connects to a TCP port of this machine where nobody listens
//	activity loopback       sends a UDP packet to this machine, whose lo it switches on
//	activity accept         opens a TCP connection to itself
//	activity write FILE     writes 4096 bytes to the start of a file, and on to its disk
//	activity spin           keeps a CPU busy for a moment
//
// Or a number of times:
//
//	activity calls NAME N   sleeps a millisecond and calls umask, as a thread of that name
func activity() {
	for end := time.Now().Add(2 * limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		switch os.Args[1] {
		case "open":
			if f, err := os.Open(os.Args[2]); err == nil {
				f.Close()
			}
		case "exec":
			if p, err := os.StartProcess(os.Args[2], os.Args[2:], &os.ProcAttr{}); err == nil {
				p.Wait()
			}
		case "connect":
			address := "127.0.0.1:9"
			if len(os.Args) > 2 {
				address = os.Args[2]
			}
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
			}
		case "loopback":
			if err := loopback(); err != nil {
				log.Fatal(err)
			}
		case "write":
			if err := writeThrough(os.Args[2]); err != nil {
				log.Fatal(err)
			}
		case "spin":
			for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
			}
		case "accept":
			if err := connectToSelf(); err != nil {
				log.Fatal(err)
			}
		case "calls":
			if err := calls(os.Args[2], os.Args[3]); err != nil {
				log.Fatal(err)
			}
			return
		default:
			panic("activity: unknown " + os.Args[1])
		}
	}
}

// calls sleeps and calls umask n times, in a thread that is called name.
func calls(name, n string) error {
	times, err := strconv.Atoi(n)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(text)), 0, 0, 0); err != nil {
		return err
	}
	for range times {
		if err := unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		unix.Umask(0o22)
	}
	return nil
}

// connectToSelf opens a connection to a port of its own.
func connectToSelf() error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	conn, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// writeThrough writes a page to a file, and returns when it is on the disk.
func writeThrough(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
		return err
	}
	return f.Sync()
}

// loopback sends a packet to a port where nobody listens.
func loopback() error {
	conn, err := net.Dial("udp", "127.0.0.1:9")
	if errors.Is(err, unix.ENETUNREACH) {
		return switchOn("lo")
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.Write([]byte("packet")) // the answer to the one before may be that nobody listens
	return nil
}

// switchOn is "ip link set NAME up".
func switchOn(name string) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}

// requireKernel reports whether this machine is known to be able to load eBPF, so that a test which cannot is broken.
func requireKernel() bool { return os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" }

// needRoot skips where eBPF cannot be loaded.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if requireKernel() {
		t.Fatal("EBPFX_REQUIRE_KERNEL is set, but this is not root")
	}
	t.Skip("loading eBPF needs root")
}

// repository returns the top folder of this repository.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
