package bpf

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// An instance takes over from another in three steps. Load makes its maps, of which those that are defined as before are the
// old ones, and loads its programs. Stage attaches what may be attached beside the old programs. Of neither does the old instance notice anything. TakeOver
// changes programs, in one of three ways. No event may be seen by an old and a new program, which would count it twice in the map that they share.
//
//   - Where both have a gate, the new program is attached with the gate closed, and then the gates change: see gate.go.
//   - Where the kernel is able to, it replaces the program in its link: XDP, tc, cgroups.
//   - All others are detached before the new ones are attached, and the gap is told.

// Takeover says how an instance took over from another.
type Takeover struct {
	Kept  []string   // maps that hold what they held, by name
	Fresh []FreshMap // maps that both have and that were made anew, by name; what they held is gone with the old instance
	Gone  []string   // maps that only the old instance has, by name
	// Gap is how long programs were detached, from the first until all new ones were attached. It is 0 where each of them had its successor
	// attached before, which is so for instances that were loaded as Replaceable, and where links take another program.
	Gap time.Duration
	// Skipped are the programs that Attach returns as such.
	Skipped []*AttachError
}

// FreshMap is a map that was made anew.
type FreshMap struct {
	Name string
	Why  string // what is different: "its value is 16 bytes, and was 8"
}

// Takeover returns how i took over from LoadOptions.Replace; nil where there was none, or before it did.
func (i *Instance) Takeover() *Takeover {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.loader != nil {
		return nil
	}
	return i.takeover
}

// Stage attaches the programs of an instance that takes over from another behind closed gates, so that nothing happens yet and most of what may fail has
// failed. What cannot be attached in this way is left to TakeOver. The error is that of a hook, or of all programs where none attaches; then the instance is to be
// closed.
func (i *Instance) Stage() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.attachable(); err != nil {
		return err
	}
	i.mountTracefs()
	staged, left := false, false
	for _, g := range i.groups {
		tried, err := i.stage(g)
		if err != nil {
			i.detachAll()
			return err
		}
		staged = staged || g.staged
		left = left || !tried
	}
	if !staged && !left && len(i.groups) > 0 {
		return errors.Join(asErrors(i.unserved())...)
	}
	i.noteLinks() // for Stop
	return nil
}

// stage attaches the way of g that was loaded, if all of its programs have gates. tried is not set where something else may serve g.
func (i *Instance) stage(g *group) (tried bool, err error) {
	at := slices.IndexFunc(g.ways, func(w *way) bool {
		return !slices.ContainsFunc(w.points, func(p *point) bool { return p.program == nil })
	})
	if at < 0 {
		return len(g.ways) == 1, nil
	}
	w := g.ways[at]
	if slices.ContainsFunc(w.points, func(p *point) bool { return !i.gated[p.program] }) {
		return false, nil
	}
	switch n := i.attachWay(w); {
	case n == len(w.points):
		g.staged = true
		i.leaveOut(g, w)
		return true, nil
	case w.points[0].hook:
		return true, w.failures()[0]
	}
	w.detach()
	return len(w.points) == 1 && len(g.ways) == 1, nil
}

// TakeOver has instances take over from those that they were loaded to replace, all of them or none: after an error the old ones run on as they
// did, and failed is the instance whose error it is. It does for each what Attach does for one, and what Stage has not done yet. What is detached meanwhile is told by
// LoadOptions.Notice where the old programs are attached again.
//
// What new programs write into buffers that the old instance does not read, until the first error, is lost with them.
func TakeOver(instances ...*Instance) (failed *Instance, err error) {
	for _, i := range instances {
		i.mu.Lock()
		defer i.mu.Unlock()
		if err := i.attachable(); err != nil {
			return i, err
		}
		if i.loader.opts.Replace == nil {
			return i, errors.New("take over: the instance replaces none")
		}
	}
	for _, i := range instances {
		i.mountTracefs()
		i.relief = i.relieve()
	}
	defer func() {
		for _, i := range instances {
			i.relief.old.mu.Unlock()
			i.loader, i.relief = nil, nil
		}
	}()
	for _, i := range instances {
		if _, i.takeover.Skipped, err = i.attachAll(); err != nil {
			failed = i
			break
		}
	}
	for _, i := range instances {
		if err != nil {
			break
		}
		i.relief.vacate() // what no new program is in place of
		if err = i.relief.change(i); err != nil {
			failed = i
		}
	}
	if err == nil {
		for _, i := range instances {
			i.succeed(i.relief)
		}
		return nil, nil
	}
	for _, i := range instances {
		i.detachAll()
		err = errors.Join(err, i.giveUp(i.relief))
	}
	return failed, err
}

// attachable returns why nothing can be attached.
func (i *Instance) attachable() error {
	switch {
	case i.stopped:
		return errors.New("attach: the instance is stopped")
	case i.loader == nil:
		return errors.New("attach: the instance is attached")
	}
	return nil
}

// succeed ends a change of programs for good: those of the old instance do nothing any more.
func (i *Instance) succeed(r *relief) {
	defer r.release()
	if !r.began.IsZero() {
		i.takeover.Gap = time.Since(r.began)
	}
	r.forget()
	i.follow(r.old)
}

// giveUp ends a change that failed: the old instance gets back what it had. The error is what kept it from that.
func (i *Instance) giveUp(r *relief) error {
	defer r.release()
	err := r.restore()
	if r.changed {
		err = errors.Join(err, i.changeGates(i.generation, r.old.generation))
	}
	if !r.began.IsZero() {
		i.loader.opts.Notice(fmt.Sprintf("no program was attached for %.1f ms", float64(time.Since(r.began))/float64(time.Millisecond)))
	}
	return err
}
