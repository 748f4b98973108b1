package executable

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// Pattern names one function or many: "malloc", "memcpy@GLIBC_2.2.5", "str*", "/^ssl_(read|write)$/".
type Pattern struct {
	text    string
	name    string         // where it is one
	version string         // of that; "" for any
	many    *regexp.Regexp // nil where it is one
}

// ParsePattern reads a pattern. In a glob, * stands for anything, ? for one character, [a-z] for one of several. A regular expression
// stands between slashes and may match anywhere in a name.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text}
	if IsExpression(text) {
		var err error
		if p.many, err = regexp.Compile(text[1 : len(text)-1]); err != nil {
			var malformed *syntax.Error
			if errors.As(err, &malformed) {
				err = errors.New(malformed.Code.String())
			}
			return p, fmt.Errorf("the regular expression %s is malformed: %w", text, err)
		}
		return p, nil
	}
	if strings.ContainsAny(text, "*?[") {
		var err error
		if p.many, err = compileGlob(text); err != nil {
			return p, fmt.Errorf("the pattern %s is malformed", text)
		}
		return p, nil
	}
	name, version, ok := strings.Cut(text, "@")
	p.name, p.version = name, strings.TrimPrefix(version, "@")
	if name == "" || ok && p.version == "" {
		return p, fmt.Errorf(`%q is no function, which is written "name" or "name@VERSION"`, text)
	}
	return p, nil
}

// IsExpression reports whether text is a regular expression between slashes.
func IsExpression(text string) bool {
	return len(text) > 2 && text[0] == '/' && text[len(text)-1] == '/'
}

// compileGlob makes a regular expression of a glob. In names of Go functions there are slashes, which * stands for, too.
func compileGlob(glob string) (*regexp.Regexp, error) {
	var re strings.Builder
	re.WriteString("^(?:")
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			re.WriteString(".*")
		case '?':
			re.WriteString(".")
		case '[':
			end := strings.IndexByte(glob[i:], ']')
			if end < 0 {
				return nil, errors.New("a bracket does not close")
			}
			class := glob[i+1 : i+end]
			if not, ok := strings.CutPrefix(class, "!"); ok {
				class = "^" + not
			}
			re.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	re.WriteString(")$")
	return regexp.Compile(re.String())
}

// Many reports whether p may stand for several functions.
func (p Pattern) Many() bool { return p.many != nil }

// String returns p as it was written.
func (p Pattern) String() string { return p.text }

// Match reports whether p stands for name.
func (p Pattern) Match(name string) bool {
	if p.many != nil {
		return p.many.MatchString(name)
	}
	return p.name == name
}

// NoFunctionError is about a pattern that nothing matches.
type NoFunctionError struct {
	File    string
	Pattern Pattern
}

func (e *NoFunctionError) Error() string {
	if e.Pattern.Many() {
		return fmt.Sprintf("%s has no function that matches %s", e.File, e.Pattern)
	}
	return fmt.Sprintf("%s has no symbol %s", e.File, e.Pattern.name)
}

// ImportError is about a function that a file takes from a library.
type ImportError struct {
	File     string
	Function string
	Library  Location // that has it, as the dynamic loader finds it; the zero Location where none has
}

func (e *ImportError) Error() string {
	if e.Library.Name == "" {
		return fmt.Sprintf("%s takes %s from a library; attach to that", e.File, e.Function)
	}
	return fmt.Sprintf("%s takes %s from %s", e.File, e.Function, e.Library.Name)
}

// Select returns the functions of f that p stands for, each place in the file once, in the order of the file.
func (f *File) Select(p Pattern) ([]Function, error) {
	if err := f.readSymbols(); err != nil {
		return nil, err
	}
	var found []Function
	for _, fn := range f.functions {
		if p.Match(fn.Name) && (!p.Many() || !fn.indirect && fn.precedence != untyped) {
			found = append(found, fn)
		}
	}
	if p.Many() {
		if len(found) == 0 {
			return nil, &NoFunctionError{f.Name, p}
		}
		slices.SortStableFunc(found, func(a, b Function) int { return cmp.Compare(a.Offset, b.Offset) })
		return slices.CompactFunc(found, func(a, b Function) bool { return a.Offset == b.Offset }), nil
	}
	fn, err := f.choose(p, found)
	if err != nil {
		return nil, err
	}
	return []Function{fn}, nil
}

// choose returns the function that is meant of those called as p says.
func (f *File) choose(p Pattern, found []Function) (Function, error) {
	if len(found) == 0 {
		if f.imports[p.name] {
			return Function{}, &ImportError{File: f.Name, Function: p.name, Library: f.provider(p.name)}
		}
		return Function{}, &NoFunctionError{f.Name, p}
	}
	if p.version != "" {
		var versions []string
		versioned := slices.DeleteFunc(slices.Clone(found), func(fn Function) bool {
			if fn.Version != "" && !slices.Contains(versions, fn.Version) {
				versions = append(versions, fn.Version)
			}
			return fn.Version != p.version
		})
		if len(versioned) == 0 && len(versions) == 0 {
			return Function{}, fmt.Errorf("%s of %s has no versions", p.name, f.Name)
		}
		if len(versioned) == 0 {
			return Function{}, fmt.Errorf("%s of %s has no version %s (there is: %s)", p.name, f.Name, p.version, near.List(versions, "and"))
		}
		found = versioned
	}
	best := slices.MaxFunc(found, compareFunctions)
	if best.indirect {
		return Function{}, fmt.Errorf("which code runs as %s of %s is chosen when a process starts; attach to one of its variants, by symbol or by offset", p, f.Name)
	}
	var others []string
	for _, fn := range found {
		if fn.Offset != best.Offset && compareFunctions(fn, best) == 0 {
			others = append(others, fmt.Sprintf("%#x", fn.Offset))
		}
	}
	if len(others) > 0 {
		all := append([]string{fmt.Sprintf("%#x", best.Offset)}, others...)
		return Function{}, fmt.Errorf("%s has %d functions called %s; name one by its offset: %s", f.Name, len(all), p, near.List(all, "or"))
	}
	return best, nil
}

// compareFunctions tells which of two of one name is meant.
func compareFunctions(a, b Function) int {
	visible := func(fn Function) int {
		if fn.Hidden {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.precedence, b.precedence), cmp.Compare(visible(a), visible(b)))
}

// provider returns the library of those that f needs that defines a function.
func (f *File) provider(function string) Location {
	needed, err := f.ELF.ImportedLibraries()
	if err != nil {
		return Location{}
	}
	for _, name := range needed {
		if l, ok := f.needed(name); ok && slices.Contains(l.Symbols(), function) {
			return l
		}
	}
	return Location{}
}

// needed finds a library as the dynamic loader would for f (ld.so(8)).
func (f *File) needed(name string) (Location, bool) {
	fs := finder{root: f.location.root}
	origin := filepath.Dir(f.Name)
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		lists, err := f.ELF.DynString(tag)
		if err != nil {
			continue
		}
		for _, dir := range filepath.SplitList(strings.Join(lists, ":")) {
			dir = strings.NewReplacer("$ORIGIN", origin, "${ORIGIN}", origin).Replace(dir)
			if path := filepath.Join(dir, name); filepath.IsAbs(path) && fs.native(path) {
				return fs.at(path), true
			}
		}
	}
	l, err := fs.find(name)
	return l, err == nil
}
