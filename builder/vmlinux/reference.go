package vmlinux

// reference is a type that a declaration uses.
type reference struct {
	name  string
	isTag bool // of a struct, union or enum; else name may be a typedef
	// member is the name of a member that is a pointer to the struct or union and nothing but that; "" where
	// the type has to be complete, or the type is part of an array's or a function's type, whose BTF
	// has it (clang's BTFDebug::visitTypeEntry leaves out only what a member itself points to).
	member string
	// qualified is set with member where the pointer is to a const or volatile struct.
	qualified bool
}

// references returns what it refers to, once read.
func (it *item) references() []reference {
	it.once.Do(func() {
		if it.kind != enumItem {
			it.refs = references(it.text, it.kind == typedefItem)
		}
	})
	return it.refs
}

// references reads the declarations in text: those of members, or a typedef.
func references(text string, isTypedef bool) []reference {
	var refs []reference
	d := declarator{isTypedef: isTypedef}
	for i := 0; i < len(text); {
		if n := wordLen(text[i:]); n > 0 {
			d.word(text[i : i+n])
			i += n
			continue
		}
		switch text[i] {
		case '*':
			d.pointer = true
		case '(', '[':
			d.composed = true
		case ';', '{', '}':
			refs = d.end(refs)
		case '/': // the comment behind the declaration
			return refs
		}
		i++
	}
	return refs
}

// declarator is one declaration as far as it was read.
type declarator struct {
	isTypedef bool
	tags      []string
	words     []string
	keyword   bool // the last word was struct, union or enum
	enum      bool
	pointer   bool // there was a *
	composed  bool // an array or a function is part of it
	qualified bool // there was a const or volatile
}

func (d *declarator) word(w string) {
	switch {
	case w == "struct" || w == "union" || w == "enum":
		d.keyword = true
		d.enum = d.enum || w == "enum"
	case w == "const" || w == "volatile":
		d.qualified = true
	case d.keyword:
		d.keyword = false
		d.tags = append(d.tags, w)
	default:
		d.words = append(d.words, w)
	}
}

// end appends what the declaration refers to, and begins another.
func (d *declarator) end(refs []reference) []reference {
	member := ""
	if len(d.tags) == 1 && len(d.words) > 0 && d.pointer && !d.composed && !d.enum && !d.isTypedef {
		member = d.words[len(d.words)-1]
	}
	for _, tag := range d.tags {
		refs = append(refs, reference{name: tag, isTag: true, member: member, qualified: d.qualified && member != ""})
	}
	for _, w := range d.words {
		refs = append(refs, reference{name: w})
	}
	*d = declarator{isTypedef: d.isTypedef, tags: d.tags[:0], words: d.words[:0]}
	return refs
}
