package luart

import (
	"fmt"
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// names is what the text of a chunk says about the names in it, before it runs.
type names struct {
	globals map[string]bool // global names that are assigned to
	reads   map[string]bool // global names that are read other than to be called
	calls   []callSite
	// open is set where the chunk may bring in or define names that its text does not show: by includes, require, load, _G, ...
	open bool
}

// resolution is what rewrite needs to know of a chunk, and its names.
type resolution struct {
	names
	bindings  map[*ast.IdentExpr]*local // which local variable a name means; global names are absent
	locals    []*local
	operators []ast.Expr         // all but .. and and, or, not
	stores    []*ast.AttrGetExpr // what is assigned to, where its key is no name
	numbers   []*ast.Expr        // the places of number literals
	functions []function         // in the order of the text, outer ones before those in them
}

// function is a function in the text.
type function struct {
	expr *ast.FunctionExpr
	// argument is its first parameter; nil where it has none, or is a method or takes ... .
	argument *local
}

// callSite is a call of a function by name.
type callSite struct {
	name   string // set_kind, or string.format, or s:format
	global bool   // the name, or what stands before its first dot, is a global variable
	line   int
}

// local is one local variable.
type local struct {
	values  []*ast.Expr // the places of what is assigned to it
	nature  nature      // of a parameter
	unknown bool        // something is assigned to it that is not in values, such as an argument
	reads   []fieldRead // where a field of it is read
	escapes bool        // it is used in other ways: assigned to, called, passed on, changed
}

// nature is what is known of a parameter's values, whatever they are.
type nature uint8

const (
	anything     nature = iota
	plainOperand        // a plain number or text
	smallNumber         // a plain number of up to 32 bits
	onlyText
)

// fieldRead is an expression such as e.at.x, where e is a local variable.
type fieldRead struct {
	path   []string    // at, x
	places []*ast.Expr // of e.at and e.at.x
}

// maxSyntaxDepth bounds how deeply expressions and blocks of a chunk may nest. Compiler and resolver follow the
// nesting with Go's stack, whose overflow nobody can catch.
const maxSyntaxDepth = 5000

// resolver walks a chunk with its scopes.
type resolver struct {
	resolution
	blocks  []map[string]*local
	depth   int
	within  []int             // the functions around, as indices of functions
	natures map[string]nature // of parameters whose values are known
}

// resolve walks the chunk. It panics with a *lineError where there is something that the interpreter would get wrong.
//
// natures says what is known of parameters, by name.
func resolve(chunk []ast.Stmt, natures map[string]nature) *resolution {
	r := &resolver{natures: natures, resolution: resolution{
		names:    names{globals: make(map[string]bool), reads: make(map[string]bool)},
		bindings: make(map[*ast.IdentExpr]*local),
	}}
	r.block(chunk, "arg") // in Lua 5.1 every function with ... has it
	return &r.resolution
}

// lineError is an error of the chunk whose line is known.
type lineError struct {
	line int
	word string // what to point at in the line
	text string
}

func (e *lineError) at(src *source) *diag.Diagnostic {
	return src.diagnostic(e.line, e.word, e.text)
}

func (r *resolver) enter(node ast.PositionHolder) {
	if r.depth++; r.depth > maxSyntaxDepth {
		panic(&lineError{line: node.Line(), text: "the code is nested too deeply"})
	}
}

func (r *resolver) leave() { r.depth-- }

// block walks statements in a scope of their own, in which parameters are declared.
func (r *resolver) block(stmts []ast.Stmt, parameters ...string) {
	r.push(parameters)
	r.stmts(stmts)
	r.pop()
}

func (r *resolver) push(parameters []string) {
	r.blocks = append(r.blocks, make(map[string]*local))
	for _, p := range parameters {
		l := r.declare(p)
		if l.nature = r.natures[p]; l.nature != anything {
			l.values = []*ast.Expr{aNumber()}
		} else {
			l.unknown = true
		}
	}
}

// aNumber returns the place of a number as large as maxLoop, for variables that hold nothing else.
func aNumber() *ast.Expr {
	var number ast.Expr = &ast.NumberExpr{Value: strconv.Itoa(maxLoop)}
	return &number
}

func (r *resolver) pop() { r.blocks = r.blocks[:len(r.blocks)-1] }

func (r *resolver) declare(name string) *local {
	l := &local{}
	r.locals = append(r.locals, l)
	r.blocks[len(r.blocks)-1][name] = l
	return l
}

func (r *resolver) lookup(name string) *local {
	for i := len(r.blocks) - 1; i >= 0; i-- {
		if l, ok := r.blocks[i][name]; ok {
			return l
		}
	}
	return nil
}

func (r *resolver) stmts(stmts []ast.Stmt) {
	for _, s := range stmts {
		r.stmt(s)
	}
}

func (r *resolver) stmt(stmt ast.Stmt) {
	r.enter(stmt)
	defer r.leave()
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		r.assign(s)
	case *ast.LocalAssignStmt:
		r.localAssign(s)
	case *ast.FuncCallStmt:
		r.expr(&s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		r.expr(&s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		// The condition sees the locals of the body.
		r.push(nil)
		r.stmts(s.Stmts)
		r.expr(&s.Condition)
		r.pop()
	case *ast.IfStmt:
		r.expr(&s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		r.expr(&s.Init)
		r.expr(&s.Limit)
		if s.Step != nil {
			r.expr(&s.Step)
		}
		r.push(nil)
		r.declare(s.Name).values = []*ast.Expr{aNumber()} // see loopCheck
		r.stmts(s.Stmts)
		r.pop()
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		r.block(s.Stmts, s.Names...)
	case *ast.FuncDefStmt:
		r.funcDef(s)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	case *ast.BreakStmt, *ast.GotoStmt, *ast.LabelStmt:
	default:
		panic(fmt.Sprintf("unknown statement %T", s))
	}
}

func (r *resolver) assign(s *ast.AssignStmt) {
	r.exprs(s.Rhs)
	for i := range s.Lhs {
		id, ok := s.Lhs[i].(*ast.IdentExpr)
		if !ok {
			r.assignedExpr(s.Lhs[i])
			continue
		}
		l := r.lookup(id.Value)
		if l == nil {
			r.globals[id.Value] = true
			continue
		}
		l.assign(s.Rhs, i)
		l.escapes = true
	}
}

func (r *resolver) localAssign(s *ast.LocalAssignStmt) {
	// The parser makes local function f from local f = function, so that both see themselves.
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			r.declare(s.Names[0]).unknown = true
			r.exprs(s.Exprs)
			return
		}
	}
	r.exprs(s.Exprs)
	for i, name := range s.Names {
		l := r.declare(name)
		if len(s.Exprs) == 0 {
			continue // nil until it is assigned to
		}
		l.assign(s.Exprs, i)
	}
}

// assign notes that the i-th variable of an assignment gets what values has for it.
func (l *local) assign(values []ast.Expr, i int) {
	if i >= len(values) {
		l.unknown = true
		return
	}
	l.values = append(l.values, &values[i])
}

func (r *resolver) funcDef(s *ast.FuncDefStmt) {
	if s.Name.Func == nil { // function a.b:c()
		r.expr(&s.Name.Receiver)
		r.function(s.Func, "self")
		return
	}
	if id, ok := s.Name.Func.(*ast.IdentExpr); !ok {
		r.assignedExpr(s.Name.Func)
	} else if l := r.lookup(id.Value); l != nil {
		l.unknown, l.escapes = true, true
	} else {
		r.globals[id.Value] = true
	}
	r.function(s.Func)
}

// assignedExpr walks what is assigned to and no name: a.b or a[b].
func (r *resolver) assignedExpr(e ast.Expr) {
	get := e.(*ast.AttrGetExpr)
	if _, ok := get.Key.(*ast.StringExpr); !ok {
		r.stores = append(r.stores, get)
	}
	r.expr(&get.Object)
	r.expr(&get.Key)
}

// function walks a function. self is the parameter that the text of a method does not show.
func (r *resolver) function(f *ast.FunctionExpr, self ...string) {
	parameters := append(self, f.ParList.Names...)
	if f.ParList.HasVargs {
		parameters = append(parameters, "arg")
	}
	r.functions = append(r.functions, function{expr: f})
	first, at := len(r.locals), len(r.functions)-1
	r.within = append(r.within, at)
	r.block(f.Stmts, parameters...)
	r.within = r.within[:len(r.within)-1]
	if len(self) == 0 && len(f.ParList.Names) > 0 && !f.ParList.HasVargs {
		r.functions[at].argument = r.locals[first]
	}
}
