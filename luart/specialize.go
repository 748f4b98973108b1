package luart

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Most callbacks do nothing with their event but read fields of it by name. What the text shows to be one of those is
// compiled once more, for the type of its events: with the fields in place of the event as its parameters, so that no event is made,
// no metamethod is called, and numbers of up to 32 bits compare without a look at their type:
//
//	function(event) if event.size > 9 then n[event.at.cpu] = n[event.at.cpu] + 1 end end
//	function((event.size), (event.at.cpu)) ...
//
// An event never changes, so it makes no difference when a field is read, nor whether by a function inside of the callback that
// outlives it. Any other use of the event, and any use of a field that is no number, boolean or text, keeps the callback as it was.

// specialized is a callback for events of one type.
type specialized struct {
	fn     *lua.LFunction
	of     *lua.LFunction // the callback as it was
	env    *lua.LTable    // of both
	fields []*fieldReader // its arguments
	size   int            // shorter records lack fields; they have to take the way of an event
}

// push pushes the arguments for a record.
func (c *specialized) push(L *lua.LState, v *values, record []byte) {
	for _, f := range c.fields {
		L.Push(f.read(v, record))
	}
}

// specialize returns the callback fn for events of layout l, or nil where there is no such thing.
func (s *Script) specialize(fn *lua.LFunction, l *layout) *specialized {
	if s.canInspect() {
		return nil
	}
	for _, src := range s.sources {
		if i := slices.Index(src.functions, fn.Proto); i >= 0 {
			c := s.specializeAt(src, i, fn, l)
			if c != nil {
				s.specialized = append(s.specialized, c)
			}
			return c
		}
	}
	return nil
}

// keepingEnvironments returns setfenv, which is fn, such that a callback and its specialized form keep the same environment. Either may have
// been meant: setfenv(1, env) means the one that runs.
func (s *Script) keepingEnvironments(fn lua.LValue) lua.LGFunction {
	setfenv := fn.(*lua.LFunction).GFunction
	return func(L *lua.LState) int {
		n := setfenv(L)
		for _, c := range s.specialized {
			if c.fn.Env == c.env {
				c.fn.Env = c.of.Env
			}
			c.of.Env, c.env = c.fn.Env, c.fn.Env
		}
		return n
	}
}

// canInspect reports whether code may look at the arguments of a callback other than by their names: debug.getlocal does.
func (s *Script) canInspect() bool {
	return s.requireHost && slices.ContainsFunc(s.sources, func(src *source) bool {
		return src.names.open || src.names.reads["debug"] || slices.ContainsFunc(src.names.calls, func(c callSite) bool {
			return c.global && strings.HasPrefix(c.name, "debug.")
		})
	})
}

// specializeAt is specialize for function number i in the text of src. The text is parsed again, since compiling changes the tree.
func (s *Script) specializeAt(src *source, i int, fn *lua.LFunction, l *layout) *specialized {
	chunk, err := parse.Parse(strings.NewReader(src.text), src.name)
	if err != nil {
		return nil
	}
	r, d := src.resolve(chunk, nil)
	if d != nil || i >= len(r.functions) || r.functions[i].argument == nil {
		return nil
	}
	expr, event := r.functions[i].expr, r.functions[i].argument
	if event.escapes {
		return nil
	}
	c := &specialized{of: fn, env: fn.Env, size: l.Size}
	parameters := make(map[string]nature)
	var names []string
	for _, read := range event.reads {
		f, n := newFieldReader(l, read.path)
		if f == nil {
			return nil
		}
		name := "(event." + strings.Join(read.path[:n], ".") + ")"
		if _, seen := parameters[name]; !seen {
			parameters[name] = f.nature()
			names = append(names, name)
			c.fields = append(c.fields, f)
		}
		id := &ast.IdentExpr{Value: name}
		id.SetLine((*read.places[n-1]).Line())
		*read.places[n-1] = id
	}
	expr.ParList = &ast.ParList{Names: append(names, expr.ParList.Names[1:]...)}
	c.fn = s.compileAlike(src, expr, parameters, fn)
	if c.fn == nil {
		return nil
	}
	return c
}

