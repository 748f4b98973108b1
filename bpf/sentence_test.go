package bpf

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSentences(t *testing.T) {
	none := errors.New("this kernel has none")
	at := func(name, section string, err error, others ...*AttachError) *AttachError {
		return &AttachError{Program: name, Section: section, Err: err, Others: others}
	}
	other := func(name string) *AttachError { return at(name, "kprobe/"+name, none) }
	untargeted := func(name string) *AttachError {
		return at(name, "uprobe", &passive{&predicate{`names no target; write attach_to("` + name + `", "path:symbol")`}})
	}
	for name, tc := range map[string]struct {
		failures []*AttachError
		want     []string
	}{
		"few": {[]*AttachError{at("a", "kprobe/x", none), at("b", "kprobe/y", none)},
			[]string{`program a is not attached: SEC("kprobe/x"): this kernel has none`, `program b is not attached: SEC("kprobe/y"): this kernel has none`}},
		"many": {[]*AttachError{at("a", "kprobe/x", none), untargeted("u"), at("b", "kprobe/y", none), at("c", "kretprobe/z", none)},
			[]string{`programs a (kprobe/x), b (kprobe/y) and c (kretprobe/z) are not attached: this kernel has none`,
				`program u is not attached: SEC("uprobe") names no target; write attach_to("u", "path:symbol")`}},
		"the same section": {[]*AttachError{untargeted("u"), untargeted("v"), untargeted("w")},
			[]string{`programs u, v and w are not attached: SEC("uprobe") names no target; write attach_to("u", "path:symbol")`}},
		"with alternatives": {[]*AttachError{
			at("a", "fentry/x", errors.New("refused"), other("k1"), other("k2")), at("b", "fentry/y", errors.New("refused"), other("k3")), at("c", "fentry/z", errors.New("refused"), other("k4")),
			at("d", "fentry/alone", errors.New("refused"))},
			[]string{`programs a (fentry/x), b (fentry/y) and c (fentry/z) are not attached: refused; nor are their alternatives: this kernel has none`,
				`program d is not attached: SEC("fentry/alone"): refused`}},
		"hooks": {[]*AttachError{at("a", "", none), at("b", "", none), at("c", "", none)},
			[]string{`attach_to("a", ""): this kernel has none`, `attach_to("b", ""): this kernel has none`, `attach_to("c", ""): this kernel has none`}},
	} {
		if diff := cmp.Diff(tc.want, Sentences(tc.failures)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		err := error(notAttached(tc.failures))
		if got := err.Error(); got != strings.Join(tc.want, "\n") {
			t.Errorf("%s: the error is %s", name, got)
		}
		var first *AttachError
		if !errors.As(err, &first) || first != tc.failures[0] || !errors.Is(err, tc.failures[len(tc.failures)-1].Err) {
			t.Errorf("%s: what failed is not in the error", name)
		}
	}
}
