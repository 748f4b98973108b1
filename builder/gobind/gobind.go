// Package gobind writes Go packages that hold an eBPF object: bpf2go's bindings of its programs, maps and variables, with types for
// keys, values and events, and functions that read and write them.
package gobind

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/build/constraint"
	"go/format"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/cmd/bpf2go/gen"
)

// Options tell Generate what to write.
type Options struct {
	Package string // its name
	Name    string // what the object is called in names: "opensnoop" gives LoadOpensnoop
	GoArch  string // GOARCH of the machines that the object is for
	Events  []Event
}

// Event is a ring or perf buffer whose records are of known type.
type Event struct {
	Map  string
	Type string // as C writes it: "struct event", "__u64"
}

// File is one that was generated.
type File struct {
	Name string // without folder
	Text []byte
}

// Generate returns the files of a package for object. notices say, a sentence each, what Go cannot hold as C does.
func Generate(object []byte, opts Options) (files []File, notices []string, err error) {
	if !token.IsIdentifier(opts.Package) || opts.Package == "_" {
		return nil, nil, fmt.Errorf("generate: %q is no name for a Go package", opts.Package)
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		return nil, nil, fmt.Errorf("generate: %w", err)
	}
	target, arches, err := gen.FindTarget(opts.GoArch)
	if err != nil {
		return nil, nil, fmt.Errorf("generate: %w", err)
	}
	g := &generator{spec: spec, opts: opts, stem: identifier(opts.Name), constraint: arches.Constraint(), refused: make(map[string]bool)}
	if !token.IsIdentifier(g.stem) {
		return nil, nil, fmt.Errorf("generate: %q is no name for Go; rename the target", opts.Name)
	}
	g.collectTypes()
	stem := strings.ToLower(strings.ReplaceAll(opts.Name, "-", "_")) + "_" + target.Suffix()
	bindings, err := g.bindings(stem + ".o")
	if err != nil {
		return nil, nil, err
	}
	typed, err := g.typed()
	if err != nil {
		return nil, nil, err
	}
	return []File{{stem + ".go", bindings}, {stem + ".o", object}, {stem + "_typed.go", typed}}, g.notices, nil
}

type generator struct {
	spec       *ebpf.CollectionSpec
	opts       Options
	stem       string
	constraint constraint.Expr
	types      []btf.Type
	refused    map[string]bool // names of types that Go cannot hold, which was told
	events     []event
	notices    []string
}

type event struct {
	Event
	goType string
}

// collectTypes finds the types that the package declares, without those that Go cannot.
func (g *generator) collectTypes() {
	for _, t := range gen.CollectGlobalTypes(g.spec) {
		g.add(t)
	}
	for _, e := range g.opts.Events {
		t := g.named(e.Type)
		if t == nil {
			g.notices = append(g.notices, fmt.Sprintf("%s: records of %s get no type, as it is not in the object's BTF", e.Map, e.Type))
			continue
		}
		name, ok := g.goType(t)
		if !ok && g.add(t) {
			name, ok = g.goType(t)
		}
		if ok {
			g.events = append(g.events, event{e, name})
		}
	}
}

// add declares t, unless Go has no way to. What it has another way for is told.
func (g *generator) add(t btf.Type) bool {
	if slices.ContainsFunc(g.types, func(have btf.Type) bool { return have.TypeName() == t.TypeName() }) {
		return true
	}
	if g.refused[t.TypeName()] {
		return false
	}
	t = g.withoutPointers(t)
	names := map[btf.Type]string{t: g.stem + identifier(t.TypeName())}
	f := &btf.GoFormatter{Names: names, Identifier: identifier}
	_, err := f.TypeDeclaration(names[t], t)
	for _, have := range g.types {
		if identifier(have.TypeName()) == identifier(t.TypeName()) {
			err = fmt.Errorf("its name would be %s, which is that of %s", names[t], have.TypeName())
		}
	}
	if err != nil {
		g.notices = append(g.notices, fmt.Sprintf("%s gets no Go type: %v", t.TypeName(), err))
		g.refused[t.TypeName()] = true
		return false
	}
	g.types = append(g.types, t)
	g.tell(t)
	return true
}

