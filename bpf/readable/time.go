package readable

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Words of names that tell a moment and a duration. What a moment began or ended with is told by two: start_time, exit_ns.
var (
	edgeWords     = []string{"start", "begin", "end", "exit", "stop", "boot"}
	momentWords   = []string{"ts", "timestamp", "ktime"}
	durationWords = []string{"delta", "lat", "latency", "duration", "dur", "elapsed", "span", "delay", "age", "wait", "rtt", "srtt", "lifetime", "uptime"}
)

// unitOf returns the unit that a name ends in, and the name without it.
func unitOf(name string) (unit time.Duration, rest string) {
	for _, u := range []struct {
		suffix string
		unit   time.Duration
	}{{"_ns", time.Nanosecond}, {"_us", time.Microsecond}, {"_ms", time.Millisecond}} {
		if rest, ok := strings.CutSuffix(name, u.suffix); ok {
			return u.unit, rest
		}
	}
	return 0, name
}

// timeReading shows 64-bit numbers of nanoseconds as a time of day where they are moments, as bpf_ktime_get_ns tells them; and
// durations, of any size and unit, with their unit.
func timeReading(f *decode.Field) *Reading {
	unit, rest := unitOf(strings.ToLower(f.Name))
	named := words(rest)
	last := named[len(named)-1]
	switch {
	case f.Type.Size == 8 && (slices.Contains(momentWords, last) || isEdge(named, unit)):
		if unit == 0 {
			unit = time.Nanosecond
		}
		return momentReading(f, unit)
	case unit != 0 && slices.Contains(durationWords, last):
		return &Reading{Name: f.Name, Width: len("123.456ms"), Number: true, append: func(dst, rec []byte, _ bool) ([]byte, bool) {
			v, ok := f.Bits(rec)
			if !ok || v > uint64(1<<62)/uint64(unit) {
				return dst, false
			}
			return append(dst, (time.Duration(v) * unit).String()...), true
		}}
	}
	return nil
}

// isEdge reports whether a name of these words is that of the moment at which something began or ended.
func isEdge(named []string, unit time.Duration) bool {
	if last := len(named) - 1; named[last] == "time" {
		return last > 0 && slices.Contains(edgeWords, named[last-1])
	}
	return unit != 0 && slices.Contains(edgeWords, named[len(named)-1])
}

// clock reads the clock that bpf_ktime_get_ns reads.
var clock = sync.OnceValue(func() (c struct {
	zero    time.Time     // when it was 0
	started time.Time     // when it was read
	at      time.Duration // and what it said
}) {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // fails for clocks that do not exist
	c.started, c.at = time.Now(), time.Duration(ts.Nano())
	c.zero = c.started.Add(-c.at)
	return c
})

// What a clock can say: bpf_ktime_get_ns and its kin count from when the machine was started, so that nothing lies before that or after now, and
// bpf_ktime_get_tai_ns from 1970. In between, for decades, no moment is either.
const (
	ahead = time.Minute // clocks are adjusted, and CPUs disagree
	epoch = 1_000_000_000 * time.Second
	day   = 24 * time.Hour
)

// momentReading shows moments: those of today as a time of day, others with their date.
func momentReading(f *decode.Field, unit time.Duration) *Reading {
	var short, long, dated moments
	return &Reading{Name: f.Name, Width: len("15:04:05.000000"), Number: true, append: func(dst, rec []byte, full bool) ([]byte, bool) {
		v, ok := f.Bits(rec)
		if !ok || v == 0 || v > math.MaxInt64/uint64(unit) {
			return dst, false
		}
		c := clock()
		at := time.Duration(v) * unit
		now := c.at + time.Since(c.started)
		var moment time.Time
		switch {
		case at <= now+ahead:
			moment = c.zero.Add(at)
		case at >= epoch && at <= time.Duration(c.started.UnixNano())+now-c.at+ahead:
			moment = time.Unix(0, int64(at))
		default:
			return dst, false
		}
		switch age := time.Since(moment); {
		case full:
			return long.append(dst, moment, "2006-01-02T15:04:05.", 9, "Z07:00"), true
		case age > day || age < -day:
			return dated.append(dst, moment, "2006-01-02 15:04:05.", 6, ""), true
		}
		return short.append(dst, moment, "15:04:05.", 6, ""), true
	}}
}

// moments formats times, of which those that follow each other are mostly of one second.
type moments struct {
	second      int64
	front, back []byte // of the text, around the fraction
}

// append appends at: its second in the layout front, so many digits of the fraction, and the layout back.
func (m *moments) append(dst []byte, at time.Time, front string, digits int, back string) []byte {
	if second := at.Unix(); second != m.second || m.front == nil {
		m.second = second
		m.front, m.back = at.AppendFormat(m.front[:0], front), at.AppendFormat(m.back[:0], back)
	}
	dst = append(dst, m.front...)
	fraction := at.Nanosecond()
	start := len(dst)
	dst = append(dst, "000000000"[:digits]...)
	for range 9 - digits {
		fraction /= 10
	}
	for i := len(dst) - 1; i >= start; i-- {
		dst[i] = '0' + byte(fraction%10)
		fraction /= 10
	}
	return append(dst, m.back...)
}
