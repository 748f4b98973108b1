package bpf

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// alike is how many programs have to have one reason for not being attached to be told in one sentence.
const alike = 3

// Sentences tells why programs are not attached, a sentence each. Many that have the same reason are told in one, which names them all: of tools with dozens of
// probes of a kind that the kernel lacks nobody reads as many lines.
func Sentences(failures []*AttachError) []string {
	byReason := make(map[string][]*AttachError)
	for _, e := range failures {
		byReason[e.alike()] = append(byReason[e.alike()], e)
	}
	var all []string
	for _, e := range failures {
		switch same := byReason[e.alike()]; {
		case len(same) < alike || e.Section == "":
			all = append(all, e.Error())
		case same[0] == e:
			all = append(all, together(same))
		}
	}
	return all
}

// alike is the same for failures that one sentence tells.
func (e *AttachError) alike() string {
	key := strings.ReplaceAll(e.reason(), strconv.Quote(e.Program), "")
	if e.bySection() {
		key += "\x00" + e.Section
	}
	return key + "\x00" + strings.Join(e.otherReasons(), "\x00")
}

// bySection reports whether the reason is what the section says.
func (e *AttachError) bySection() bool {
	var p *predicate
	return errors.As(e.Err, &p)
}

// otherReasons returns why the alternatives are not attached, each reason once.
func (e *AttachError) otherReasons() []string {
	var reasons []string
	for _, other := range e.Others {
		if reason := strings.TrimLeft(other.reason(), ": "); !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

// together tells of failures that are alike.
func together(same []*AttachError) string {
	first := same[0]
	names := make([]string, len(same))
	for i, e := range same {
		if names[i] = e.Program; !first.bySection() {
			names[i] += " (" + e.Section + ")"
		}
	}
	text := "programs " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are not attached"
	if first.bySection() {
		text += fmt.Sprintf(": SEC(%q)", first.Section)
	}
	text += first.reason()
	if reasons := first.otherReasons(); len(reasons) > 0 {
		text += "; nor are their alternatives: " + strings.Join(reasons, "; ")
	}
	return text
}

// notAttached is why nothing is attached, or not all that has to be.
type notAttached []*AttachError

func (u notAttached) Error() string { return strings.Join(Sentences(u), "\n") }

// Unwrap returns the failures.
func (u notAttached) Unwrap() []error { return asErrors(u) }
