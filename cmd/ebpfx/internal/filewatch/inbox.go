package filewatch

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// inbox takes events and errors at any time. fsnotify holds its lock while it waits for somebody to take an error, so that
// adding a folder would wait forever where nobody does.
type inbox struct {
	filled chan struct{} // has an element while there is something to be taken

	mu     sync.Mutex // guards what follows
	events map[fsnotify.Event]bool
	lost   bool  // there may have been others
	err    error // no more will come
}

func newInbox(from *fsnotify.Watcher) *inbox {
	in := &inbox{filled: make(chan struct{}, 1), events: make(map[fsnotify.Event]bool)}
	go in.fill(from)
	return in
}

// fill runs until from is closed.
func (in *inbox) fill(from *fsnotify.Watcher) {
	for {
		select {
		case e, ok := <-from.Events:
			if !ok {
				in.put(func() { in.err = errors.New("the watcher is closed") })
				return
			}
			in.put(func() { in.events[e] = true })
		case err, ok := <-from.Errors:
			if !ok {
				in.put(func() { in.err = errors.New("the watcher is closed") })
				return
			}
			// All others are an overflow, and that a folder that was moved is gone when fsnotify gives it up.
			var reading *fs.PathError
			if errors.As(err, &reading) {
				in.put(func() { in.err = err })
			} else {
				in.put(func() { in.lost = true })
			}
		}
	}
}

func (in *inbox) put(what func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	what()
	select {
	case in.filled <- struct{}{}:
	default:
	}
}

// take empties the inbox. err is why no more will come.
func (in *inbox) take() (events []fsnotify.Event, lost bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	events, lost = slices.Collect(maps.Keys(in.events)), in.lost
	clear(in.events)
	in.lost = false
	return events, lost, in.err
}
