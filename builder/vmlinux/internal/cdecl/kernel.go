package cdecl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// kernel is what one kernel declares, by the namespaces of C. A name may stand for
// several types, as each source file of the kernel has its own.
type kernel struct {
	tags     map[string][]btf.Type // complete structs, unions and enums
	typedefs map[string][]*btf.Typedef
	enums    []*btf.Enum // without a tag
	kfuncs   []*btf.Func
}

// index sorts the types of spec by what declares them. Types that C cannot name,
// such as Rust's, are left out.
func index(spec *btf.Spec) (*kernel, error) {
	k := &kernel{tags: make(map[string][]btf.Type), typedefs: make(map[string][]*btf.Typedef)}
	nesting := make(nesting)
	for typ, err := range spec.All() {
		if err != nil {
			return nil, fmt.Errorf("read types: %w", err)
		}
		if err := nesting.check(typ); err != nil {
			return nil, err
		}
		if err := checkSize(typ); err != nil {
			return nil, err
		}
		k.add(typ)
	}
	return k, nil
}

// maxSize is far above any struct of a kernel, in bytes.
const maxSize = 1 << 24

// checkSize refuses a struct or union that is too large to pad, or one with a member
// outside of it.
func checkSize(typ btf.Type) error {
	size := sizeOf(typ)
	if size > maxSize {
		return fmt.Errorf("read types: %v is larger than %d bytes", typ, maxSize)
	}
	for _, m := range membersOf(typ) {
		if uint64(m.Offset)+uint64(m.BitfieldSize) > 8*uint64(size) {
			return fmt.Errorf("read types: %v has its member %q outside", typ, m.Name)
		}
	}
	return nil
}

func (k *kernel) add(typ btf.Type) {
	name := typ.TypeName()
	switch typ := typ.(type) {
	case *btf.Struct, *btf.Union:
		if isIdentifier(name) {
			k.tags[name] = append(k.tags[name], typ)
		}
	case *btf.Enum:
		if name == "" {
			k.enums = append(k.enums, typ)
		} else if isIdentifier(name) && len(typ.Values) > 0 {
			k.tags[name] = append(k.tags[name], typ)
		}
	case *btf.Typedef:
		// The compiler declares va_list's type itself.
		if isIdentifier(name) && name != vaList {
			k.typedefs[name] = append(k.typedefs[name], typ)
		}
	case *btf.Func:
		// pahole tags them since 6.10: Documentation/bpf/kfuncs.rst.
		if isIdentifier(name) && slices.Contains(typ.Tags, "bpf_kfunc") {
			k.kfuncs = append(k.kfuncs, typ)
		}
	}
}

// vaList is a struct on x86 and a pointer for the bpf target.
const vaList = "__builtin_va_list"

var errNesting = errors.New("a type contains itself without a name in between")

// nesting refuses types that could not have come from C: ones which lead back to
// themselves without passing a tagged struct or union. What follows relies on it
// to end. A type is false while it is looked at and true when it was found good.
type nesting map[btf.Type]bool

func (n nesting) check(typ btf.Type) error {
	if good, ok := n[typ]; ok {
		if !good {
			return fmt.Errorf("%w: %v", errNesting, typ)
		}
		return nil
	}
	n[typ] = false
	for _, child := range nested(typ) {
		if err := n.check(child); err != nil {
			return err
		}
	}
	n[typ] = true
	return nil
}

// nested returns the types that the declaration of typ spells out.
func nested(typ btf.Type) []btf.Type {
	var types []btf.Type
	add := func(typ btf.Type) {
		if !isTagged(typ) {
			types = append(types, typ)
		}
	}
	switch typ := typ.(type) {
	case *btf.Pointer:
		add(typ.Target)
	case *btf.Array:
		add(typ.Type)
	case *btf.Typedef:
		add(typ.Type)
	case *btf.FuncProto:
		add(typ.Return)
		for _, p := range typ.Params {
			add(p.Type)
		}
	case *btf.Struct, *btf.Union:
		for _, m := range membersOf(typ) {
			if inner := spelledOut(m); inner != nil {
				types = append(types, inner)
			} else {
				add(m.Type)
			}
		}
	default:
		if inner, ok := qualified(typ); ok {
			add(inner)
		}
	}
	return types
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords are the words of C, up to C23, that a kernel's types may have as a name.
var keywords = set(`
	auto break case char const continue default do double else enum extern float for
	goto if inline int long register restrict return short signed sizeof static struct
	switch typedef union unsigned void volatile while asm typeof
	alignas alignof bool constexpr false nullptr static_assert thread_local true
	typeof_unqual`)

func set(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

func isIdentifier(s string) bool { return identifier.MatchString(s) && !keywords[s] }
