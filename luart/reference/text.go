package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart"
)

// textWidth is how wide paragraphs are shown.
const textWidth = 100

// List returns all functions with the first sentence of their texts, family by family, on lines of text.
func List() string {
	var b strings.Builder
	family := ""
	for _, f := range luart.Functions() {
		if f.Family != family {
			family = f.Family
			fmt.Fprintf(&b, "\n%s:\n", family)
		}
		signature := f.Signature()
		if len(signature) > 26 {
			fmt.Fprintf(&b, "  %s\n%30s%s\n", signature, "", firstSentence(f.Text))
		} else {
			fmt.Fprintf(&b, "  %-26s  %s\n", signature, firstSentence(f.Text))
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// Help returns all there is to know about the functions called name: "sort", "os.print", "event:type", or "type", which may be methods of
// several classes. The error names the nearest function there is.
func Help(name string) (string, error) {
	var names, texts []string
	for _, f := range luart.Functions() {
		_, method, _ := strings.Cut(f.Name, ":")
		names = append(names, f.Name)
		if f.Name == name || method == name {
			texts = append(texts, text(f))
		}
	}
	for _, c := range luart.Classes() {
		names = append(names, c.Name)
		if c.Name == name {
			texts = append(texts, classText(c))
		}
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("unknown Lua function %q%s", name, diag.DidYouMean(name, names))
	}
	return strings.Join(texts, "\n"), nil
}

// text returns the whole entry of a function.
func text(f luart.Function) string {
	var b strings.Builder
	for _, s := range f.Signatures() {
		b.WriteString(s)
		if f.Returns != "" {
			fmt.Fprintf(&b, " -> %s", f.Returns)
		}
		b.WriteString("\n")
	}
	for _, p := range distinct(f) {
		fmt.Fprintf(&b, "  %s: %s\n", p.Name, paramType(p))
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n", wrap(f.Text), where(f))
	fmt.Fprintf(&b, "\nExample:\n%s\n", indent(f.Example))
	return b.String()
}

// classText returns what there is to know about a kind of value.
func classText(c luart.Class) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", c.Name, wrap(c.Text))
	for _, p := range c.Fields {
		fmt.Fprintf(&b, "  .%s: %s\n", p.Name, p.Type)
	}
	for _, f := range luart.Functions() {
		if class, method, _ := strings.Cut(f.Signature(), ":"); class == c.Name {
			fmt.Fprintf(&b, "  :%s  %s\n", method, firstSentence(f.Text))
		}
	}
	return b.String()
}

// where says where a function may be called.
func where(f luart.Function) string {
	switch {
	case f.AtFile && f.InScript:
		return "May be called anywhere."
	case f.AtFile:
		return "Belongs at file level."
	}
	return "Belongs inside a function: entry, a callback, a timer."
}

// distinct returns the parameters of all forms of f, each once.
func distinct(f luart.Function) []luart.Param {
	all := slices.Clone(f.Params)
	for _, params := range f.Overloads {
		for _, p := range params {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

func paramType(p luart.Param) string {
	if p.Optional {
		return p.Type + ", optional"
	}
	return p.Type
}

// firstSentence returns text up to its first full stop that ends a sentence, without it.
func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".")
}

// wrap breaks a paragraph into lines.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
		case column+1+len(word) > textWidth:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// indent puts two spaces before each line.
func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}