// compileAlike compiles expr, an altered form of the function fn in src, to one with the same upvalues. natures says what is known of its
// parameters. It returns nil where the interpreter has limits.
func (s *Script) compileAlike(src *source, expr *ast.FunctionExpr, natures map[string]nature, fn *lua.LFunction) *lua.LFunction {
	bind := &ast.LocalAssignStmt{Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	for _, name := range fn.Proto.DbgUpvalues {
		if name != constantsName {
			bind.Names = append(bind.Names, name)
		}
	}
	bind.Names = append(bind.Names, constantsName)
	chunk := []ast.Stmt{bind, &ast.ReturnStmt{Exprs: []ast.Expr{expr}}}
	r, d := src.resolve(chunk, natures)
	if d != nil {
		return nil
	}
	constants, wrong := rewrite(r)
	if wrong != nil {
		return nil
	}
	proto, d := s.translate(src, chunk, true)
	if d != nil {
		return nil
	}
	alike := &lua.LFunction{Env: fn.Env, Proto: proto.FunctionPrototypes[0]}
	for _, name := range alike.Proto.DbgUpvalues {
		upvalue := new(lua.Upvalue)
		if name == constantsName {
			upvalue.SetValue(tableOf(s.state, constants))
		} else {
			upvalue = fn.Upvalues[slices.Index(fn.Proto.DbgUpvalues, name)]
		}
		alike.Upvalues = append(alike.Upvalues, upvalue)
	}
	return alike
}

// fieldReader reads one field of the records of a type.
type fieldReader struct {
	outer  []*decode.Field // the structs that it is in
	field  *decode.Field   // nil: the type has no such field
	scalar bool
	recent [recentValues]struct {
		bits  uint64
		value lua.LValue
	}
}

// recentValues is how many values of a field are kept, by a hash of them. Making a number for Lua takes an
// allocation, and most fields repeat few values. It is a power of 2.
const recentValues = 1 << recentBits
const recentBits = 6

// newFieldReader returns the reader of the field that path leads to, and how many names of the path that takes: the field may
// be less than all of it, as in event.comm.nothing. It is nil if the path leads to more than a value that Lua copies, or to a method.
func newFieldReader(l *layout, path []string) (f *fieldReader, names int) {
	f = new(fieldReader)
	t := l.Type
	for i, name := range path {
		field := t.Field(name)
		switch {
		case field == nil && isEventMethod(name):
			return nil, 0
		case field == nil:
			return f, i + 1
		}
		switch t = field.Type; t.Kind {
		case decode.Struct, decode.Union:
			f.outer = append(f.outer, field)
		case decode.Array:
			return nil, 0
		default:
			f.field = field
			f.scalar = t.Kind != decode.Float && t.Kind != decode.String && t.Kind != decode.Opaque
			return f, i + 1
		}
	}
	return nil, 0
}

// nature returns what is known of the field's values.
func (f *fieldReader) nature() nature {
	if f.field == nil {
		return anything
	}
	switch t := f.field.Type; t.Kind {
	case decode.Int, decode.Uint, decode.Enum:
		if t.Size <= 4 || f.field.BitSize > 0 && f.field.BitSize <= 32 {
			return smallNumber
		}
	case decode.Float:
		return plainOperand
	case decode.String, decode.Opaque:
		return onlyText
	}
	return anything
}

// read returns the field of a record that is as long as its type.
func (f *fieldReader) read(v *values, record []byte) lua.LValue {
	for _, o := range f.outer {
		record = o.Bytes(record)
	}
	switch {
	case f.scalar:
		bits, _ := f.field.Bits(record)
		// A multiplicative hash: Knuth, The Art of Computer Programming, volume 3, section 6.4.
		e := &f.recent[bits*0x9e3779b97f4a7c15>>(64-recentBits)]
		if e.bits != bits || e.value == nil {
			e.bits, e.value = bits, scalar(f.field.Type, bits)
		}
		return e.value
	case f.field == nil:
		return lua.LNil
	}
	return v.value(f.field.Type, f.field.Bytes(record))
}
