package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Paths that do not exist: to open them costs little, so that little is taken from what is measured.
const (
	missing = "/nowhere/openbench/measured"
	probe   = "/nowhere/openbench/probe"
)

// opener opens a file again and again.
type opener struct {
	rate int           // a second
	gap  time.Duration // between bursts; 0: none, one open after the other in steady intervals
}

// run opens for as long as d, and returns how often.
func (o opener) run(d time.Duration) (opened int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for began := time.Now(); ; {
		elapsed := time.Since(began)
		if elapsed >= d {
			return opened
		}
		for due := int(elapsed.Seconds() * float64(o.rate)); opened < due; opened++ {
			_ = openOnce(missing)
		}
		if o.gap > 0 {
			time.Sleep(o.gap)
		}
	}
}

// openOnce opens a path, which fails.
func openOnce(path string) error {
	_, err := unix.Openat(unix.AT_FDCWD, path, unix.O_RDONLY, 0)
	return err
}
