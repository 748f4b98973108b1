package luart

import (
	"fmt"
	"time"
)

// watch has the watcher look at i again and again while it runs. Looks that are late are left out.
func (l *loop) watch(i *instance) {
	interval := l.opts.WatchInterval
	if interval <= 0 {
		return
	}
	at := i.started.Add(interval)
	var tick func()
	tick = func() {
		if i.stopped {
			return
		}
		l.watchOnce(i, false)
		at = at.Add((time.Since(at)/interval + 1) * interval)
		l.at(at, tick)
	}
	l.at(at, tick)
}

// watchOnce shows i to the watcher.
func (l *loop) watchOnce(i *instance, last bool) {
	l.flush()
	if err := l.opts.Watch(i.target, i.kernel, last); err != nil {
		l.fail(fmt.Errorf("show the maps of %s: %w", i.target.Name, err))
	}
}
