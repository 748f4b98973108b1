package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/ebpfx/ebpfx/bpf"
)

// takeover is how one target took over from what had the name was.
type takeover struct {
	target, was string
	how         *bpf.Takeover
}

// reloaded says in one line what a reload did. before and now are the targets that ran and run.
func reloaded(list []takeover, before, now []string, took time.Duration) string {
	var parts []string
	replaced, taken := make(map[string]bool), make(map[string]bool)
	for _, t := range list {
		replaced[t.was], taken[t.target] = true, true
		parts = append(parts, t.String())
	}
	for _, name := range before {
		if !replaced[name] {
			parts = append(parts, name+" ended")
		}
	}
	for _, name := range now {
		if !taken[name] {
			parts = append(parts, name+" started")
		}
	}
	verb := "reloaded"
	if len(list) == 0 {
		verb = "restarted"
	}
	if len(parts) == 0 {
		parts = []string{"no target runs"}
	}
	return fmt.Sprintf("%s in %d ms, %s", verb, took.Milliseconds(), strings.Join(parts, "; "))
}

// String says how a target took over.
func (t takeover) String() string {
	text := t.target
	if t.was != t.target {
		text += ", which was " + t.was
	}
	if len(t.how.Kept) > 0 {
		text += ": kept " + strings.Join(t.how.Kept, ", ")
	} else {
		text += ": no map to keep"
	}
	for _, f := range t.how.Fresh {
		text += fmt.Sprintf("; %s anew, as %s", f.Name, f.Why)
	}
	if len(t.how.Gone) > 0 {
		text += "; without " + strings.Join(t.how.Gone, ", ")
	}
	if t.how.Gap > 0 {
		text += fmt.Sprintf("; no program was attached for %.1f ms", float64(t.how.Gap)/float64(time.Millisecond))
	}
	return text
}
