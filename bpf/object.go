package bpf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/flow"
	"github.com/ebpfx/ebpfx/bpf/internal/foreign"
	"github.com/ebpfx/ebpfx/bpf/internal/kconfig"
	"github.com/ebpfx/ebpfx/bpf/internal/mend"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// Object is an eBPF object file that was read but not loaded. It is not safe for concurrent use.
type Object struct {
	name     string // of the file
	license  string
	spec     *ebpf.CollectionSpec
	programs []Program
	streams  []*StreamInfo
	maps     []*MapInfo // nil until Maps

	bigEndian    map[flow.Sent]bool // nil until bigEndianPlaces
	externs      []kconfig.Variable
	ksyms        ksyms
	undefined    map[string]bool   // symbols that another file of the same program defines
	declaredMaps []string          // those of undefined that are maps
	notices      []string          // what Load passes to LoadOptions.Notice
	pins         map[string]string // paths of maps, by SetMap
	hasBTF       bool              // always, save for one that is only inspected
	foreign      bool              // it is for machines of the other byte order, and only inspected
	// excerpt returns the kernel's types that programs are relocated by, and waits until they are there; nil where all of the kernel's are needed.
	excerpt func() *btf.Spec
}

// Program describes one program of an object.
type Program struct {
	Name    string
	Section string // ELF section as written
	Kind    string // see Kinds; "" when the section says nothing
	Target  string // what the section names to attach to; "" when it names nothing
}

// Open reads the object at path. It neither needs privileges nor changes anything in the kernel; where programs are relocated (CO-RE), it
// begins to look up the kernel's types, for Load to have them sooner.
func Open(path string) (*Object, error) {
	b, err := readObject(path)
	if err != nil {
		return nil, err
	}
	return open(path, b)
}

// errNoBTF is why an object is of no use that does not describe its types.
var errNoBTF = errors.New("it holds no BTF, which describes its types; compile it with clang -g")

// Inspect reads the object at path and describes it. Unlike Open it takes objects without BTF, those for machines of the other byte order,
// and those that need maps of another file.
func Inspect(path string) (*Description, error) {
	b, err := readObject(path)
	if err != nil {
		return nil, err
	}
	l, err := readLayout(b)
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", path, err)
	}
	isForeign := foreign.Is(b)
	if isForeign {
		if b, err = foreign.Turn(b); err != nil {
			return nil, fmt.Errorf("open object %s: %w", path, err)
		}
	}
	b, facts, err := mended(path, b)
	if err != nil {
		return nil, err
	}
	o, err := read(path, b, l, facts)
	if err != nil {
		return nil, err
	}
	o.foreign = isForeign
	return o.Describe(), nil
}

func readObject(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open object: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open object: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("open object %s: it is a folder", path)
	}
	b, err := readLimited(f)
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", path, err)
	}
	return b, nil
}

// OpenReader reads an object from r. name stands for it in errors.
func OpenReader(name string, r io.Reader) (*Object, error) {
	b, err := readLimited(r)
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", name, err)
	}
	return open(name, b)
}

func readLimited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxObject+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxObject {
		return nil, fmt.Errorf("it is larger than %d MB", maxObject>>20)
	}
	return b, nil
}

// open takes ownership of b.
func open(name string, b []byte) (*Object, error) {
	l, err := readLayout(b)
	if err == nil {
		err = checkOrder(b)
	}
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", name, err)
	}
	b, facts, err := mended(name, b)
	if err != nil {
		return nil, err
	}
	if len(facts.DeclaredMaps) > 0 { // libbpf refuses such an object as well
		return nil, fmt.Errorf("open object %s: map %s is only declared in it; build it together with the file that defines the map: "+
			"add_files takes several", name, facts.DeclaredMaps[0])
	}
	excerpt := startExcerpt(facts.Relocated, l.programs)
	o, err := read(name, b, l, facts)
	if err == nil && !o.hasBTF {
		err = fmt.Errorf("open object %s: %w", name, errNoBTF)
	}
	if err != nil {
		return nil, err
	}
	o.excerpt = excerpt
	return o, nil
}

// mended returns b with what cilium/ebpf would not take mended, and the types of events in its BTF. It takes ownership of b.
func mended(name string, b []byte) ([]byte, *mend.Facts, error) {
	// Damaged debug information is no reason not to run what it describes.
	if typed, err := KeepEventTypes(b); err == nil {
		b = typed
	}
	facts, err := mend.Object(b)
	if err != nil {
		return nil, nil, fmt.Errorf("open object %s: %w", name, err)
	}
	return b, facts, nil
}

