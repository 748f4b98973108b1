package luart

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// maxTolerated bounds the different errors that are counted one by one.
const maxTolerated = 100

// tolerated are the errors that RunOptions.KeepGoing went on after.
type tolerated struct {
	counts map[string]int // by text
	order  []string
	others int
}

// raised is called with an error of a callback or timer of i, which ends the run unless it is to go on.
func (l *loop) raised(i *instance, err error) {
	if !l.opts.KeepGoing || errors.Is(err, errCut) {
		l.fail(err)
		return
	}
	t := &l.tolerated
	text := err.Error()
	n, seen := t.counts[text]
	switch {
	case !seen && len(t.counts) == maxTolerated:
		t.others++
		return
	case !seen:
		if t.counts == nil {
			t.counts = make(map[string]int)
		}
		t.order = append(t.order, text)
		l.opts.Failed(i.target, err)
	}
	t.counts[text] = n + 1
}

// reportTolerated says how often each error came that the run went on after, and makes the run a failed one.
func (l *loop) reportTolerated() {
	t := l.tolerated
	for _, text := range t.order {
		l.opts.Notice(fmt.Sprintf("%s (%s)", text, plural(t.counts[text], "time")))
	}
	if t.others > 0 {
		l.opts.Notice(plural(t.others, "further error"))
	}
	if len(t.order) > 0 && l.exitCode == 0 {
		l.exitCode = 1
	}
}

// maxEventText bounds the text of an event in an error, in bytes.
const maxEventText = 1000

// blame adds to the error of a callback of i what it was called for. record may be nil.
func (l *loop) blame(i *instance, err error, record []byte) error {
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		return err
	}
	lines := []string{"in target " + i.target.Name}
	if record != nil {
		if row := i.routes[l.batch.Stream].rowOf(record); row != nil {
			text := string(row.layout.AppendText(nil, record))
			if len(text) > maxEventText {
				text = strings.ToValidUTF8(text[:maxEventText], "") + "..."
			}
			lines[0] += ", for the event " + text
		}
	}
	blamed := *d
	if blamed.Detail != "" {
		lines = append([]string{blamed.Detail}, lines...)
	}
	blamed.Detail = strings.Join(lines, "\n")
	return &blamed
}
