package builder

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Clang's instruction sets for eBPF are called CPUs.
const (
	levelFlag = "-mcpu="
	// atomics is the first that has atomic operations of 32 bits and those that return what was there; for kernels from 5.12 on. Clang's
	// default has it since version 20.
	atomics = levelFlag + "v3"
)

// lacksAtomics is what clang says of an operation that its instruction set lacks.
var lacksAtomics = regexp.MustCompile(`Unsupported atomic operations|Cannot select: .*\bAtomic[A-Z]`)

// raiseLevel has the source compiled for an instruction set with more atomic operations where clang said that it needs one and the
// project names none. It reports whether that changes anything.
func (c *compilation) raiseLevel(said []byte) bool {
	if c.level != "" || !lacksAtomics.Match(said) ||
		slices.ContainsFunc(c.args, func(arg string) bool { return strings.HasPrefix(arg, levelFlag) }) {
		return false
	}
	c.level = atomics
	return true
}

// tellLevel says which instruction set was taken in place of clang's default.
func (c *compilation) tellLevel() {
	if c.level != "" {
		c.build.told.notice(fmt.Sprintf("%s: compiled with %s, for the atomic operations that it uses", c.source, c.level))
	}
}
