// Package filewatch tells when files of a project changed.
//
// It watches folders, not files: editors replace files by others of the same name, and a folder costs one watch however many
// files are in it. What it tells is that it is time to look, not what changed: whoever looks judges by content, so that an event too many does
// nothing, and one too few cannot be as long as another one follows.
package filewatch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// How long changes are waited for.
const (
	// quiet is how long nothing may happen until a change is told: editors write, rename and set modes in a row.
	quiet = 15 * time.Millisecond
	// longest is when a change is told although more of them come: a checkout of a large tree.
	longest = time.Second
	// emptyFor is how long a file may be empty that an editor truncates before it writes it.
	emptyFor = 400 * time.Millisecond
	// look is the time between two looks at what tells of no events.
	look = 20 * time.Millisecond
	// poll is the time between two looks at the files themselves: file systems of other machines and of containers may tell of
	// no events.
	poll = time.Second
)

// Set says what is watched.
type Set struct {
	Files []string // absolute paths
	Dirs  []string // where files of Extensions may appear, too
	// Extensions are those of files in Dirs, and beside Files, that matter; with the dot.
	Extensions []string
}

// Watcher watches a set of files.
type Watcher struct {
	fs      *fsnotify.Watcher
	inbox   *inbox
	set     Set
	watched map[string]bool // folders
	vital   map[string]bool // paths whose coming and going changes what can be watched
	states  map[string]state

	quiet, emptyFor time.Duration // the constants, but for tests

	contents Contents
	listed   map[string]Content // folders of the set
}

// state is what tells that a file was written to, even where its time is put back. The zero state is that of none.
type state struct {
	size     int64
	modified time.Time
	changed  time.Time // cannot be set by programs
	inode    uint64
}

func stateOf(path string) (s state) {
	info, err := os.Stat(path)
	if err != nil {
		return s
	}
	s.size, s.modified = info.Size(), info.ModTime()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode, s.changed = st.Ino, time.Unix(st.Ctim.Unix())
	}
	return s
}

// New returns a Watcher of nothing.
func New() (*Watcher, error) {
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", explain(err))
	}
	return &Watcher{fs: fs, inbox: newInbox(fs), watched: make(map[string]bool), quiet: quiet, emptyFor: emptyFor}, nil
}

// Close ends all watches.
func (w *Watcher) Close() error { return w.fs.Close() }

// Limit is the error that no more can be watched, with the way out.
type Limit struct {
	Sysctl string
	err    error
}

func (l *Limit) Error() string {
	return fmt.Sprintf("the limit of inotify is reached; raise it with: sysctl -w %s=%d", l.Sysctl, 2*max(4096, current(l.Sysctl)))
}
func (l *Limit) Unwrap() error { return l.err }

// explain names the sysctl that is in the way: inotify(7).
func explain(err error) error {
	switch {
	case errors.Is(err, unix.EMFILE):
		return &Limit{"fs.inotify.max_user_instances", err}
	case errors.Is(err, unix.ENOSPC):
		return &Limit{"fs.inotify.max_user_watches", err}
	}
	return err
}

// current returns the value of a sysctl, or 0.
func current(sysctl string) int {
	var n int
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(sysctl, ".", "/"))
	if err == nil {
		_, _ = fmt.Sscan(string(text), &n)
	}
	return n
}

