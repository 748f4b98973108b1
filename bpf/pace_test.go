package bpf

import (
	"testing"
	"time"
)

// Records that come seldom are never held up, those that come quickly are for as long as the buffer has room for them.
func TestPacer(t *testing.T) {
	const ms, us = time.Millisecond, time.Microsecond
	for _, test := range []struct {
		name           string
		capacity       int
		every          time.Duration // a record comes
		size           int           // of a record
		shortest, most time.Duration // pauses, once it goes on like that
		several        bool          // there are other buffers
	}{
		{"seldom", 1 << 20, 10 * ms, 64, 0, 0, false},
		{"each 2 ms", 1 << 20, 2 * ms, 64, 0, 0, false},
		{"each 500 us", 1 << 20, 500 * us, 64, 5 * ms, 5 * ms, false},
		{"100,000 a second", 1 << 20, 10 * us, 296, 3 * ms, 5 * ms, false},
		{"a million a second", 1 << 20, us, 296, 0, 500 * us, false},
		{"a million a second, large buffer", 16 << 20, us, 64, 5 * ms, 5 * ms, false},
		{"one of several", 1 << 20, 10 * us, 296, ms, ms, true},
		{"small buffer", 64 << 10, 100 * us, 64, 300 * us, 500 * us, false},
		{"tiny buffer", 4 << 10, 100 * us, 64, 0, 0, false},
	} {
		p := newPacer(test.capacity, !test.several)
		now := time.Unix(1000, 0)
		next := now
		for i := range 1000 {
			now = maxTime(now, next) // the reader waits for a record
			for ; !next.After(now); next = next.Add(test.every) {
				p.bytes += test.size
			}
			now = now.Add(time.Microsecond) // reading takes its time
			pause := p.pause(now)
			if i > 10 && (pause < test.shortest || pause > test.most) {
				t.Errorf("%s: a pause of %v, want %v to %v", test.name, pause, test.shortest, test.most)
				break
			}
			if pause > 0 {
				now = now.Add(pause)
				p.ended = now
			}
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
