package bpf

import "slices"

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
