package bpf

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Stats counts what a stream or all streams of an instance carried.
type Stats struct {
	Events    uint64 // records read
	Lost      uint64 // records that the kernel had no room for
	LostKnown bool   // false: the kernel refused the counting, so Lost is a lower bound
}

// slot returns the number of the counter of s; that behind the last stream where s is nil.
func (i *Instance) slot(s *StreamInfo) int {
	if s == nil {
		return len(i.streams)
	}
	return slices.IndexFunc(i.streams, func(t *Stream) bool { return t.Info.Map == s.Map })
}

// lost returns the counters of losses, in the order of the streams and one more.
func (i *Instance) lost() []uint64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.final != nil {
		return i.final
	}
	if i.losses != nil {
		if counts, err := i.losses.read(); err == nil {
			return counts
		}
	}
	return make([]uint64, len(i.streams)+1)
}

// Stats returns the counts of all streams together. They are exact after Stop, once the last Batch came. Lost includes
// records of which the program does not tell for which of several streams they were.
func (i *Instance) Stats() Stats {
	total := Stats{LostKnown: i.lossKnown}
	for n, lost := range i.lost() {
		total.Lost += lost
		if n < len(i.streams) {
			s := i.streams[n]
			total.Events += s.events.Load()
			total.Lost += s.reported(i.lossKnown)
		}
	}
	return total
}

// StreamStats returns the counts of one stream.
func (i *Instance) StreamStats(s *Stream) Stats {
	stats := Stats{Events: s.events.Load(), LostKnown: i.lossKnown}
	if n := i.slot(s.Info); n >= 0 {
		stats.Lost = i.lost()[n] + s.reported(i.lossKnown)
	}
	return stats
}

// ProgramStats is how often a program ran, and for how long in all.
type ProgramStats struct {
	Name    string
	Runs    uint64
	Time    time.Duration
	Skipped uint64 // runs that did not happen, because a program was running on that CPU already
}

// MeasurePrograms has the kernel count the runs of programs from now on, until i is closed. That costs each run of
// every program of the machine some ten nanoseconds. It may be called more than once.
func (i *Instance) MeasurePrograms() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	if i.running != nil {
		return nil
	}
	running, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		return fmt.Errorf("measure programs: %w", err)
	}
	i.running = running
	return nil
}

// ProgramStats returns the counts of all programs by name, since MeasurePrograms or since somebody else had the kernel
// count.
func (i *Instance) ProgramStats() ([]ProgramStats, error) {
	if err := i.open(); err != nil {
		return nil, err
	}
	var list []ProgramStats
	for name, p := range i.programs {
		s, err := p.Stats()
		if err != nil {
			return nil, fmt.Errorf("read the counts of program %s: %w", name, err)
		}
		list = append(list, ProgramStats{Name: name, Runs: s.RunCount, Time: s.Runtime, Skipped: s.RecursionMisses})
	}
	slices.SortFunc(list, func(a, b ProgramStats) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
