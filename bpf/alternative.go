package bpf

import (
	"cmp"
	"slices"
)

// Tools carry several programs for one probe, a fentry and a kprobe, a tp_btf and a raw tracepoint, the function of today and that
// of older kernels, and leave it to their C side to load one. Here the names of the hooks tell which programs those are,
// and the kernel tells which of them work.

// moment is when programs of a kind run. Programs that run at different moments complete each other.
type moment uint8

const (
	onEntry moment = 1 << iota
	onReturn
)

// way is one of the ways to serve a hook: programs of kinds that belong together, on one function or tracepoint.
type way struct {
	order   int // of its kinds; see kind.alternative
	symbol  string
	name    hookName
	moments moment
	points  []*point
}

// group is a probe, which one of its ways serves. All but programs that trace functions and tracepoints have one way alone.
type group struct {
	key  string // "" for those
	ways []*way

	// staged is set where its way is attached although the instance has not taken over yet.
	staged bool
}

// groupPoints finds out which points are alternatives. The groups are in the order of their first points, their
// ways in the order in which they are to be tried: newer names before older ones, and then fentry, tp_btf, raw tracepoint,
// tracepoint, kprobe.
func groupPoints(points []*point) []*group {
	var groups []*group
	for _, p := range points {
		w := newWay(p)
		if w.order == 0 {
			groups = append(groups, &group{ways: []*way{w}})
			continue
		}
		if same := sameWay(groups, w); same != nil {
			same.points = append(same.points, p)
			same.moments |= w.moments
			continue
		}
		groups = append(groups, &group{key: w.name.key, ways: []*way{w}})
	}
	var merged []*group
	for _, g := range groups {
		i := slices.IndexFunc(merged, func(m *group) bool { return m.alternative(g) })
		if i < 0 {
			merged = append(merged, g)
			continue
		}
		merged[i].ways = append(merged[i].ways, g.ways...)
	}
	for _, g := range merged {
		slices.SortStableFunc(g.ways, func(a, b *way) int {
			return cmp.Or(cmp.Compare(a.name.age, b.name.age), cmp.Compare(a.order, b.order))
		})
	}
	return merged
}

func newWay(p *point) *way {
	w := &way{points: []*point{p}}
	// What a hook asks for is no alternative to anything, and neither are the middle of a function and many of them.
	if p.hook || p.kind.alternative == 0 || p.offset != 0 || p.many {
		return w
	}
	w.order, w.symbol, w.moments = p.kind.alternative, p.symbol, p.kind.moments
	w.name = nameHook(p.symbol)
	return w
}

// sameWay returns the way that a point belongs to whose own would be w, or nil.
func sameWay(groups []*group, w *way) *way {
	for _, g := range groups {
		if have := g.ways[0]; g.key == w.name.key && have.order == w.order && have.symbol == w.symbol {
			return have
		}
	}
	return nil
}

// alternative reports whether the ways of g and of other serve the same probe.
func (g *group) alternative(other *group) bool {
	return g.key != "" && g.key == other.key &&
		slices.ContainsFunc(g.ways, func(w *way) bool { return w.moments&other.ways[0].moments != 0 })
}

// without removes the ways that are alternatives to programs that a hook attaches, and returns the programs
// that are thereby left out.
func without(groups []*group, hooked []*way) (rest []*group, leftOut []string) {
	for _, g := range groups {
		g.ways = slices.DeleteFunc(g.ways, func(w *way) bool {
			served := slices.ContainsFunc(hooked, func(h *way) bool {
				return w.order != 0 && w.name.key == h.name.key && w.moments&h.moments != 0 && (w.order != h.order || w.symbol != h.symbol)
			})
			if served {
				leftOut = append(leftOut, w.programs()...)
			}
			return served
		})
		if len(g.ways) > 0 {
			rest = append(rest, g)
		}
	}
	return rest, leftOut
}

func (w *way) programs() []string {
	var names []string
	for _, p := range w.points {
		names = append(names, p.name)
	}
	return names
}

// failures returns why points of w are not loaded or attached.
func (w *way) failures() []*AttachError {
	var all []*AttachError
	for _, p := range w.points {
		if p.failure != nil {
			all = append(all, p.failure)
		}
	}
	return all
}

// unserved returns why g is not served, an error for the whole group, after every way was tried.
func (g *group) unserved() []*AttachError {
	if len(g.ways) == 1 {
		return g.ways[0].failures()
	}
	var all []*AttachError // of each way the first, which mostly is that of the others, too
	for _, w := range g.ways {
		if failures := w.failures(); len(failures) > 0 {
			all = append(all, failures[0])
		}
	}
	if len(all) == 0 {
		return nil
	}
	first := *all[0]
	first.Others = all[1:]
	return []*AttachError{&first}
}
