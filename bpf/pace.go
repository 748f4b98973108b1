package bpf

import "time"

// A reader that takes each record as it comes is woken for each: that costs some microseconds of CPU, in the kernel too, where the program that
// sends the record wakes it. While records come quickly it is cheaper to let some gather. The first one is never held up.
const (
	// paceMost is how long records gather at most: nobody sees that they come later.
	paceMost = 5 * time.Millisecond
	// paceSeveral is that of a perf buffer, which is one for each CPU, and where there are several streams: records of different buffers are to come
	// nearly in the order in which they were sent.
	paceSeveral = time.Millisecond
	// paceLeast is the shortest pause that saves more than it costs.
	paceLeast = 200 * time.Microsecond
	// paceBelow is the time within which the next record comes after a pause if records come quickly.
	paceBelow = time.Millisecond
	// paceBurst is how many bytes a second may come all of a sudden, a million records of 56 bytes: in no pause do more than half of the buffer.
	paceBurst = 64 << 20
	// paceShare is the part of the buffer that fills in a pause if records go on as they come.
	paceShare = 8
)

// pacer lets records gather in a buffer.
type pacer struct {
	capacity int           // of the buffer in bytes
	most     time.Duration // pause
	bytes    int           // that were read since began
	began    time.Time     // when the buffer was empty last
	ended    time.Time     // when the pause after that was over
}

// newPacer returns the pacer of a buffer with room for so many bytes. alone says that it is the only one whose records somebody gets.
func newPacer(capacity int, alone bool) *pacer {
	most := paceMost
	if !alone {
		most = paceSeveral
	}
	return &pacer{capacity: capacity, most: min(most, time.Duration(capacity)*time.Second/(2*paceBurst))}
}

// drained is called when all that the buffer had is read, and returns when it should be read again.
func (p *pacer) drained() {
	now := time.Now()
	if pause := p.pause(now); pause > 0 {
		time.Sleep(pause)
		p.ended = time.Now()
	}
}

// pause returns how long to wait now, and begins to count anew.
func (p *pacer) pause(now time.Time) time.Duration {
	quick := now.Sub(p.ended) < paceBelow
	pause := p.most
	if p.bytes > 0 {
		share := float64(p.capacity) / paceShare / float64(p.bytes)
		pause = min(pause, time.Duration(share*float64(now.Sub(p.began))))
	}
	p.bytes, p.began, p.ended = 0, now, now
	if !quick || pause < paceLeast {
		return 0
	}
	return pause
}
