package luart

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
)

const levelFlag = "-mcpu="

// levels are the instruction sets that a target is compiled for in turn when the verifier refuses what it was compiled to. Which of them it follows best depends on the
// program and on the kernel: the newer ones compare and compute in 32 bits, where the others shift, and the verifier may lose track of either.
var levels = []string{"v3", "v2", "v1"}

// isCompiled reports whether t is made from sources, for no instruction set in particular.
func isCompiled(t *builder.Target) bool {
	flags, sources := t.CFlags, false
	for _, f := range t.Files {
		flags = slices.Concat(flags, f.Flags)
		sources = sources || strings.HasSuffix(f.Pattern, ".c")
	}
	return sources && !slices.ContainsFunc(flags, func(flag string) bool { return strings.HasPrefix(flag, levelFlag) })
}

// refusals returns how many programs the verifier refused in a load that ended with err.
func refusals(la *launch, err error) int {
	var refusal *bpf.VerifierError
	switch {
	case errors.As(err, &refusal):
		return 1
	case err != nil:
		return 0
	}
	return len(la.kernel.Refused())
}

// tryLevels compiles the target for other instruction sets until the verifier takes all of it, and keeps what it takes. err is how the load of la ended, and what is
// returned where no other helps.
func (l *loop) tryLevels(la *launch, err error) error {
	for _, level := range levels {
		variant := *la.target
		variant.Name += "-" + level
		variant.CFlags = append(slices.Clip(variant.CFlags), levelFlag+level)
		path, buildErr := l.compile(&variant)
		if buildErr != nil {
			continue // the verifier's words tell more
		}
		other := &launch{target: la.target, measure: la.measure}
		otherErr := l.loadObject(other, path)
		if otherErr != nil {
			continue
		}
		if refusals(other, nil) > 0 {
			_ = other.kernel.Close() // it was not attached
			continue
		}
		if la.kernel != nil {
			_ = la.kernel.Close() // likewise
		}
		la.object, la.kernel, la.notices = other.object, other.kernel, other.notices
		la.notice(fmt.Sprintf("the verifier refuses it as it is compiled, and takes it compiled with %s%s; add_cflags(\"%s%s\") spares the attempt",
			levelFlag, level, levelFlag, level))
		return nil
	}
	return err
}
