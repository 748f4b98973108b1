package luart

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"
)

// now is now(): nanoseconds of CLOCK_MONOTONIC, which is what bpf_ktime_get_ns() reads, so that a
// script can subtract an event's time stamp from it.
func (s *Script) now(L *lua.LState) int {
	unpack(L, "now")
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		s.raise(L, fmt.Errorf("now: read the clock: %w", err))
	}
	L.Push(unsignedValue(uint64(t.Nano())))
	return 1
}
