// Package procmaps reads what code a process has mapped.
package procmaps

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
)

// Mapping is a part of a process's memory that holds code.
type Mapping struct {
	Start, End uint64 // addresses
	Offset     uint64 // of Start in the file
	Device     string // of the file: major and minor number
	Inode      uint64 // 0: there is no file
	Path       string // of the file, as the process has it; "[vdso]" and the like; "" for what is anonymous
	Deleted    bool   // nothing is at Path any more, or another file
}

// Parse returns the executable mappings of /proc/PID/maps, in the order of addresses (Documentation/filesystems/proc.rst). Lines that are
// none are left out.
func Parse(text []byte) []Mapping {
	var all []Mapping
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if m, ok := parseLine(s.Text()); ok {
			all = append(all, m)
		}
	}
	return all
}

// parseLine reads "55d0-55e0 r-xp 00002000 08:01 1234     /usr/bin/sh".
func parseLine(line string) (m Mapping, ok bool) {
	var fields [5]string
	rest := line
	for i := range fields {
		fields[i], rest, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
	}
	if !strings.Contains(fields[1], "x") {
		return Mapping{}, false
	}
	start, end, ok := strings.Cut(fields[0], "-")
	for _, n := range []struct {
		text string
		base int
		to   *uint64
	}{{start, 16, &m.Start}, {end, 16, &m.End}, {fields[2], 16, &m.Offset}, {fields[4], 10, &m.Inode}} {
		v, err := strconv.ParseUint(n.text, n.base, 64)
		if err != nil {
			return Mapping{}, false
		}
		*n.to = v
	}
	m.Device = fields[3]
	// Newlines in paths are written so; what else is there is as it is.
	path := strings.ReplaceAll(strings.TrimLeft(rest, " "), `\012`, "\n")
	m.Path, m.Deleted = strings.CutSuffix(path, " (deleted)")
	return m, ok && m.Start < m.End
}
