package luart

import (
	"container/heap"
	"time"
)

// wakeup is something to be done at a time.
type wakeup struct {
	at time.Time
	fn func()
}

// wakeups is a heap of them, the next one first.
type wakeups []wakeup

func (w wakeups) Len() int           { return len(w) }
func (w wakeups) Less(i, j int) bool { return w[i].at.Before(w[j].at) }
func (w wakeups) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *wakeups) Push(x any)        { *w = append(*w, x.(wakeup)) }

func (w *wakeups) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	(*w)[last] = wakeup{}
	*w = (*w)[:last]
	return x
}

// first returns when the next one is due.
func (w wakeups) first() (at time.Time, ok bool) {
	if len(w) == 0 {
		return time.Time{}, false
	}
	return w[0].at, true
}

// at has fn called at a time, unless the run ends before.
func (l *loop) at(t time.Time, fn func()) {
	if !l.ending {
		heap.Push(&l.wakeups, wakeup{t, fn})
	}
}

// wake calls what is due now. What those calls add for now has to wait for the next time.
func (l *loop) wake() {
	l.wakeWaiters()
	now := time.Now()
	for {
		if at, ok := l.wakeups.first(); !ok || at.After(now) {
			return
		}
		heap.Pop(&l.wakeups).(wakeup).fn()
	}
}
