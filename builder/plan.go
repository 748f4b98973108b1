package builder

import (
	"context"
	"path/filepath"
)

// job is a piece of work that has to be done, or was.
type job struct {
	unit  *unit
	verb  string
	file  string
	needs []*job // all that must have ended well before
	task  task

	state jobState
	said  []byte // what its tool printed
	err   error
}

type jobState uint8

const (
	waiting jobState = iota
	running
	succeeded
	failed
)

// task is what a job does.
type task interface {
	// command returns what is run, for people to read.
	command() []string
	// run does the work, beside others, and returns what its tool printed. It writes below folder tmp alone.
	run(ctx context.Context, tmp string) (said []byte, err error)
	// finish puts the result in its place and notes it in the index. It is called after
	// run succeeded, never beside another finish.
	finish() error
}

// plan returns what has to be done to bring all units up to date, in an order in which it can be done.
func (b *build) plan() []*job {
	var jobs []*job
	last := make(map[string][]*job) // by name of target: what must be done before it is ready
	for _, u := range b.units {
		var before []*job
		for _, dep := range u.target.Deps {
			before = append(before, last[dep.Name]...)
		}
		own := b.planUnit(u, before)
		jobs = append(jobs, own...)
		if len(own) > 0 {
			last[u.target.Name] = own
		} else {
			last[u.target.Name] = before
		}
	}
	return jobs
}

// planUnit returns the jobs of one target, each of which needs all of before.
func (b *build) planUnit(u *unit, before []*job) []*job {
	var jobs []*job
	var parts []string
	for _, source := range u.sources {
		c := b.compilation(u, source)
		parts = append(parts, c.output)
		if !b.isFresh(u, c.output, c.flags, c) {
			c.watch()
			jobs = append(jobs, &job{unit: u, verb: "compiling", file: source, needs: before, task: c})
		}
	}
	if !u.linked() {
		return jobs
	}
	l := b.linking(u, parts)
	if len(jobs) == 0 && b.isFresh(u, l.output, l.flags, nil) {
		return nil
	}
	needs := append(append([]*job(nil), before...), jobs...)
	return append(jobs, &job{unit: u, verb: "linking", file: b.shown(l.output), needs: needs, task: l})
}

// linked reports whether the target's object is made of several.
func (u *unit) linked() bool { return len(u.sources)+len(u.objects) > 1 }

// objectName returns the name of a target's object in the build folder.
func objectName(u *unit) string { return fileName(u.target.Name) + ".bpf.o" }

// objectPath returns the absolute path of a target's object.
func (b *build) objectPath(u *unit) string {
	if !u.linked() && len(u.objects) == 1 {
		return inDir(b.project.Dir, u.objects[0])
	}
	return filepath.Join(b.dir, objectName(u))
}

// shown returns the path of a file in the build folder as people know it.
func (b *build) shown(name string) string {
	return relativeTo(b.project.Dir, filepath.Join(b.dir, name))
}

// isFresh reports whether the object called name of u is what would be made again, by c or by linking.
func (b *build) isFresh(u *unit, name, flags string, c *compilation) bool {
	r := b.index.Objects[name]
	if r == nil || r.Flags != flags || r.Output == "" || b.files.hash(b.shown(name)) != r.Output {
		return false
	}
	// Where nothing can be compiled, what was compiled elsewhere from these very sources is as good as it gets.
	elsewhere := u.clang == nil
	if !elsewhere && r.Rules != rules {
		return false
	}
	if !elsewhere && r.Compiler != "" && r.Compiler != u.clang.ID() {
		return false
	}
	if !elsewhere && r.Vmlinux != "" && r.Vmlinux != c.vmlinux.ID() {
		return false
	}
	for _, in := range r.Inputs {
		if in.Hash == "" {
			return false
		}
		if elsewhere && filepath.IsAbs(in.Name) {
			continue
		}
		if b.files.hash(in.Name) != in.Hash {
			return false
		}
	}
	return elsewhere || c == nil || !c.lookup.changed(b.files, r)
}
