package builder

import (
	"errors"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// Order returns targets and all that they depend on, each once, what is
// depended on first. The order follows that of targets and of their Deps.
func Order(p *Project, targets []*Target) ([]*Target, error) {
	o := orderer{project: p, done: make(map[*Target]bool)}
	for _, t := range targets {
		o.visit(t)
	}
	return o.order, errors.Join(o.errs...)
}

type orderer struct {
	project *Project
	order   []*Target
	done    map[*Target]bool
	path    []*Target // from the target asked for to the one being visited
	errs    []error
}

func (o *orderer) visit(t *Target) {
	if o.done[t] {
		return
	}
	o.path = append(o.path, t)
	for _, dep := range t.Deps {
		next := o.project.Target(dep.Name)
		if next == nil {
			o.errs = append(o.errs, diag.Errorf(dep.Pos, "add_deps: no target named %q%s",
				dep.Name, diag.DidYouMean(dep.Name, o.project.TargetNames())).FillSource())
			continue
		}
		if i := slices.Index(o.path, next); i >= 0 {
			o.errs = append(o.errs, diag.Errorf(dep.Pos, "add_deps: targets depend on each other in a circle: %s",
				circle(o.path[i:])).FillSource())
			continue
		}
		o.visit(next)
	}
	o.path = o.path[:len(o.path)-1]
	o.done[t] = true
	o.order = append(o.order, t)
}

// circle renders "a -> b -> a".
func circle(path []*Target) string {
	var b strings.Builder
	for _, t := range path {
		b.WriteString(t.Name + " -> ")
	}
	return b.String() + path[0].Name
}
