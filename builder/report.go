package builder

import "sync"

// Reporter is told what Build does, from one goroutine at a time. Each Step is followed by the Output of that step, if it
// has any, before the next Step, and the order is the same in every run, however many processes work at once.
type Reporter interface {
	// Step is called for each piece of work, once it began and all before it have ended. With Options.Verbose
	// it ended itself.
	Step(Step)
	// Output receives what a tool printed, whole and unchanged, once the tool ended.
	Output(t *Target, text []byte)
}

// Step is a piece of work of a build.
type Step struct {
	Target  *Target
	Verb    string   // "compiling", "linking"
	File    string   // relative to the project's folder where it lies below it
	Percent int      // of the whole build
	Command []string // what makes the same, run in the project's folder; only with Options.Verbose
}

// listener passes to the caller of Build what it is told by any goroutine, one call at a time.
type listener struct {
	mu         sync.Mutex
	reporter   Reporter     // may be nil
	noticeFunc func(string) // may be nil
}

func (l *listener) step(s Step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reporter != nil {
		l.reporter.Step(s)
	}
}

func (l *listener) output(t *Target, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reporter != nil {
		l.reporter.Output(t, text)
	}
}

func (l *listener) notice(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.noticeFunc != nil {
		l.noticeFunc(text)
	}
}
