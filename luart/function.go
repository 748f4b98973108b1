package luart

import "strings"

// Function is what there is to know about a function that ebpfx adds to Lua, or about a method of one of its values.
type Function struct {
	Name     string // as scripts write it: "sort", "os.print", or "event:type" for a method of the class event
	Family   string // the title of the group that it belongs to
	AtFile   bool   // it may be called at file level
	InScript bool   // it may be called inside functions that a run calls
	// Params are its parameters; Overloads those of further forms of it, as in on_event([stream,] fn).
	Params    []Param
	Overloads [][]Param
	Returns   string // types as the Lua language server writes them; "" for nothing
	Text      string // what it does, in one paragraph
	// Example is Lua that runs as it is: at file level, or else inside a function. What it prints stands behind -->,
	// each line of output in a line of its own.
	Example string
}

// Param is a parameter of a Function. The name "..." stands for any number of them.
type Param struct {
	Name     string
	Type     string // as the Lua language server writes it
	Optional bool
}

// Class is a kind of value that ebpfx adds to Lua.
type Class struct {
	Name   string // as Function.Name has it before a colon
	Text   string
	Fields []Param // that scripts can read
}

// Functions returns all functions and methods, in the order of the reference.
func Functions() []Function {
	var list []Function
	for _, family := range families() {
		for _, b := range family.builtins {
			f := Function{
				Name:     b.name,
				Family:   family.title,
				AtFile:   b.scope&inDescription != 0,
				InScript: b.scope&inScript != 0,
				Params:   parseParams(b.params),
				Returns:  b.returns,
				Text:     b.text,
				Example:  strings.Trim(b.example, "\n"),
			}
			for _, o := range b.overloads {
				f.Overloads = append(f.Overloads, parseParams(o))
			}
			list = append(list, f)
		}
	}
	return list
}

// Classes returns the kinds of values that have methods.
func Classes() []Class {
	list := make([]Class, len(classes))
	for i, c := range classes {
		list[i] = Class{Name: c.name, Text: c.text, Fields: parseParams(c.fields)}
	}
	return list
}

// Signature returns the call with its parameters as people write it: attach_to(program, where[, opts]).
func (f Function) Signature() string { return f.Name + "(" + listParams(f.Params) + ")" }

// Signatures returns that of each form.
func (f Function) Signatures() []string {
	list := []string{f.Signature()}
	for _, o := range f.Overloads {
		list = append(list, f.Name+"("+listParams(o)+")")
	}
	return list
}

// listParams returns parameters with optional ones in brackets.
func listParams(params []Param) string {
	var b strings.Builder
	open := 0
	for i, p := range params {
		if p.Optional {
			b.WriteByte('[')
			open++
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Name)
	}
	b.WriteString(strings.Repeat("]", open))
	return b.String()
}

// parseParams reads "name: type, other?: type" as the table has it. Commas and colons inside brackets belong to a type.
func parseParams(text string) []Param {
	var params []Param
	for _, part := range splitParams(text) {
		name, typ, _ := strings.Cut(part, ":")
		name, optional := strings.CutSuffix(strings.TrimSpace(name), "?")
		params = append(params, Param{Name: name, Type: strings.TrimSpace(typ), Optional: optional})
	}
	return params
}

// splitParams splits text at the commas that are in no brackets.
func splitParams(text string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range text {
		switch c {
		case '(', '{', '<', '[':
			depth++
		case ')', '}', '>', ']':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		parts = append(parts, rest)
	}
	return parts
}

// class is a kind of value with methods.
type class struct {
	name   string
	text   string
	fields string // as the params of a builtin
}

// classes are all of them, in the order of the reference.
var classes = []class{
	{"event", "A record that a program sent, or a struct in one. It reads as a table: event.comm, event.at.cpu, pairs(event) in the order " +
		"of the C struct. It never changes and may be kept. A field of the same name hides a method.", ""},
	{"array", "An array in an event: a[1], #a, ipairs(a).", ""},
	{"number", "Any number, also a 64-bit integer above 2^53, which is a value of its own with exact arithmetic and comparison. Results that 64 bits " +
		"cannot mean are floats, or wrap modulo 2^64 if an operand was above 2^53. A for loop counts up to 2^52.", ""},
	{"map", "What map returns: a table for many keys. # is the number of keys.", ""},
	{"aggregation", "What count, sum, hist and the like make: a result for each key. # is the number of keys; print and tostring show it.", ""},
	{"handle", "What run returns: a target that was started.", "name: string, maps: table<string, bpfmap>, globals: table<string, any>"},
	{"bpfmap", "A map of a target that runs, handle.maps.NAME. Keys and values are numbers, strings or tables of their BTF type; what does not fit is an error that names the " +
		"field. Values that are structs read as events do. The maps of each CPU have lists of values, one for each CPU, and stack-trace maps lists of addresses, which ustack " +
		"and kstack take. A trie takes \"10.0.0.0/8\" for a key. Storage has the number of a process for a key, or the path of a file or cgroup; a socket, which is a key of storage and a value " +
		"of sockmap and its like, is \"tcp:8080\" or \"udp:53\" for who is bound there, or \"/proc/PID/fd/N\", and is read as its cookie. What the kernel does not show user space is an error that " +
		"says so. # counts the entries. Entries may change while a script reads them: programs go on running.", "name: string, type: string, max_entries: integer"},
}