// withoutPointers returns t with addresses as numbers: Go must not take them for pointers of its own, and bpf2go refuses them.
func (g *generator) withoutPointers(t btf.Type) btf.Type {
	t = btf.Copy(t)
	name := t.TypeName()
	seen := make(map[btf.Type]bool)
	var walk func(place string, t *btf.Type)
	walk = func(place string, t *btf.Type) {
		if _, pointer := (*t).(*btf.Pointer); pointer {
			g.notices = append(g.notices, place+" is a pointer, which is a uint64 in Go: an address in the kernel or in another process")
			*t = &btf.Int{Name: "unsigned long", Size: 8, Encoding: btf.Unsigned}
			return
		}
		if seen[*t] {
			return
		}
		seen[*t] = true
		switch u := (*t).(type) {
		case *btf.Typedef:
			walk(place, &u.Type)
		case *btf.Const:
			walk(place, &u.Type)
		case *btf.Volatile:
			walk(place, &u.Type)
		case *btf.Restrict:
			walk(place, &u.Type)
		case *btf.TypeTag:
			walk(place, &u.Type)
		case *btf.Array:
			walk(place, &u.Type)
		case *btf.Struct:
			for i := range u.Members {
				walk(place+"."+cmp.Or(u.Members[i].Name, "(anonymous)"), &u.Members[i].Type)
			}
		case *btf.Union:
			for i := range u.Members {
				walk(place+"."+cmp.Or(u.Members[i].Name, "(anonymous)"), &u.Members[i].Type)
			}
		}
	}
	walk(name, &t)
	return t
}

// tell notes what is in t that Go has another way for.
func (g *generator) tell(t btf.Type) {
	s, ok := btf.UnderlyingType(t).(*btf.Struct)
	if !ok {
		return
	}
	for _, m := range s.Members {
		name := t.TypeName() + "." + cmp.Or(m.Name, "(anonymous)")
		if m.BitfieldSize > 0 {
			g.notices = append(g.notices, name+" is a bit field, which Go has not: its bytes are there without a name")
			continue
		}
		if _, union := btf.UnderlyingType(m.Type).(*btf.Union); union {
			g.notices = append(g.notices, name+" is a union, which Go has not: it is its first member, with bytes for the rest")
		}
		align, err := alignment(m.Type)
		if err == nil && m.Offset.Bytes()%uint32(align) != 0 {
			g.notices = append(g.notices, name+" is not aligned, as in a packed struct: the Go type has another layout in memory, and is read and written field by field")
		}
	}
}

// alignment returns what a value of t is aligned to.
func alignment(t btf.Type) (int, error) {
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Array:
		return alignment(t.Type)
	case *btf.Struct:
		return most(t.Members)
	case *btf.Union:
		return most(t.Members)
	default:
		n, err := btf.Sizeof(t)
		if err == nil && n == 0 {
			err = errors.New("it has no size")
		}
		return min(n, 8), err
	}
}

func most(members []btf.Member) (int, error) {
	largest := 1
	for _, m := range members {
		n, err := alignment(m.Type)
		if err != nil {
			return 0, err
		}
		largest = max(largest, n)
	}
	return largest, nil
}

// named returns the type that C calls name, or nil.
func (g *generator) named(name string) btf.Type {
	tag, bare, tagged := strings.Cut(name, " ")
	if !tagged {
		tag, bare = "", name
	}
	types, err := g.spec.Types.AnyTypesByName(bare)
	if err != nil {
		return nil
	}
	for _, t := range types {
		_, isStruct := t.(*btf.Struct)
		_, isUnion := t.(*btf.Union)
		switch {
		case tag == "struct" && isStruct, tag == "union" && isUnion, tag == "" && !isStruct && !isUnion:
			return t
		}
	}
	return nil
}

// goType returns the name of the Go type that stands for t. ok is false where none does.
func (g *generator) goType(t btf.Type) (name string, ok bool) {
	if t == nil {
		return "", false
	}
	bare := btf.QualifiedType(t)
	for _, have := range g.types {
		if have.TypeName() != "" && have.TypeName() == bare.TypeName() {
			return g.stem + identifier(have.TypeName()), true
		}
	}
	switch u := btf.UnderlyingType(t).(type) {
	case *btf.Int:
		if u.Encoding == btf.Bool {
			return "bool", u.Size == 1
		}
		sign := "u"
		if u.Encoding&btf.Signed != 0 {
			sign = ""
		}
		return fmt.Sprintf("%sint%d", sign, 8*u.Size), u.Size == 1 || u.Size == 2 || u.Size == 4 || u.Size == 8
	case *btf.Array:
		elem, ok := g.goType(u.Type)
		return fmt.Sprintf("[%d]%s", u.Nelems, elem), ok
	}
	return "", false
}

