package builder

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ebpfx/ebpfx/builder/toolchain"
)

// A project's own vmlinux.h can be anything, so that no excerpt can be taken of it. It is precompiled instead: clang
// then reads of it what a source uses. That is done once for a compiler and its flags, and kept in the user's cache.

// precompiled is a header in the making, or made.
type precompiled struct {
	once sync.Once
	path string // "": it cannot be used
}

// precompile returns the path of the precompiled header for a source that includes one of its own, or "" where
// that might not be the same as to include it.
func (c *compilation) precompile(ctx context.Context, r *reading) string {
	if r.own == "" || slices.ContainsFunc(slices.Concat(c.unit.target.CFlags, c.unit.extra[c.source].flags), changesInput) {
		return ""
	}
	header, err := os.ReadFile(inDir(c.build.project.Dir, r.own))
	if err != nil || !selfContained(header) {
		return ""
	}
	for _, macro := range r.defines {
		if mentions(header, macro) {
			return ""
		}
	}
	return c.build.pch(ctx, c.unit.clang, header, c.args)
}

// pch returns the path of header, precompiled with args, or "" where that fails: then the header serves as it is.
func (b *build) pch(ctx context.Context, clang *toolchain.Clang, header []byte, args []string) string {
	sum := hashOf(string(header))
	key := hashOf(append(slices.Clone(args), clang.Path, clang.ID(), sum)...)
	b.mu.Lock()
	p := b.pchs[key]
	if p == nil {
		if b.pchs == nil {
			b.pchs = make(map[string]*precompiled)
		}
		p = new(precompiled)
		b.pchs[key] = p
	}
	b.mu.Unlock()
	p.once.Do(func() { p.path = b.makePCH(ctx, clang, header, sum, key, args) })
	return p.path
}

func (b *build) makePCH(ctx context.Context, clang *toolchain.Clang, header []byte, sum, key string, args []string) string {
	// Clang looks at the header again whenever it reads what it made of it: at this copy, not at
	// the project's, so that projects with the same header share the result.
	source, _, err := b.cache.Checked("own-"+sum+"/"+vmlinuxName, func() ([]byte, error) { return header, nil })
	if err != nil {
		return ""
	}
	path, err := b.cache.Made(ctx, "pch/"+key+".pch", func(path string) error {
		// The copy may be written again, with the same content.
		command := slices.Concat(args, []string{"-Xclang", "-fno-pch-timestamp", "-x", "c-header", source, "-o", path})
		_, err := toolchain.Run(ctx, b.project.Dir, clang.Path, command...)
		if err == nil {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		return ""
	}
	return path
}

// changesInput reports whether a flag has clang read something before the source, or read it as
// something else.
func changesInput(flag string) bool {
	for _, prefix := range []string{"-include", "-imacros", "-x", "-Xclang", "-emit-", "-fpch", "-E", "-S", "@"} {
		if strings.HasPrefix(flag, prefix) {
			return true
		}
	}
	return false
}

var (
	includes = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*(?:include|include_next|import|embed)\b`)
	guard    = regexp.MustCompile(`(?m)\A(?:\s|//.*\n|/\*(?s:.*?)\*/)*#[ \t]*ifndef[ \t]+(\w+)[ \t]*\n\s*#[ \t]*define[ \t]+(\w+)`)
)

// selfContained reports whether a header includes no other, and is not read twice: clang takes the
// precompiled one and the project's for two files.
func selfContained(header []byte) bool {
	m := guard.FindSubmatch(header)
	return m != nil && bytes.Equal(m[1], m[2]) && !includes.Match(header)
}

// mentions reports whether word is one of the words of text.
func mentions(text []byte, word string) bool {
	isWord := func(i int) bool {
		if i < 0 || i >= len(text) {
			return false
		}
		c := text[i]
		return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(word))
		if i < 0 {
			return false
		}
		at += i + len(word)
		if !isWord(at-len(word)-1) && !isWord(at) {
			return true
		}
	}
}

// tookOwn reports whether clang included the project's own header called name, and no other of its kind: it
// may have found another than was foreseen, or none.
func (m *made) tookOwn(name string) bool {
	found := 0
	for _, h := range m.headers {
		if filepath.Base(h) == vmlinuxName {
			found++
		}
	}
	return found == 1 && slices.Contains(m.headers, name) && !m.vmlinux
}