// Watch watches s in place of what was watched before. A folder that does not exist is awaited in the nearest one above it that does. Folders
// that cannot be watched come back as errors, joined; the others are.
//
// What changed in a folder before it is watched is not told: look at what is in the files afterwards.
func (w *Watcher) Watch(s Set) error {
	w.set = s
	states := make(map[string]state, len(s.Files))
	for _, f := range s.Files {
		known, ok := w.states[f]
		if !ok {
			known = stateOf(f)
		}
		states[f] = known
	}
	w.states = states
	listed := make(map[string]Content, len(s.Dirs))
	for _, dir := range s.Dirs {
		known, ok := w.listed[dir]
		if !ok {
			known = w.contents.Folder(dir, s.Extensions)
		}
		listed[dir] = known
	}
	w.listed = listed
	wanted := make(map[string]bool)
	w.vital = make(map[string]bool)
	dirs := slices.Clone(s.Dirs)
	for _, f := range s.Files {
		dirs = append(dirs, filepath.Dir(f))
	}
	for _, dir := range dirs {
		dir = filepath.Clean(dir)
		for !isDir(dir) {
			w.vital[dir] = true
			dir = filepath.Dir(dir)
		}
		wanted[dir] = true
	}
	var errs []error
	watched := make(map[string]bool, len(wanted))
	for dir := range wanted {
		w.vital[dir] = true
		// Again for those that are watched: one that was removed and came back is another one.
		if err := w.fs.Add(dir); err != nil {
			if errors.Is(err, unix.ENOENT) {
				continue // it went away, of which the next look tells
			}
			errs = append(errs, fmt.Errorf("watch %s: %w", dir, explain(err)))
			continue
		}
		watched[dir] = true
	}
	for dir := range w.watched {
		if !wanted[dir] {
			_ = w.fs.Remove(dir) // it may be gone
		}
	}
	w.watched = watched
	return errors.Join(errs...)
}

// tick is how far the clock of a file system may be behind.
const tick = 10 * time.Millisecond

// Look has the next Wait find that something changed.
func (w *Watcher) Look() { w.inbox.put(func() { w.inbox.lost = true }) }

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() || path == "/" || path == "."
}

// changed reports whether a file or a folder is not what it was when a change was told last.
func (w *Watcher) changed() bool {
	return slices.ContainsFunc(w.set.Files, func(f string) bool { return stateOf(f) != w.states[f] }) ||
		slices.ContainsFunc(w.set.Dirs, func(dir string) bool { return !w.listed[dir].Same(w.contents.Folder(dir, w.set.Extensions)) })
}

// Wait returns when something changed and nothing has for a moment, or with ctx's error.
func (w *Watcher) Wait(ctx context.Context) error {
	err := w.wait(ctx)
	if err == nil {
		for _, f := range w.set.Files {
			w.states[f] = stateOf(f)
		}
		for _, dir := range w.set.Dirs {
			w.listed[dir] = w.contents.Folder(dir, w.set.Extensions)
		}
	}
	return err
}

func (w *Watcher) wait(ctx context.Context) error {
	polling := time.NewTicker(poll)
	defer polling.Stop()
	var settle <-chan time.Time
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.inbox.filled:
			events, lost, err := w.inbox.take()
			if err != nil {
				return fmt.Errorf("watch files: %w", explain(err))
			}
			// Where events were lost it is time to look.
			if lost || slices.ContainsFunc(events, w.matters) {
				settle = time.After(w.quiet)
				if last.IsZero() {
					last = time.Now().Add(longest)
				}
			}
		case <-polling.C:
			if settle == nil && w.changed() {
				settle = time.After(w.quiet)
				last = time.Now().Add(longest)
			}
		case <-settle:
			if w.beingWritten() && time.Now().Before(last.Add(w.emptyFor-longest)) {
				settle = time.After(look)
				continue
			}
			return nil
		}
		if !last.IsZero() && time.Now().After(last) {
			return nil
		}
	}
}

// beingWritten reports whether a file has become empty, as it is between two steps of an editor.
func (w *Watcher) beingWritten() bool {
	return slices.ContainsFunc(w.set.Files, func(f string) bool {
		info, err := os.Stat(f)
		return err == nil && info.Mode().IsRegular() && info.Size() == 0 && w.states[f].size > 0
	})
}

// matters reports whether an event is about an input, or a file that may become one.
func (w *Watcher) matters(e fsnotify.Event) bool {
	if w.vital[e.Name] {
		return true
	}
	if slices.Contains(w.set.Files, e.Name) {
		return true
	}
	base := filepath.Base(e.Name)
	if strings.HasPrefix(base, ".") || e.Op == fsnotify.Chmod {
		return false
	}
	if slices.Contains(w.set.Extensions, filepath.Ext(base)) {
		return true
	}
	// A new folder may bring files with it.
	return e.Has(fsnotify.Create) && isDir(e.Name)
}
