package luart

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// A program writes random Lua whose values are plain, so that the rewritten form must do exactly what the interpreter
// does by itself.
type program struct {
	*rand.Rand
	strings.Builder
	locals []string
	own    int // those from here on belong to the innermost function
	depth  int
}

func (p *program) pick(options ...func()) { options[p.Intn(len(options))]() }

func (p *program) name() string { return fmt.Sprintf("v%d", len(p.locals)) }

func (p *program) expr() {
	if p.depth++; p.depth > 5 {
		p.leaf()
	} else {
		compare := func() { p.binary(p.mostlyNumber, "<", "<=", ">", ">=") }
		p.pick(compare, compare, compare, p.leaf, p.leaf,
			func() { p.binary(p.expr, "==", "~=") },
			func() { p.binary(p.expr, "and", "or") },
			func() { p.binary(p.mostlyNumber, "+", "-", "*", "..") },
			func() { p.WriteString("not "); p.expr() },
			func() { p.WriteString("#{"); p.list(); p.WriteString("}") },
			func() { p.WriteString("note("); p.list(); p.WriteString(")") },
			func() { p.WriteString("two("); p.list(); p.WriteString(")") },
			func() { p.WriteString("({"); p.list(); p.WriteString("})[1]") },
			func() {
				name := p.name()
				fmt.Fprintf(p, "(function(%s, ...) ", name)
				own := p.own
				p.own = len(p.locals)
				p.scope(func() { p.locals = append(p.locals, name); p.stmts() })
				p.own = own
				p.WriteString(" return ")
				p.list()
				p.WriteString(" end)(")
				p.list()
				p.WriteString(")")
			},
		)
	}
	p.depth--
}

func (p *program) binary(operand func(), operators ...string) {
	p.WriteString("(")
	operand()
	fmt.Fprintf(p, " %s ", operators[p.Intn(len(operators))])
	operand()
	p.WriteString(")")
}

// mostlyNumber writes an operand that is of the wrong type only now and then, so that programs get somewhere.
func (p *program) mostlyNumber() {
	if p.Intn(20) == 0 {
		p.expr()
		return
	}
	p.pick(
		func() { fmt.Fprint(p, p.Intn(10)) },
		func() { p.WriteString("#{"); p.list(); p.WriteString("}") },
		func() { p.WriteString("two()") },
		func() { p.WriteString("("); p.expr(); fmt.Fprintf(p, " and %d or %d)", p.Intn(10), p.Intn(10)) },
		func() { p.WriteString("(tonumber("); p.leaf(); p.WriteString(") or 1)") },
	)
}

func (p *program) leaf() {
	p.pick(
		func() { fmt.Fprint(p, p.Intn(10)) },
		func() { fmt.Fprint(p, p.Intn(10)) },
		func() { fmt.Fprintf(p, "%d.5", p.Intn(10)) },
		func() { fmt.Fprintf(p, "%q", string(rune('a'+p.Intn(4)))) },
		func() { p.WriteString([]string{"nil", "true", "false", "{}"}[p.Intn(4)]) },
		p.variable, p.variable, p.variable, p.variable,
	)
}

func (p *program) variable() {
	if len(p.locals) == 0 {
		p.WriteString("...")
		return
	}
	p.WriteString(p.locals[p.Intn(len(p.locals))])
}

func (p *program) list() {
	for i := range p.Intn(4) {
		if i > 0 {
			p.WriteString(", ")
		}
		p.expr()
	}
}

func (p *program) scope(body func()) {
	n := len(p.locals)
	body()
	p.locals = p.locals[:n]
}

func (p *program) stmts() {
	for range 1 + p.Intn(4) {
		p.stmt()
		p.WriteString("\n")
	}
}

func (p *program) stmt() {
	if p.depth++; p.depth > 5 {
		p.WriteString("note(1)")
		p.depth--
		return
	}
	block := func() { p.WriteString("\n"); p.scope(p.stmts) }
	p.pick(
		func() { p.WriteString("note("); p.list(); p.WriteString(")") },
		func() {
			name := p.name()
			fmt.Fprintf(p, "local %s = ", name)
			p.expr()
			p.locals = append(p.locals, name)
		},
		func() {
			// An operand that a function changes while the other operand is evaluated has no defined value.
			if len(p.locals) == p.own {
				p.WriteString("note()")
				return
			}
			p.WriteString(p.locals[p.own+p.Intn(len(p.locals)-p.own)] + " = ")
			p.expr()
		},
		func() {
			p.WriteString("if ")
			p.expr()
			p.WriteString(" then")
			block()
			p.WriteString("else")
			block()
			p.WriteString("end")
		},
		func() {
			name := p.name()
			fmt.Fprintf(p, "for %s = 1, %d do", name, p.Intn(4))
			p.scope(func() { p.locals = append(p.locals, name); block() })
			p.WriteString("end")
		},
		func() {
			p.WriteString("repeat")
			p.scope(func() {
				p.WriteString("\n")
				p.stmts()
				p.WriteString("until spent() or ")
				p.expr()
			})
		},
		func() {
			p.WriteString("while not spent() and ")
			p.expr()
			p.WriteString(" do")
			block()
			p.WriteString("end")
		},
	)
	p.depth--
}

