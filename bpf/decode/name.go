package decode

import (
	"strconv"
	"unicode"

	"github.com/cilium/ebpf/btf"
)

// typeName returns t as C writes it, without qualifiers and without the name of a variable:
// "struct event", "__u32", "char *", "int[2][3]". Types without a name are "struct {...}".
func typeName(t btf.Type) string {
	name, dims := declarator(t, 0)
	return string(AppendPlain(nil, []byte(name+dims)))
}

// declarator returns the parts of a C declaration that stand before and behind
// the name that it declares.
func declarator(t btf.Type, depth int) (before, behind string) {
	if depth > maxDepth {
		return "...", ""
	}
	switch t := t.(type) {
	case *btf.Const, *btf.Volatile, *btf.Restrict, *btf.TypeTag:
		next, _ := unwrap(t)
		return declarator(next, depth+1)
	case *btf.Pointer:
		before, behind = declarator(t.Target, depth+1)
		switch {
		case before[len(before)-1] == '*':
			return before + "*", behind
		case behind != "":
			return before + " (*", ")" + behind
		}
		return before + " *", ""
	case *btf.Array:
		before, behind = declarator(t.Type, depth+1)
		dim := "[]"
		if t.Nelems > 0 {
			dim = "[" + strconv.FormatUint(uint64(t.Nelems), 10) + "]"
		}
		return before, dim + behind
	case *btf.FuncProto:
		before, behind = declarator(t.Return, depth+1)
		return before, "()" + behind
	case *btf.Struct:
		return tagged("struct", t.Name), ""
	case *btf.Union:
		return tagged("union", t.Name), ""
	case *btf.Enum:
		return tagged("enum", t.Name), ""
	case *btf.Fwd:
		return tagged(t.Kind.String(), t.Name), ""
	case nil, *btf.Void:
		return "void", ""
	}
	if name := t.TypeName(); name != "" {
		return name, ""
	}
	return "unnamed type", ""
}

func tagged(keyword, tag string) string {
	if tag == "" {
		return keyword + " {...}"
	}
	return keyword + " " + tag
}

// isIdentifier says whether name can be printed as it is, in text and in JSON. The
// kernel refuses to load BTF with other names (btf_name_valid_identifier in kernel/bpf/btf.c).
func isIdentifier(name string) bool {
	for _, r := range name {
		if r != '_' && r != '.' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}
