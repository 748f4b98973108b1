package reference

import (
	"fmt"
	"strings"

	"github.com/ebpfx/ebpfx/luart"
)

// Markdown returns the reference page.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`<!-- Made by go generate ./luart/reference from the table in package luart. -->
# Lua functions

Beside Lua 5.1's own functions a script has these. ` + "`ebpfx help lua NAME`" + ` shows an entry in the terminal, and ` + "`ebpfx gen lua-types`" + `
writes them down for editors. What stands behind ` + "`-->`" + ` in an example is what it prints.
`)
	family := ""
	for _, f := range luart.Functions() {
		if f.Family != family {
			family = f.Family
			fmt.Fprintf(&b, "\n## %s\n", family)
			for _, c := range luart.Classes() {
				if firstOf(c.Name) == f.Name {
					writeClass(&b, c)
				}
			}
		}
		writeFunction(&b, f)
	}
	return b.String()
}

// firstOf returns the first method of a class.
func firstOf(class string) string {
	for _, f := range luart.Functions() {
		if strings.HasPrefix(f.Name, class+":") {
			return f.Name
		}
	}
	return ""
}

func writeClass(b *strings.Builder, c luart.Class) {
	fmt.Fprintf(b, "\n%s\n", escape(c.Text))
	for _, p := range c.Fields {
		fmt.Fprintf(b, "`%s.%s` is a %s. ", c.Name, p.Name, p.Type)
	}
	if len(c.Fields) > 0 {
		b.WriteString("\n")
	}
}

func writeFunction(b *strings.Builder, f luart.Function) {
	fmt.Fprintf(b, "\n### %s\n\n", f.Name)
	for _, s := range f.Signatures() {
		fmt.Fprintf(b, "`%s`", s)
		if f.Returns != "" {
			fmt.Fprintf(b, " → `%s`", f.Returns)
		}
		b.WriteString("  \n")
	}
	for _, p := range distinct(f) {
		fmt.Fprintf(b, "- `%s`: `%s`", p.Name, p.Type)
		if p.Optional {
			b.WriteString(", optional")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "\n%s %s\n\n```lua\n%s\n```\n", escape(f.Text), where(f), f.Example)
}

// escape keeps Markdown from reading what stands for itself.
func escape(text string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`).Replace(text)
}