// read is open for objects that may lack BTF, once they are mended. l is the layout of b.
func read(name string, b []byte, l *layout, facts *mend.Facts) (*Object, error) {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(b))
	if err != nil && !l.hasBTF {
		err = errNoBTF // it says what its maps are
	}
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", name, err)
	}
	mendHidden(spec.Programs, facts.Hidden)
	if spec.Types == nil {
		if spec.Types, err = noTypes(); err != nil {
			return nil, fmt.Errorf("open object %s: %w", name, err)
		}
	}
	o := &Object{name: name, license: l.license, spec: spec, hasBTF: l.hasBTF, ksyms: facts.Kernel, undefined: facts.Undefined, declaredMaps: facts.DeclaredMaps}
	for _, m := range mendMaps(spec.Maps) {
		o.notices = append(o.notices, sizeNotice(spec.Maps[m], m))
	}
	if err := o.linkKconfig(facts.Weak); err != nil {
		return nil, fmt.Errorf("open object %s: %w", name, err)
	}
	o.listPrograms(l)
	o.listStreams(l)
	return o, nil
}

// noTypes stands for the types of an object without BTF.
func noTypes() (*btf.Spec, error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, err
	}
	return b.Spec()
}

func (o *Object) listPrograms(l *layout) {
	for name, p := range o.spec.Programs {
		kind, target := splitSection(p.SectionName)
		program := Program{Name: name, Section: p.SectionName, Target: target}
		if kind != nil {
			program.Kind = kind.name
		}
		o.programs = append(o.programs, program)
	}
	slices.SortFunc(o.programs, func(a, b Program) int {
		return l.compare(l.functions, a.Name, b.Name)
	})
}

// compare orders names by where at says they lie, and then by name.
func (l *layout) compare(at map[string]position, a, b string) int {
	p, q := at[a], at[b]
	switch {
	case p.before(q):
		return -1
	case q.before(p):
		return 1
	}
	return cmp.Compare(a, b)
}

// Programs returns the programs in the order of the file.
func (o *Object) Programs() []Program { return slices.Clone(o.programs) }

func (o *Object) program(name string) (Program, bool) {
	i := slices.IndexFunc(o.programs, func(p Program) bool { return p.Name == name })
	if i < 0 {
		return Program{}, false
	}
	return o.programs[i], true
}

// Type returns the struct, union, enum or typedef called name from the object's BTF. The word struct, union or enum
// may stand before it.
func (o *Object) Type(name string) (*decode.Type, error) {
	t, err := o.btfType(name)
	if err != nil {
		return nil, err
	}
	layout, err := decode.New(t)
	if err != nil {
		return nil, fmt.Errorf("read type %s: %w", name, err)
	}
	return layout, nil
}

func (o *Object) btfType(name string) (btf.Type, error) {
	tag, bare, tagged := strings.Cut(strings.TrimSpace(name), " ")
	if !tagged {
		tag, bare = "", tag
	}
	bare = strings.TrimSpace(bare)
	candidates, err := o.spec.Types.AnyTypesByName(bare)
	if err != nil && !errors.Is(err, btf.ErrNotFound) {
		return nil, fmt.Errorf("read type %s: %w", name, err)
	}
	for _, t := range candidates {
		var kind string
		switch t.(type) {
		case *btf.Struct:
			kind = "struct"
		case *btf.Union:
			kind = "union"
		case *btf.Enum:
			kind = "enum"
		case *btf.Typedef:
		default:
			continue
		}
		if tag == "" || tag == kind {
			return t, nil
		}
	}
	return nil, fmt.Errorf("no type named %s in %s%s", name, o.name, near.Hint(near.Names(bare, o.typeNames())))
}

// typeNames returns the names of the structs, unions, enums and typedefs of the object.
func (o *Object) typeNames() []string {
	var names []string
	for t, err := range o.spec.Types.All() {
		if err != nil {
			break
		}
		switch t.(type) {
		case *btf.Struct, *btf.Union, *btf.Enum, *btf.Typedef:
			names = append(names, t.TypeName())
		}
	}
	return names
}

// Enumerators returns every enumerator of the object's BTF by name. Those of unsigned
// 64-bit enums are in two's complement.
func (o *Object) Enumerators() map[string]int64 {
	all := make(map[string]int64)
	for t, err := range o.spec.Types.All() {
		if err != nil {
			break
		}
		if enum, ok := t.(*btf.Enum); ok {
			for _, v := range enum.Values {
				all[v.Name] = enumerator(enum, v.Value)
			}
		}
	}
	return all
}

// enumerator sign-extends the value of an enum, which BTF keeps in as many bits as the enum has.
func enumerator(e *btf.Enum, v uint64) int64 {
	if e.Signed && e.Size < 8 {
		shift := 64 - 8*e.Size
		return int64(v<<shift) >> shift
	}
	return int64(v)
}
