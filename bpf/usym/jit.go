package usym

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// jitMap are the functions that a just-in-time compiler made, as it writes them to /tmp/perf-PID.map for perf: a line
// "START SIZE NAME" each, with hexadecimal numbers (tools/perf/Documentation/jit-interface.txt). The file grows.
type jitMap struct {
	id        fileID
	read      int64 // bytes that were
	functions []jitFunction
	sorted    bool
	names     []byte
	looked    time.Time
	took      time.Duration
}

type jitFunction struct {
	start, size uint64
	name, end   uint32 // in names
}

// Bounds of a JIT map. Those of large Java programs have some ten thousand lines.
const (
	maxJITFunctions = 1 << 20
	maxJITNames     = 64 << 20
	maxJITRead      = 128 << 20
)

// name returns the function that address lies in. What the compiler wrote last counts.
func (j *jitMap) name(pid int, address uint64, now time.Time) (name string, offset uint64, ok bool) {
	if f := j.find(address); f != nil && now.Sub(j.looked) < trust {
		return string(j.names[f.name:f.end]), address - f.start, true
	}
	if now.Sub(j.looked) >= max(leastTrust, 10*j.took) {
		j.looked = now
		j.refresh(pid)
		j.took = time.Since(now)
	}
	if f := j.find(address); f != nil {
		return string(j.names[f.name:f.end]), address - f.start, true
	}
	return "", 0, false
}

func (j *jitMap) find(address uint64) *jitFunction {
	if !j.sorted {
		// Of functions at one address the one that was written last stays behind the others, and is found first.
		slices.SortStableFunc(j.functions, func(a, b jitFunction) int { return cmp.Compare(a.start, b.start) })
		j.sorted = true
	}
	behind, _ := slices.BinarySearchFunc(j.functions, address, func(f jitFunction, a uint64) int {
		if f.start <= a {
			return -1
		}
		return 1
	})
	const nested = 16
	for i := behind - 1; i >= max(0, behind-nested); i-- {
		if f := &j.functions[i]; address-f.start < f.size {
			return f
		}
	}
	return nil
}

// refresh reads what was added to the file since. A file that is another one, or shorter, is read anew.
func (j *jitMap) refresh(pid int) {
	file, err := openJITMap(pid)
	if err != nil {
		return // what was read stays: compilers remove it at the end
	}
	defer file.Close()
	id, err := identify(file)
	if err != nil {
		return
	}
	if id.device != j.id.device || id.inode != j.id.inode || id.size < j.read {
		looked, took := j.looked, j.took
		*j = jitMap{looked: looked, took: took}
	}
	if j.id = id; id.size == j.read {
		return
	}
	b, err := io.ReadAll(io.NewSectionReader(file, j.read, min(id.size-j.read, maxJITRead)))
	if err != nil {
		return
	}
	end := bytes.LastIndexByte(b, '\n') + 1 // the rest of a line is still being written
	j.read += int64(end)
	for line := range bytes.Lines(b[:end]) {
		j.add(string(bytes.TrimSuffix(line, []byte("\n"))))
	}
}

func (j *jitMap) add(line string) {
	start, rest, _ := strings.Cut(line, " ")
	size, name, _ := strings.Cut(rest, " ")
	from, err1 := strconv.ParseUint(strings.TrimPrefix(start, "0x"), 16, 64)
	n, err2 := strconv.ParseUint(strings.TrimPrefix(size, "0x"), 16, 64)
	name = strings.TrimSpace(name)
	if err1 != nil || err2 != nil || name == "" || len(j.functions) >= maxJITFunctions || len(j.names)+len(name) > maxJITNames {
		return
	}
	at := uint32(len(j.names))
	j.names = append(j.names, name...)
	j.functions = append(j.functions, jitFunction{from, n, at, uint32(len(j.names))})
	j.sorted = false
}

// openJITMap opens the map of a process, which is called by the number that the process itself knows, in its file system; or in ours, where the
// process was told so.
func openJITMap(pid int) (*os.File, error) {
	p := &process{pid: pid}
	inner := innermost(pid)
	file, err := p.openInRoot(fmt.Sprintf("/tmp/perf-%d.map", inner))
	if err != nil && inner != pid {
		file, err = p.openInRoot(fmt.Sprintf("/tmp/perf-%d.map", pid))
	}
	if err != nil {
		file, err = openRegular(fmt.Sprintf("/tmp/perf-%d.map", pid))
	}
	return file, err
}

// innermost returns the number of a process in its own PID namespace.
func innermost(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return pid
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "NStgid:"); ok {
			if all := strings.Fields(rest); len(all) > 0 {
				if n, err := strconv.Atoi(all[len(all)-1]); err == nil {
					return n
				}
			}
		}
	}
	return pid
}
