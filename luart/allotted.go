package luart

import (
	"context"
	"time"
)

// allotted is the time that a run may take. It stands still while something is built: how long a compiler takes says nothing about what
// is to be watched.
type allotted struct {
	timer *time.Timer
	left  time.Duration // when it was last set going
	since time.Time
}

// newAllotted sets the time going, and returns a context that is done when it is over: with context.DeadlineExceeded as its cause.
func newAllotted(ctx context.Context, limit time.Duration) (*allotted, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	over := func() { cancel(context.DeadlineExceeded) }
	return &allotted{timer: time.AfterFunc(limit, over), left: limit, since: time.Now()}, ctx
}

// without calls build, whose time does not count. Calls do not overlap. A nil a has no limit.
func (a *allotted) without(build func() (string, error)) (string, error) {
	if a == nil {
		return build()
	}
	if a.timer.Stop() {
		a.left -= time.Since(a.since)
		defer func() {
			a.since = time.Now()
			a.timer.Reset(a.left)
		}()
	}
	return build()
}

// end frees what a has, when the run is over.
func (a *allotted) end() { a.timer.Stop() }