// run executes fn and returns all that it told: the arguments of note, and its results or error.
func run(L *lua.LState, fn *lua.LFunction) string {
	var told strings.Builder
	tell := func(L *lua.LState) {
		for i := 1; i <= L.GetTop(); i++ {
			v := L.Get(i)
			if t := v.Type(); t == lua.LTTable || t == lua.LTFunction {
				fmt.Fprint(&told, t, " ") // without its address
			} else {
				fmt.Fprint(&told, v, " ")
			}
		}
		fmt.Fprintln(&told)
	}
	steps := 0
	L.SetGlobal("note", L.NewFunction(func(L *lua.LState) int { tell(L); return min(L.GetTop(), 1) }))
	L.SetGlobal("two", L.NewFunction(func(L *lua.LState) int { L.Push(lua.LNumber(1)); L.Push(lua.LNumber(2)); return 2 }))
	L.SetGlobal("spent", L.NewFunction(func(L *lua.LState) int { steps++; L.Push(lua.LBool(steps > 20)); return 1 }))
	L.Push(fn)
	L.Push(lua.LNumber(3))
	if err := L.PCall(1, lua.MultRet, nil); err != nil {
		fmt.Fprintln(&told, "error:", err.(*lua.ApiError).Object)
		return told.String()
	}
	for i := 1; i <= L.GetTop(); i++ {
		fmt.Fprint(&told, L.Get(i).Type(), " ")
	}
	L.SetTop(0)
	return told.String()
}

func TestRewriteKeepsMeaning(t *testing.T) {
	const programs = 2000
	s, err := loadText(t, "", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// More constants than an instruction can name, so that checks take another way.
	many := "local _ = {"
	for i := range 300 {
		many += fmt.Sprintf("%d.25, ", i)
	}
	many += "}\n"
	failed, compared := 0, 0
	for seed := range int64(programs) {
		p := &program{Rand: rand.New(rand.NewSource(seed))}
		p.stmts()
		p.WriteString("return ")
		p.list()
		text := p.String()
		if seed%8 == 0 {
			text = many + text
		}

		plain := lua.NewState()
		fn, err := plain.Load(strings.NewReader(text), "program")
		if err != nil {
			t.Fatalf("the generator made bad code: %v\n%s", err, text)
		}
		want := run(plain, fn)
		plain.Close()
		if strings.Contains(want, "non-function object") {
			continue // programs call nothing but functions, so that this is the interpreter's mistake
		}

		src := newSource("/program", text)
		src.name = "program"
		ours, err := s.compile(s.state, src)
		if err != nil {
			t.Fatalf("compile: %v\n%s", err, text)
		}
		compared += strings.Count(text, "<") + strings.Count(text, ">")
		if got := run(s.state, ours); got != want {
			t.Fatalf("seed %d: got\n%s\nwant\n%s\nof\n%s", seed, got, want, text)
		}
		if strings.Contains(want, "error:") {
			failed++
		}
	}
	// The generator must not only make programs that fail at once, or that compare nothing.
	if failed > programs*8/10 || compared < programs {
		t.Errorf("%d of %d programs failed, with %d comparisons", failed, programs, compared)
	}
}

// The loop of a script that compares its own counters must not get slower by comparisons that might be of 64-bit values.
func TestPlainLocals(t *testing.T) {
	for _, test := range []struct {
		text  string
		plain bool
	}{
		{"local n = 0; return n < 5", true},
		{"local n = 0; n = n + 1; return n < 5", true},
		{"local n; n = 7; return n < 5", true},
		{"for i = 1, 10 do local _ = i < 5 end", true},
		{"local t = {}; return #t < 5", true},
		{"local a = 'x'; local b = a .. 'y'; return a < b", true},
		{"local n = 0; local function f() n = n - 1 end; return n < 5", true},
		{"local a, b = 1, 2; a, b = b, a; return a < b", true},
		{"return x < 5", false},
		{"local n = 9007199254740993; return n < 5", false},
		{"local n = 1; n = 9007199254740993 - n; return n < 5", false},
		{"local n = f(); return n < 5", false},
		{"local a, b = 1; return b < 5", false},
		{"local function f(n) return n < 5 end", false},
		{"local n = 0; local function f(e) n = e.size end; return n < 5", false},
		{"local n = 0; n = n + e.size; return n < 5", false},
		{"for k, v in pairs(t) do local _ = v < 5 end", false},
		{"for i = 1, 10 do i = f(); local _ = i < 5 end", false},
		{"local n = ...; return n < 5", false},
		{"local n = 1; do local n = f(); local _ = n < 5 end", false},
	} {
		chunk, err := parse.Parse(strings.NewReader(test.text), "x")
		if err != nil {
			t.Fatalf("%s: %v", test.text, err)
		}
		r := resolve(chunk, nil)
		if _, err := rewrite(r); err != nil {
			t.Fatalf("%s: %v", test.text, err.text)
		}
		plain := true
		for _, e := range r.operators {
			if _, ok := e.(*ast.RelationalOpExpr); ok && e.Line()&needsCheck != 0 {
				plain = false
			}
		}
		if plain != test.plain {
			t.Errorf("%s: plain: %v, want %v", test.text, plain, test.plain)
		}
	}
}
