// Package bpftest supports tests and benchmarks of this module: a BPF program that makes
// events as fast as the kernel can. No other package should import it but from tests.
package bpftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"golang.org/x/sys/unix"
)

// Transport is how the producer sends its events.
type Transport int

// Transports, as producer.bpf.c numbers them.
const (
	Reserve Transport = 0x65627031 + iota // bpf_ringbuf_reserve to the map events, of 16 MB
	Output                                // bpf_ringbuf_output to the map copies, of 1 MB
	Perf                                  // bpf_perf_event_output to the map samples
)

// EventSize is the size of struct event: 64 bytes and five fields that mean something.
const EventSize = 64

// Object returns the producer as an eBPF object. Once its programs are attached, which their sections say, Produce works.
//
// Programs see the system calls of all processes, and the tests of several packages run at the same time. So the object listens to
// numbers of this process alone, which take the place of those that it was compiled with.
func Object() []byte {
	object := _ProducerBytes
	for t := Reserve; t <= Perf; t++ {
		compiled := binary.LittleEndian.AppendUint32(nil, uint32(t))
		if n := bytes.Count(object, compiled); n != 1 {
			panic(fmt.Sprintf("producer.bpf.c compares with %#x in %d places, want 1", uint32(t), n))
		}
		object = bytes.Replace(object, compiled, binary.LittleEndian.AppendUint32(nil, t.number()), 1)
	}
	return object
}

// process tells the numbers of this process from those of others. The lowest bits are the transport's.
var process = rand.Uint32N(1<<24) << 4

// number returns what a system call of this process asks for t with.
func (t Transport) number() uint32 { return uint32(t) ^ process }

// most is how many events one system call makes: MOST of producer.bpf.c.
const most = 1024

// Produce makes n events through t, numbered from 0, on the calling thread's CPU. Events that no buffer had room for count too.
func Produce(t Transport, n int) error {
	if t < Reserve || t > Perf {
		return fmt.Errorf("produce events: no transport %d", t)
	}
	for first := 0; first < n; first += most {
		step := min(n-first, most)
		// It is no such call, and the kernel says so after the tracepoint has run.
		_, _, errno := unix.Syscall(unix.SYS_GETPRIORITY, uintptr(t.number()), uintptr(first)<<32|uintptr(step), 0)
		if errno != unix.EINVAL {
			return fmt.Errorf("produce events: getpriority: %w", errno)
		}
	}
	return nil
}
