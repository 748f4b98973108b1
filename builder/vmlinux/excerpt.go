package vmlinux

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Need is what a source and the headers that it includes, vmlinux.h aside, say of the types that
// they use. Words that name nothing in the header are of no concern.
type Need struct {
	// Words are all identifiers: typedefs, enumerators, members.
	Words map[string]bool
	// Tags are what follows struct, union and enum.
	Tags map[string]bool
	// Mentioned are identifiers and tags in declarations that nobody uses: what they name
	// has to be declared, but nothing needs to be known of structs among it.
	Mentioned map[string]bool
}

// Absent is the one member of each struct that an excerpt has only the size of.
const Absent = "ebpfx_absent"

// Excerpt returns a header that has what a source needs and for which it compiles to the same code and
// BTF as with the whole header, many times faster: what takes clang's time is to parse
// 3 MB and, for debug information, to follow every pointer from a task_struct to all of the kernel.
//
// A struct is whole if the source names it, if it is part of another that is whole, if a function pointer of
// one takes it (its BTF is part of theirs then), or if a member that points to it is called by
// a word of the source, or if several members point to it as const, which newer versions of clang take for more
// (BTFDebug::visitTypeEntry, where it comes to a type that it knows). What other members point to is a struct of the same size and alignment with no
// member but [Absent]: clang's BTF has a forward declaration of it either way. So a
// need that words do not show, such as the name of a member that a macro pastes together, has one of three
// outcomes: the size is right, clang reports an error, or Absent is in the object's BTF. In the last two cases
// the source is to be compiled with the whole header.
//
// v tells how the header has to differ for the source; the excerpt differs likewise.
//
// It reports false where the source asks for the prototypes of all kernel functions.
func (x *Index) Excerpt(need Need, v Variant) (text []byte, ok bool) {
	if need.Words[kfuncsMacro] {
		return nil, false
	}
	e := &excerpt{
		index:  x,
		words:  need.Words,
		whole:  make(map[*item]bool),
		absent: make(map[*item]bool),
		once:   make(map[string]bool),
		ahead:  make(map[string]bool),
	}
	for word := range need.Words {
		e.take(x.names[word])
	}
	for tag := range need.Tags {
		e.takeTag(tag)
	}
	for word := range need.Mentioned {
		e.take(x.names[word])
		e.point(word)
	}
	for _, name := range v.Kfuncs {
		if line := prototype([]byte(x.kfuncs), name); line != nil {
			e.kfuncs = append(e.kfuncs, string(line))
			e.follow(&item{kind: typedefItem, text: string(line)})
		}
	}
	for len(e.queue) > 0 {
		it := e.queue[len(e.queue)-1]
		e.queue = e.queue[:len(e.queue)-1]
		e.follow(it)
	}
	text = e.text()
	if !v.IsZero() {
		text = v.Apply(text)
	}
	return text, true
}

// excerpt is one excerpt in the making.
type excerpt struct {
	index  *Index
	words  map[string]bool
	whole  map[*item]bool
	absent map[*item]bool  // structs and unions to be there in size only, unless they are whole
	once   map[string]bool // tags that a member points to as const or volatile
	ahead  map[string]bool // "struct x" that is declared before all else, as a parameter list would be too late
	queue  []*item         // whole items whose references were not followed yet
	kfuncs []string        // prototypes, to be found by Variant.Apply
}

func (e *excerpt) take(it *item) {
	if it != nil && !e.whole[it] {
		e.whole[it] = true
		e.queue = append(e.queue, it)
	}
}

// takeTag takes what a tag stands for, or declares it as the header does that knows no more of it.
func (e *excerpt) takeTag(tag string) {
	if it := e.index.tags[tag]; it != nil {
		if it.keyword != "" {
			e.ahead[it.keyword+" "+tag] = true
		}
		e.take(it)
	} else if keyword := e.index.opaque(tag); keyword != "" {
		e.ahead[keyword+" "+tag] = true
	}
}

// point takes note that something points to what a tag stands for.
func (e *excerpt) point(tag string) {
	it := e.index.tags[tag]
	if it == nil || it.keyword == "" || it.size < 0 {
		e.takeTag(tag)
		return
	}
	e.ahead[it.keyword+" "+tag] = true
	e.absent[it] = true
}

func (e *excerpt) follow(it *item) {
	for _, r := range it.references() {
		switch {
		case !r.isTag:
			if named := e.index.names[r.name]; named != nil && named.kind == typedefItem {
				e.take(named)
			}
		case r.member != "" && !e.words[r.member] && !(r.qualified && e.once[r.name]):
			e.point(r.name)
			if r.qualified {
				e.once[r.name] = true
			}
		default:
			e.takeTag(r.name)
		}
	}
}

func (e *excerpt) text() []byte {
	var out bytes.Buffer
	opened := false
	for _, it := range e.index.items {
		if it.kind == kfuncsItem {
			fmt.Fprintf(&out, "#ifdef %s\n%s#endif\n\n", kfuncsMacro, strings.Join(e.kfuncs, ""))
			continue
		}
		// Ahead of what gives structs their relocations: one that the source defines itself would have them, too.
		if !opened && (it.kind != directiveItem || strings.Contains(it.text, "#pragma clang attribute push")) {
			opened = true
			e.open(&out)
		}
		switch {
		case it.kind == directiveItem || e.whole[it]:
			fmt.Fprintf(&out, "%s\n\n", it.text)
		case e.absent[it]:
			fmt.Fprintf(&out, "%s %s { char %s[%d]; } __attribute__((aligned(%d)));\n\n", it.keyword, it.name, Absent, it.size, it.align)
		}
	}
	return out.Bytes()
}

// open writes what comes before the first declaration.
func (e *excerpt) open(out *bytes.Buffer) {
	tags := make([]string, 0, len(e.ahead))
	for tag := range e.ahead {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		fmt.Fprintf(out, "%s;\n", tag)
	}
	out.WriteByte('\n')
}
