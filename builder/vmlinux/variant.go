package vmlinux

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// Variant tells how the merged header has to differ for a source that does not
// compile with it as it is. The zero Variant is no difference. The order of the
// names does not matter; they are kept sorted.
//
//	variant := vmlinux.Variant{}
//	for {
//		stderr, err := compile(variant.Apply(header))
//		next, ok := variant.Retry(header, stderr)
//		if !ok {
//			return stderr, err
//		}
//		variant = next
//	}
type Variant struct {
	// Own are tags of structs and unions which the source defines itself.
	Own []string
	// Enumerators are those which the source has in an enum of its own.
	Enumerators []string
	// Kfuncs are kernel functions which the source calls and does not declare.
	Kfuncs []string
}

// IsZero reports whether v is no difference.
func (v Variant) IsZero() bool { return v.size() == 0 }

func (v Variant) size() int { return len(v.Own) + len(v.Enumerators) + len(v.Kfuncs) }

// What clang 14 and newer say. Up to 15 a call without a declaration is a warning,
// and leaves an object that cannot be loaded.
var (
	escapes      = regexp.MustCompile(`\x1b\[[0-9;]*[mK]`)
	redefinition = regexp.MustCompile(`error: redefinition of '([A-Za-z_]\w*)'`)
	enumerator   = regexp.MustCompile(`error: redefinition of enumerator '([A-Za-z_]\w*)'`)
	undeclared   = regexp.MustCompile(`(?:error|warning): (?:use of undeclared identifier|call to undeclared function|implicit declaration of function) '([A-Za-z_]\w*)'`)
)

// Retry returns the variant of header that a source should be compiled with after
// clang printed stderr for it with v. It reports false when header is not to blame;
// each true adds a name, so a loop over it ends.
func (v Variant) Retry(header, stderr []byte) (Variant, bool) {
	stderr = escapes.ReplaceAll(stderr, nil)
	next := v
	for _, match := range redefinition.FindAllSubmatch(stderr, -1) {
		tag := string(match[1])
		if bytes.Contains(header, []byte("\nstruct "+tag+" {\n")) || bytes.Contains(header, []byte("\nunion "+tag+" {\n")) {
			next.Own = with(next.Own, tag)
		}
	}
	for _, match := range enumerator.FindAllSubmatch(stderr, -1) {
		name := string(match[1])
		if bytes.Contains(header, []byte("\n\t"+name+" = ")) {
			next.Enumerators = with(next.Enumerators, name)
		}
	}
	for _, match := range undeclared.FindAllSubmatch(stderr, -1) {
		if name := string(match[1]); prototype(header, name) != nil {
			next.Kfuncs = with(next.Kfuncs, name)
		}
	}
	return next, next.size() > v.size()
}

// with returns names, sorted, with name among them.
func with(names []string, name string) []string {
	i, found := slices.BinarySearch(names, name)
	if found {
		return names
	}
	return slices.Insert(slices.Clone(names), i, name)
}

// prototype returns the line that declares a kernel function, nil if header has none.
func prototype(header []byte, name string) []byte {
	for line := range bytes.Lines(kfuncs(header)) {
		if i := bytes.Index(line, []byte(name+"(")); i > 0 && (line[i-1] == ' ' || line[i-1] == '*') {
			return line
		}
	}
	return nil
}

// kfuncs returns the prototypes of header that are off unless a macro is defined.
func kfuncs(header []byte) []byte {
	_, block, _ := bytes.Cut(header, []byte("\n#ifdef VMLINUX_KFUNCS\n"))
	if end := bytes.Index(block, []byte("#endif\n")); end >= 0 {
		block = block[:end]
	}
	return block
}

// Apply returns header changed as v says. It leaves header itself alone.
//
// A struct that the source defines is renamed where header defines it and where
// another struct holds it; the new name ends in ___vmlinux, which CO-RE ignores.
// Pointers keep the name, and so point to what the source means by it. An enumerator of the source's own gives
// way likewise.
func (v Variant) Apply(header []byte) []byte {
	out := slices.Clone(header)
	if len(v.Own) > 0 {
		out = renameTags(out, v.Own)
	}
	for _, name := range v.Enumerators {
		out = bytes.ReplaceAll(out, []byte("\n\t"+name+" = "), []byte("\n\t"+name+"___vmlinux = "))
	}
	var prototypes []byte
	for _, name := range v.Kfuncs {
		prototypes = append(prototypes, prototype(out, name)...)
	}
	if len(prototypes) > 0 {
		end := bytes.LastIndex(out, []byte("#endif /* __VMLINUX_H__ */"))
		if end < 0 {
			end = len(out)
		}
		out = slices.Insert(out, end, prototypes...)
	}
	return out
}

// renameTags moves the definitions of tags, and the uses that need them, out of the
// source's way.
func renameTags(header []byte, tags []string) []byte {
	var out bytes.Buffer
	_, body, guarded := bytes.Cut(header, []byte("#define __VMLINUX_H__\n"))
	if !guarded {
		body = header
	}
	out.Write(header[:len(header)-len(body)])
	for _, tag := range tags {
		word := "struct"
		if bytes.Contains(header, []byte("\nunion "+tag+" {\n")) {
			word = "union"
		}
		// A tag that a parameter list came to first would be local to it.
		out.WriteString("\n" + word + " " + tag + ";\n")
	}
	use := regexp.MustCompile(`\b(?:struct|union) (?:` + strings.Join(tags, "|") + `)\b`)
	done := 0
	for _, at := range use.FindAllIndex(body, -1) {
		after := body[at[1]:]
		if bytes.HasPrefix(after, []byte(";")) || bytes.HasPrefix(after, []byte(" *")) {
			continue
		}
		out.Write(body[done:at[1]])
		out.WriteString("___vmlinux")
		done = at[1]
	}
	out.Write(body[done:])
	return out.Bytes()
}
