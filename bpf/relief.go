package bpf

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// updater is a link that may be able to go on with another program.
type updater interface{ Update(*ebpf.Program) error }

// relief is the change from the programs of one instance to those of another.
type relief struct {
	old     *Instance
	lasting map[*point]*point // of old by those of the new that take their links
	slow    []io.Closer       // perf events, which take their time to go away
	off     []*point          // of old that were detached
	began   time.Time         // when the first was; zero: none was
	gates   bool              // both instances have them
	changed bool              // they let the new programs through
}

// relieve begins the change from the programs of i.loader.opts.Replace, none of which is detached yet. It takes the lock of that instance.
func (i *Instance) relieve() *relief {
	old := i.loader.opts.Replace
	old.mu.Lock()
	r := &relief{old: old, lasting: make(map[*point]*point), gates: i.generation > 0 && old.generation > 0}
	if old.stopped {
		<-old.detached // it ended by itself, and no event is to be seen by both
		return r
	}
	taken := make(map[*point]bool)
	for _, p := range i.points {
		at := slices.IndexFunc(old.points, func(q *point) bool { return !taken[q] && q.link != nil && p.samePlace(q) })
		if at >= 0 && p.program != nil {
			q := old.points[at]
			r.lasting[p], taken[q] = q, true
		}
	}
	return r
}

// vacate detaches the old programs that have no gate and whose links do not go on, once.
func (r *relief) vacate() {
	if !r.began.IsZero() || r.old.stopped {
		return
	}
	var closing sync.WaitGroup
	for _, q := range r.old.points {
		if q.link == nil || q.kind.once || r.gates && r.old.gated[q.program] || r.lasts(q) {
			continue
		}
		if r.began.IsZero() {
			r.began = time.Now()
		}
		r.off = append(r.off, q)
		if event := heldEvent(q.link); event != nil {
			r.slow = append(r.slow, event)
		}
		closing.Go(func() { _ = q.link.Close() })
	}
	closing.Wait()
}

// makeRoom detaches what must not run beside the program of p of i, which has no gate.
func (r *relief) makeRoom(i *Instance, p *point) error {
	if r == nil {
		return nil
	}
	if p.gateable() {
		// The kernel took the program only without a gate.
		if err := r.change(i); err != nil {
			return err
		}
	}
	r.vacate()
	return nil
}

// change has the gates let the programs of i through.
func (r *relief) change(i *Instance) error {
	if r.changed || !r.gates {
		return nil
	}
	r.changed = true
	return i.changeGates(r.old.generation, i.generation)
}

// lasts reports whether the link of q, an old point, goes on.
func (r *relief) lasts(q *point) bool {
	for _, old := range r.lasting {
		if old == q {
			return true
		}
	}
	return false
}

// heldEvent returns the perf event behind a link, or nil. While somebody holds it, closing the link takes the program off in no time; that the event
// goes away is what takes some 50 ms.
func heldEvent(l io.Closer) io.Closer {
	event, ok := l.(link.PerfEvent)
	if !ok {
		return nil
	}
	// On kernels before 5.15 it is the event itself that the program is on.
	if info, err := l.(link.Link).Info(); err != nil || info.Type != link.PerfEventType {
		return nil
	}
	f, err := event.PerfEvent()
	if err != nil {
		return nil
	}
	return f
}

// samePlace reports whether the program of p can be put into the link of q.
func (p *point) samePlace(q *point) bool {
	if _, ok := q.link.(updater); !ok {
		return false
	}
	switch p.kind {
	case xdpKind, tcKind, cgroupKind, sockopsKind:
	default:
		return false
	}
	return p.kind == q.kind && p.symbol == q.symbol && p.index == q.index && p.mode == q.mode && p.priority == q.priority &&
		p.programType == q.programType && p.attachType == q.attachType
}

// inherit gives p the link that was its predecessor's, with the program of p in it. ok is false where there is none, and p has to be attached.
func (r *relief) inherit(p *point) (_ io.Closer, ok bool) {
	if r == nil || r.lasting[p] == nil {
		return nil, false
	}
	q := r.lasting[p]
	if err := q.link.(updater).Update(p.program); err != nil {
		// The new program can only be where the old one is no more.
		delete(r.lasting, p)
		if r.began.IsZero() {
			r.began = time.Now()
		}
		r.off = append(r.off, q)
		_ = q.link.Close()
		return nil, false
	}
	return q.link, true
}

// forget takes from the old instance what it has no more. Programs that their gates keep from doing anything are detached by Stop, which may take its time.
func (r *relief) forget() {
	gone := append(slices.Collect(maps.Values(r.lasting)), r.off...)
	r.old.links = slices.DeleteFunc(r.old.links, func(l io.Closer) bool {
		return slices.ContainsFunc(gone, func(q *point) bool { return q.link == l })
	})
	for _, q := range gone {
		q.link = nil
	}
}

// giveBack leaves links to the old instance, before those of the new one are closed.
func (r *relief) giveBack() {
	if r == nil {
		return
	}
	for p, q := range r.lasting {
		if p.link == q.link {
			p.link = nil
		}
	}
}

// restore attaches the old programs again.
func (r *relief) restore() error {
	var errs []error
	for _, q := range r.lasting {
		errs = append(errs, q.link.(updater).Update(q.program))
	}
	for _, q := range r.off {
		at := slices.Index(r.old.links, q.link)
		l, err := q.attach()
		if err != nil {
			errs = append(errs, fmt.Errorf("attach program %s of the old version again: %w", q.name, err))
		}
		q.link = l
		switch {
		case at < 0:
		case err != nil:
			r.old.links = slices.Delete(r.old.links, at, at+1)
		default:
			r.old.links[at] = l
		}
	}
	return errors.Join(errs...)
}

// release frees what may take its time, beside.
func (r *relief) release() {
	slow := closers(r.slow)
	if len(slow) > 0 {
		go slow.Close()
	}
}

// follow has the streams of i that share a buffer with one of old read on where that one ends, which it does at the next record.
func (i *Instance) follow(old *Instance) {
	for _, s := range i.streams {
		before := old.streamOf(s.Info.Map)
		if before == nil || s.Info.Kind != RingBuffer || !sameMap(i.maps[s.Info.Map], old.maps[s.Info.Map]) {
			continue
		}
		before.handedOver.Store(true)
		if old.started {
			s.after = before.ended
		}
		// It wakes a reader that waits for the next record.
		if err := before.reader.Flush(); err != nil && !errors.Is(err, os.ErrClosed) {
			_ = before.close()
		}
	}
}

func (i *Instance) streamOf(name string) *Stream {
	at := slices.IndexFunc(i.streams, func(s *Stream) bool { return s.Info.Map == name })
	if at < 0 {
		return nil
	}
	return i.streams[at]
}

// sameMap reports whether two descriptors are of one map, as those of maps are that are pinned, too.
func sameMap(a, b *ebpf.Map) bool {
	x, err := a.Info()
	if err != nil {
		return false
	}
	y, err := b.Info()
	if err != nil {
		return false
	}
	first, ok := x.ID()
	second, okToo := y.ID()
	return ok && okToo && first == second
}
