package vmlinux

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// kfuncsMacro is what a source defines to have the prototypes of kernel functions.
const kfuncsMacro = "VMLINUX_KFUNCS"

// Index knows where in a header what is declared, for excerpts of it. Several goroutines may use it.
type Index struct {
	items  []*item
	tags   map[string]*item // of structs, unions and enums
	names  map[string]*item // of typedefs and enumerators
	kfuncs string           // the text of the prototypes, in the form that prototype reads

	opaqueOnce sync.Once
	opaqueTags map[string]string // keyword of each tag that the header mentions and does not define
}

// NewIndex reads a header that [Header] or [Print] made. Others are refused.
func NewIndex(header []byte) (*Index, error) {
	text := string(header)
	if !strings.HasPrefix(text, "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n") {
		return nil, errors.New("index vmlinux.h: it was not made by this package")
	}
	x := &Index{tags: make(map[string]*item), names: make(map[string]*item)}
	for text != "" {
		var part string
		part, text, _ = strings.Cut(text, "\n\n")
		it, err := parseItem(part)
		if err != nil {
			return nil, fmt.Errorf("index vmlinux.h: %w", err)
		}
		x.add(it)
	}
	return x, nil
}

// itemKind tells what an item declares.
type itemKind uint8

const (
	directiveItem itemKind = iota // lines for the preprocessor, and what they enclose
	kfuncsItem                    // kernel functions' prototypes, with the #ifdef around them
	aheadItem                     // "struct x;"
	recordItem
	enumItem
	typedefItem
)

// item is one declaration of a header.
type item struct {
	kind    itemKind
	text    string // with its semicolon
	name    string // tag of a record or enum, name of a typedef
	keyword string // of a record: struct or union

	size, align int // of a record in bytes; size is -1 when the header does not say

	once sync.Once
	refs []reference
}

func parseItem(text string) (*item, error) {
	text = strings.Trim(text, "\n")
	it := &item{text: text, size: -1}
	head, _, _ := strings.Cut(text, "\n")
	first, rest, _ := strings.Cut(head, " ")
	switch {
	case strings.HasPrefix(text, "#ifdef "+kfuncsMacro+"\n"):
		it.kind = kfuncsItem
		return it, nil
	case strings.HasPrefix(text, "#"):
		return it, nil
	case first == "struct" || first == "union":
		it.keyword = first
		var after string
		it.name, after, _ = strings.Cut(rest, " ")
		it.kind = recordItem
		if tag, ok := strings.CutSuffix(it.name, ";"); ok {
			it.kind, it.name = aheadItem, tag
		} else if after != "{" {
			return nil, fmt.Errorf("unknown declaration %q", head)
		}
		return it, it.readSize()
	case first == "enum":
		it.kind = enumItem
		it.name, _, _ = strings.Cut(rest, " ")
		it.name = strings.TrimPrefix(it.name, "{")
		return it, nil
	case first == "typedef":
		it.kind = typedefItem
		it.name = declared(text)
		if it.name == "" {
			return nil, fmt.Errorf("typedef of no name: %q", head)
		}
		return it, nil
	}
	return nil, fmt.Errorf("unknown declaration %q", head)
}

// readSize reads the comment behind a record.
func (it *item) readSize() error {
	_, comment, ok := strings.Cut(it.text, "; /* size: ")
	if !ok {
		return nil
	}
	size, align, _ := strings.Cut(strings.TrimSuffix(comment, " */"), ", align: ")
	var err error
	if it.size, err = strconv.Atoi(size); err == nil {
		it.align, err = strconv.Atoi(align)
	}
	if err != nil {
		return fmt.Errorf("read the size of %s: %w", it.name, err)
	}
	return nil
}

func (x *Index) add(it *item) {
	x.items = append(x.items, it)
	switch it.kind {
	case kfuncsItem:
		x.kfuncs = "\n" + it.text + "\n"
	case recordItem, enumItem:
		if it.name != "" {
			x.tags[it.name] = it
		}
	case typedefItem:
		x.names[it.name] = it
	}
	if it.kind == enumItem || it.kind == typedefItem && strings.HasPrefix(it.text, "typedef enum {") {
		for line := range strings.SplitSeq(it.text, "\n") {
			if name, _, ok := strings.Cut(line, " = "); ok && strings.HasPrefix(name, "\t") {
				x.names[name[1:]] = it
			}
		}
	}
}

// opaque returns the keyword of a tag that the header mentions without ever defining it, or "".
func (x *Index) opaque(tag string) string {
	x.opaqueOnce.Do(func() {
		x.opaqueTags = make(map[string]string)
		for _, it := range x.items {
			text := it.text
			for _, keyword := range []string{"struct", "union"} {
				for rest := text; ; {
					i := strings.Index(rest, keyword+" ")
					if i < 0 {
						break
					}
					rest = rest[i+len(keyword)+1:]
					if tag := rest[:wordLen(rest)]; tag != "" && x.tags[tag] == nil {
						x.opaqueTags[tag] = keyword
					}
				}
			}
		}
	})
	return x.opaqueTags[tag]
}

// declared returns the name that a typedef declares.
func declared(text string) string {
	// The declarator follows the body, if there is one.
	if i := strings.LastIndexByte(text, '}'); i >= 0 {
		text = text[i+1:]
	}
	text = attribute.ReplaceAllString(text, "")
	name := ""
	for text != "" {
		if n := wordLen(text); n > 0 {
			name, text = text[:n], text[n:]
			continue
		}
		switch text[0] {
		case '(':
			if !strings.HasPrefix(text, "(*") {
				return name // a function
			}
			name = "" // "(*name)": what came before is the type
		case ')', '[':
			return name
		}
		text = text[1:]
	}
	return name
}

// attribute matches those that the printer of headers writes.
var attribute = regexp.MustCompile(`__attribute__\(\(\w+(\(\w+\))?\)\)`)

// wordLen returns the length of the identifier or number that s begins with.
func wordLen(s string) int {
	n := 0
	for n < len(s) && isWordByte(s[n]) {
		n++
	}
	return n
}

func isWordByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
