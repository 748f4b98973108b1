package main

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/luart"
)

// limitFlags are the flags of run that say what a script may take, and what becomes of its errors.
func limitFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "callback-timeout", Value: 5 * time.Second, Usage: "end a callback, timer or entry that takes more than `TIME` (5s; 0 for any)"},
		&cli.StringFlag{Name: "memory-limit", Usage: "end a script that holds more than `SIZE`, such as 512M or 2G (a quarter of the machine's; 0 for any)"},
		&cli.BoolFlag{Name: "keep-going", Usage: "count errors of callbacks and timers, and go on", DisableDefaultText: true},
	}
}

// loadOptions returns the options for loading a script that is to be run.
func (c *call) loadOptions() (luart.LoadOptions, error) {
	opts := luart.LoadOptions{
		AllowHost:   c.cli.Bool("allow-host"),
		Stdout:      c.stdout,
		MemoryLimit: machineMemory() / 4,
		Screen:      func() (width, height int) { return terminalSize(c.stdout) },
		RawValues:   c.cli.Bool("raw-values"),
		JSON:        c.flags.output == "json",
	}
	if text := c.cli.String("memory-limit"); text != "" {
		limit, err := parseSize(text)
		if err != nil {
			return opts, usagef("%s: --memory-limit: %v", c.cli.Command.Name, err)
		}
		opts.MemoryLimit = limit
	}
	if opts.MemoryLimit > 0 {
		// Garbage shall not look like what the script holds.
		debug.SetMemoryLimit(int64(min(opts.MemoryLimit, math.MaxInt64)))
	}
	if timeout := c.cli.Duration("callback-timeout"); timeout < 0 {
		return opts, usagef("%s: --callback-timeout: %v is negative", c.cli.Command.Name, timeout)
	}
	return opts, nil
}

// machineMemory returns how many bytes this process could have: the machine's, or those of its container. It is 0 where nobody knows.
func machineMemory() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	memory := uint64(info.Totalram) * uint64(info.Unit)
	// In a container this is the limit of its own group. At the root of the machine there is no such file.
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil {
			memory = min(memory, limit)
		}
	}
	return memory
}

// parseSize reads a number of bytes with a unit: 512M.
func parseSize(text string) (uint64, error) {
	digits := strings.TrimRight(strings.ToUpper(text), "IB")
	shift := 0
	for unit, s := range map[string]int{"K": 10, "M": 20, "G": 30, "T": 40} {
		if rest, ok := strings.CutSuffix(digits, unit); ok {
			digits, shift = rest, s
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > math.MaxUint64>>shift {
		return 0, fmt.Errorf("cannot read %q as a size; write 512M or 2G", text)
	}
	return n << shift, nil
}
