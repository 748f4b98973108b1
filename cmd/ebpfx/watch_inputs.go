package main

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/cmd/ebpfx/internal/filewatch"
)

// watchedExtensions are those of files that may become an input when they appear.
var watchedExtensions = []string{".c", ".h", ".lua", ".o"}

// inputs remembers what an attempt to run was made from, so that only what differs from it is the reason for another one. What functions around a build write may be an input
// itself: what before_build writes was read, and what after_build writes is a reason for one more attempt and not for a second.
type inputs struct {
	mu       sync.Mutex // guards what follows
	contents filewatch.Contents
	began    time.Time // of the attempt
	complete bool      // all that the attempt reads was noted, as far as it is known before
	files    map[string]filewatch.Content
	folders  map[string]filewatch.Content
	hooked   map[string]bool // files that functions around a build have written to in the attempt
	before   map[string]bool // and in the one before it
}

// begin is the beginning of an attempt.
func (in *inputs) begin() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.began, in.complete = time.Now(), false
	in.files, in.folders = make(map[string]filewatch.Content), make(map[string]filewatch.Content)
	in.before, in.hooked = in.hooked, make(map[string]bool)
}

// reads notes a file that is about to be read.
func (in *inputs) reads(path string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.files[path] = in.contents.File(path)
}

// builds notes what is about to be built from, for the first build of an attempt.
func (in *inputs) builds(s filewatch.Set) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.complete {
		return
	}
	in.complete = true
	for _, f := range s.Files {
		in.note(f)
	}
	for _, dir := range s.Dirs {
		in.folders[dir] = in.contents.Folder(dir, s.Extensions)
		in.noteGenerated(dir, s.Extensions)
	}
}

func (in *inputs) note(path string) {
	if _, ok := in.files[path]; !ok {
		in.files[path] = in.contents.File(path)
	}
}

// noteGenerated notes files of a folder that before_build wrote and that nobody knows to be inputs yet.
func (in *inputs) noteGenerated(dir string, extensions []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the folder's content says so
	}
	for _, e := range entries {
		if !slices.Contains(extensions, filepath.Ext(e.Name())) {
			continue
		}
		if info, err := e.Info(); err == nil && info.ModTime().After(in.began) {
			in.note(filepath.Join(dir, e.Name()))
		}
	}
}

// around calls a function around a build and notes to which inputs it writes.
func (in *inputs) around(s filewatch.Set, call func() error) error {
	before := in.look(s)
	err := call()
	after := in.look(s)
	in.mu.Lock()
	defer in.mu.Unlock()
	for path, now := range after {
		if !now.Untouched(before[path]) {
			in.hooked[path] = true
		}
	}
	return err
}

func (in *inputs) look(s filewatch.Set) map[string]filewatch.Content {
	in.mu.Lock()
	defer in.mu.Unlock()
	seen := make(map[string]filewatch.Content, len(s.Files))
	for _, f := range s.Files {
		seen[f] = in.contents.File(f)
	}
	return seen
}

// changed reports whether something differs from what the attempt was made from; with touched also whether something was written that is the
// same. byHooks are files that it disregards, since functions around a build change them each time.
func (in *inputs) changed(s filewatch.Set, touched bool) (changed bool, byHooks []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, f := range s.Files {
		now := in.contents.File(f)
		was, known := in.files[f]
		switch {
		case !known && now.ChangedAfter(in.began):
			in.files[f] = filewatch.Content{} // nobody knows what was read
			changed = true
		case !known:
			in.files[f] = now
		case now.Same(was):
			changed = changed || touched && !now.Untouched(was) && !in.hooked[f]
		case in.hooked[f] && in.before[f]:
			in.files[f] = now
			byHooks = append(byHooks, f)
		default:
			changed = true
		}
	}
	for _, dir := range s.Dirs {
		now := in.contents.Folder(dir, s.Extensions)
		was, known := in.folders[dir]
		switch {
		case !known && now.ChangedAfter(in.began):
			in.folders[dir] = filewatch.Content{}
			changed = true
		case !known:
			in.folders[dir] = now
		case !now.Same(was):
			changed = true
		}
	}
	return changed, byHooks
}

// set returns what an edition is made from, and where more of it may appear. project is nil where it was never read to its end.
func (w *watcher) set(project *builder.Project, reading []string) filewatch.Set {
	s := filewatch.Set{Extensions: watchedExtensions}
	for _, path := range reading {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			s.Dirs = append(s.Dirs, path)
		} else {
			s.Files = append(s.Files, path)
		}
	}
	if project == nil {
		if runsProgram(w.cli) {
			if abs, err := filepath.Abs(w.args[0]); err == nil {
				s.Files = append(s.Files, abs)
			}
		}
	} else {
		in := builder.FindInputs(project)
		s.Files = append(s.Files, in.Files...)
		s.Dirs = append(s.Dirs, in.Dirs...)
		if project.File != "" {
			s.Files = append(s.Files, project.File)
		}
	}
	for _, f := range s.Files {
		s.Dirs = append(s.Dirs, filepath.Dir(f))
	}
	for _, list := range []*[]string{&s.Files, &s.Dirs} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return s
}
