package luart

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// deliver hands on records of the current batch, for one slice of time at most.
func (l *loop) deliver() {
	i := l.of(l.batch)
	r := i.routes[l.batch.Stream]
	switch {
	case r.sink != nil:
		if err := r.sink.Write(l.batch); err != nil {
			l.fail(fmt.Errorf("write events of %s: %w", r.stream.Name(), err))
		}
		l.next = l.batch.Len()
	case i.discard:
		i.discarded += uint64(l.batch.Len() - l.next)
		l.next = l.batch.Len()
	case r.consumed:
		// A batch is over before its slice of time is, and no Lua runs that could stop the target in its middle.
		r.consume(l.batch, l.next)
		l.next = l.batch.Len()
	default:
		l.deadline = time.Now().Add(slice)
		if err := l.call(l.script.state, "the callback of on_event", l.delivery); err != nil {
			l.raised(i, l.blame(i, err, l.batch.Record(l.next-1)))
		}
	}
	if l.next >= l.batch.Len() {
		l.batch.Release()
		l.batch = nil
	}
}

// deliverSlice calls the callbacks for records of the current batch until the deadline, or until nobody may be called any more.
// It is one Go function in Lua's eyes, so that entering and leaving protected mode is paid once for many records.
func (l *loop) deliverSlice(L *lua.LState) int {
	L.Panic = l.script.scheduler.raised
	i := l.of(l.batch)
	r := i.routes[l.batch.Stream]
	for l.next < l.batch.Len() && !i.discard {
		record := l.batch.Record(l.next)
		l.next++
		if row := r.take(record); row != nil {
			row.call(L, l.script.values, record)
		}
		if l.guard.late.Load() || l.next%sliceCheck == 0 && !time.Now().Before(l.deadline) {
			break
		}
	}
	return 0
}

// call calls the callbacks with a record.
func (r *typeRoute) call(L *lua.LState, v *values, record []byte) {
	var event lua.LValue // made for the first who needs it
	for i := range r.callbacks {
		c := &r.callbacks[i]
		if c.take != nil {
			c.take(record)
			continue
		}
		if s := c.specialized; s != nil && len(record) >= s.size {
			L.Push(s.fn)
			s.push(L, v, record)
			L.Call(len(s.fields), 0)
			continue
		}
		if event == nil {
			event = v.event(r.layout, record)
		}
		L.Push(c.fn)
		L.Push(event)
		L.Call(1, 0)
	}
}

// watchLosses sees to it that on_lost callbacks are called as long as a running target has one.
func (l *loop) watchLosses() {
	if l.checkLost {
		return
	}
	l.checkLost = true
	l.at(time.Now().Add(lossEvery), func() {
		l.checkLost = false
		for _, i := range l.instances {
			if len(i.handlers.lost) > 0 && !i.stopped {
				l.watchLosses()
				l.reportLosses(i)
			}
		}
	})
}

// reportLosses calls on_lost for each stream that lost records since the last call.
func (l *loop) reportLosses(i *instance) {
	for _, stream := range i.kernel.Streams() {
		lost := i.kernel.StreamStats(stream).Lost
		r := i.routes[stream]
		n := lost - r.lost
		r.lost = lost
		if n == 0 {
			continue
		}
		for _, fn := range i.handlers.lost {
			if i.discard {
				return // the one before stopped the target
			}
			if err := l.call(l.script.state, "the callback of on_lost", fn, lua.LString(stream.Name()), unsignedValue(n)); err != nil {
				l.raised(i, l.blame(i, err, nil))
			}
		}
	}
}