// bindings returns what bpf2go generates.
func (g *generator) bindings(object string) ([]byte, error) {
	var b bytes.Buffer
	variables := slices.Collect(maps.Keys(g.spec.Variables))
	names := slices.DeleteFunc(slices.Collect(maps.Keys(g.spec.Maps)), func(name string) bool { return strings.HasPrefix(name, ".") })
	err := gen.Generate(gen.GenerateArgs{
		Package:     g.opts.Package,
		Stem:        g.stem,
		Constraints: g.constraint,
		Maps:        names,
		Variables:   variables,
		Programs:    slices.Collect(maps.Keys(g.spec.Programs)),
		Types:       g.types,
		ObjectFile:  path.Base(object),
		Output:      &b,
		Identifier:  identifier,
	})
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return b.Bytes(), nil
}

// typed returns functions with types for maps and events.
func (g *generator) typed() ([]byte, error) {
	var body strings.Builder
	decodes := false
	for _, name := range slices.Sorted(maps.Keys(g.spec.Maps)) {
		m := g.spec.Maps[name]
		perCPU, ok := keyed[m.Type]
		key, keyOK := g.goType(m.Key)
		value, valueOK := g.goType(m.Value)
		if !ok || !keyOK || !valueOK || strings.HasPrefix(name, ".") {
			continue
		}
		if perCPU {
			value = "[]" + value // one a CPU
		}
		fmt.Fprintf(&body, `
// Lookup%[1]s returns the value of key in map %[2]s.
func (m *%[3]sMaps) Lookup%[1]s(key %[4]s) (value %[5]s, err error) {
	err = m.%[1]s.Lookup(key, &value)
	return value, err
}

// Update%[1]s sets the value of key in map %[2]s.
func (m *%[3]sMaps) Update%[1]s(key %[4]s, value %[5]s) error {
	return m.%[1]s.Put(key, value)
}
`, identifier(name), name, g.stem, key, value)
	}
	for _, e := range g.events {
		name := g.stem + identifier(e.Map)
		if g.severalOf(e.Map) {
			name += identifier(strings.TrimPrefix(strings.TrimPrefix(e.Type, "struct "), "union "))
		}
		decodes = true
		fmt.Fprintf(&body, `
// Decode%[1]s reads a record of %[2]s that is a %[3]s.
func Decode%[1]s(record []byte) (event %[4]s, err error) {
	err = binary.Read(bytes.NewReader(record), binary.NativeEndian, &event)
	return event, err
}
`, name, e.Map, e.Type, e.goType)
	}
	var b strings.Builder
	b.WriteString("// Code generated by ebpfx gen go; DO NOT EDIT.\n")
	if g.constraint != nil {
		fmt.Fprintf(&b, "//go:build %s\n", g.constraint)
	}
	fmt.Fprintf(&b, "\npackage %s\n", g.opts.Package)
	if decodes {
		b.WriteString("\nimport (\n\t\"bytes\"\n\t\"encoding/binary\"\n)\n")
	}
	b.WriteString(body.String())
	text, err := format.Source([]byte(b.String()))
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return text, nil
}

// severalOf reports whether a buffer has records of several types.
func (g *generator) severalOf(name string) bool {
	n := 0
	for _, e := range g.events {
		if e.Map == name {
			n++
		}
	}
	return n > 1
}

// keyed are the maps that have values by key, and whether for each CPU.
var keyed = map[ebpf.MapType]bool{
	ebpf.Hash: false, ebpf.LRUHash: false, ebpf.Array: false, ebpf.LPMTrie: false,
	ebpf.PerCPUHash: true, ebpf.LRUCPUHash: true, ebpf.PerCPUArray: true,
}

// identifier turns a name of C into one that Go exports: bytes_sent is BytesSent.
func identifier(name string) string {
	var b strings.Builder
	up := true
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			up = true
			continue
		}
		if up {
			r = unicode.ToUpper(r)
		}
		up = false
		b.WriteRune(r)
	}
	text := b.String()
	if first, _ := utf8.DecodeRuneInString(text); !unicode.IsUpper(first) {
		text = "X" + text
	}
	return text
}
