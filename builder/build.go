package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/ebpfx/ebpfx/builder/cachedir"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/header"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// Options tell Build how to work.
type Options struct {
	Jobs      int      // clang processes at once; 0: one a core
	KeepGoing bool     // go on with other sources after an error
	Verbose   bool     // report the exact commands
	Color     bool     // have clang colour its diagnostics
	Clang     string   // path or name of the compiler; "": $CLANG, else what PATH has
	Reporter  Reporter // nil: silent
	// Annotate is shown each object of a source as clang made it, debug information included, and returns it with what
	// is to be kept of that: the debug information is taken out afterwards. nil, or an error: the object
	// is kept as it is. Several goroutines call it.
	Annotate func(object []byte) ([]byte, error)
	// Notice is told what a user should know although nothing failed, such as that
	// files are kept elsewhere because a folder is read-only. It is not called while Reporter is. nil: silent.
	Notice func(text string)
}

// Result is what a build left.
type Result struct {
	// Objects has the absolute path of each target's object. A target whose only file is a ready object
	// has that one; the others lie in the build folder.
	Objects map[*Target]string
	Built   int // targets that had to be made; the others were up to date
}

// Build brings the objects of targets, and of the targets they depend on, up to date.
//
// What is wrong with the project (a glob that matches nothing, a dependency that goes round in a circle) is a
// *diag.Diagnostic at its place in project.lua. When a source does not compile, clang's own words went to the Reporter and the
// error says which source that was. Several errors are joined by errors.Join. Nothing half-written is left in any case.
//
// An object is up to date while its sources, the headers that they include, the flags and the compiler
// are what they were, judged by content. On a machine without clang the
// compiler and the headers outside of the project are not looked at, so that a project that was built elsewhere runs. No process
// is started, nothing is locked and nothing is written when all is up to date.
//
// Objects lie in .ebpfx/ beside project.lua or, where that cannot be written, in the user's cache. Builds
// of one project at the same time wait for each other.
func Build(ctx context.Context, p *Project, targets []*Target, opts Options) (*Result, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = runtime.GOMAXPROCS(0)
	}
	ordered, err := Order(p, targets)
	if err != nil {
		return nil, err
	}
	units, err := findSources(p, ordered)
	if err != nil {
		return nil, err
	}
	told := &listener{reporter: opts.Reporter, noticeFunc: opts.Notice}
	cache := cachedir.New(told.notice)
	b := &build{
		project: p,
		units:   units,
		opts:    opts,
		told:    told,
		cache:   cache,
		texts:   &texts{dir: p.Dir},
		machine: toolchain.HostTarget(),
	}
	if p.Arch != "" {
		if b.machine, err = toolchain.TargetNamed(p.Arch); err != nil {
			return nil, err
		}
	}
	return b.run(ctx)
}

// build is one call of Build.
type build struct {
	project *Project
	units   []*unit // in the order in which they are built
	opts    Options
	told    *listener
	cache   *cachedir.Cache
	texts   *texts
	machine toolchain.Target

	// Set by open.
	dir     string // where objects go
	index   *index
	files   *files
	vmlinux map[string]*header.Vmlinux // by what set_btf says

	mu   sync.Mutex // held for pchs
	pchs map[string]*precompiled

	started int64 // set by perform: files with an earlier change time were not written since
}

func (b *build) run(ctx context.Context) (*Result, error) {
	for _, dir := range buildDirs(b.project, b.cache) {
		if err := b.open(ctx, dir); err != nil {
			return nil, err
		}
		if len(b.plan()) == 0 {
			return b.result(nil), nil
		}
	}
	for _, u := range b.units {
		if u.err != nil && len(u.sources) > 0 {
			return nil, u.err
		}
	}

	dir, err := b.makeBuildDir()
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, dir, b.told.notice)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// Another build may have done the work while this one waited.
	if err := b.open(ctx, dir); err != nil {
		return nil, err
	}
	jobs := b.plan()
	err = b.perform(ctx, jobs)
	if saveErr := b.index.save(dir, b.files); saveErr != nil {
		err = errors.Join(err, fmt.Errorf("note what was built: %w", saveErr))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // what was killed half-way is no error of its own
	}
	if !slices.ContainsFunc(b.units, func(u *unit) bool { return u.clang == nil }) {
		err = errors.Join(err, b.writeCommands())
	}
	if err != nil {
		return nil, err
	}
	return b.result(jobs), nil
}

// findCompilers finds the compiler of each unit. That there is none is the unit's error; an error is ctx's alone.
func (b *build) findCompilers(ctx context.Context) error {
	known := b.index.Compilers
	b.index.Compilers = nil
	for i, u := range b.units {
		// Most targets have the same one.
		same := slices.IndexFunc(b.units[:i], func(other *unit) bool { return other.target.CC.Name == u.target.CC.Name })
		if same >= 0 {
			u.clang, u.err = b.units[same].clang, b.units[same].err
			continue
		}
		name := cmp.Or(u.target.CC.Name, b.opts.Clang)
		clang, seen, err := toolchain.FindClang(ctx, name, known)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		u.clang, u.err = &clang, nil
		if err != nil {
			u.clang, u.err = nil, err
			if u.target.CC.Name != "" {
				u.err = diag.Errorf(u.target.CC.Pos, "set_cc: %w", err).FillSource()
			}
		}
		b.index.Compilers = append(b.index.Compilers, seen...)
	}
	return nil
}

// open reads what is known of the objects in dir, and of the compiler.
func (b *build) open(ctx context.Context, dir string) error {
	b.dir = dir
	b.index = loadIndex(dir)
	b.files = newFiles(b.project.Dir, b.index.Files)
	if err := b.findCompilers(ctx); err != nil {
		return err
	}
	b.vmlinux = make(map[string]*header.Vmlinux)
	return nil
}

// result tells where the objects are, after jobs were done.
func (b *build) result(jobs []*job) *Result {
	r := &Result{Objects: make(map[*Target]string)}
	made := make(map[*unit]bool)
	for _, j := range jobs {
		made[j.unit] = true
	}
	for _, u := range b.units {
		r.Objects[u.target] = b.objectPath(u)
	}
	r.Built = len(made)
	return r
}
