package luart

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

func (r *resolver) exprs(list []ast.Expr) {
	for i := range list {
		r.expr(&list[i])
	}
}

// expr walks the expression at *place.
func (r *resolver) expr(place *ast.Expr) {
	r.enter(*place)
	defer r.leave()
	switch e := (*place).(type) {
	case *ast.NumberExpr:
		r.numbers = append(r.numbers, place)
	case *ast.IdentExpr:
		r.ident(e)
		if r.bindings[e] == nil {
			r.reads[e.Value] = true
		}
	case *ast.AttrGetExpr:
		if !r.fieldRead(place) {
			r.expr(&e.Object)
			r.expr(&e.Key)
		}
	case *ast.TableExpr:
		r.table(e)
	case *ast.FuncCallExpr:
		r.call(e)
	case *ast.LogicalOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.RelationalOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
		r.operators = append(r.operators, e)
	case *ast.StringConcatOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.ArithmeticOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
		r.operators = append(r.operators, e)
	case *ast.UnaryMinusOpExpr:
		r.expr(&e.Expr)
		r.operators = append(r.operators, e)
	case *ast.UnaryNotOpExpr:
		r.expr(&e.Expr)
	case *ast.UnaryLenOpExpr:
		r.expr(&e.Expr)
		r.operators = append(r.operators, e)
	case *ast.FunctionExpr:
		r.function(e)
	case *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr, *ast.StringExpr, *ast.Comma3Expr:
	default:
		panic(fmt.Sprintf("unknown expression %T", e))
	}
}

// maxList bounds the elements without keys in the text of one table: the compiler numbers groups of 50 of them, and loses count
// behind the 511th.
var maxList = 511 * lua.FieldsPerFlush

func (r *resolver) table(e *ast.TableExpr) {
	list := 0
	for _, f := range e.Fields {
		if f.Key != nil {
			r.expr(&f.Key)
		} else if list++; list > maxList {
			panic(&lineError{line: e.Line(), text: fmt.Sprintf("the list has more than %d elements; fill it in parts", maxList)})
		}
		r.expr(&f.Value)
	}
}

// definers are the global names through which a chunk can define names that its text does not show.
var definers = map[string]bool{
	"includes": true, "require": true, "load": true, "loadstring": true, "loadfile": true, "dofile": true,
	"setfenv": true, "getfenv": true, "_G": true,
}

// maxPath bounds the names in a fieldRead; structs do not nest as deeply.
const maxPath = 16

// fieldRead notes the expression at place if it is a field of a local variable, with nothing but names.
func (r *resolver) fieldRead(place *ast.Expr) bool {
	var read fieldRead
	for range maxPath {
		switch e := (*place).(type) {
		case *ast.AttrGetExpr:
			key, ok := e.Key.(*ast.StringExpr)
			if !ok {
				return false
			}
			read.path = append(read.path, key.Value)
			read.places = append(read.places, place)
			place = &e.Object
		case *ast.IdentExpr:
			l := r.lookup(e.Value)
			if l == nil {
				return false
			}
			r.bindings[e] = l
			slices.Reverse(read.path)
			slices.Reverse(read.places)
			l.reads = append(l.reads, read)
			return true
		default:
			return false
		}
	}
	return false
}

func (r *resolver) ident(e *ast.IdentExpr) {
	if l := r.lookup(e.Value); l != nil {
		r.bindings[e] = l
		l.escapes = true
	} else if definers[e.Value] {
		r.open = true
	}
}

func (r *resolver) call(e *ast.FuncCallExpr) {
	if e.Func == nil { // a:b()
		r.expr(&e.Receiver)
		r.calls = append(r.calls, callSite{name: dotted(e.Receiver) + ":" + e.Method, line: e.Line()})
	} else if id, ok := e.Func.(*ast.IdentExpr); ok {
		r.ident(id)
		r.calls = append(r.calls, callSite{name: id.Value, global: r.bindings[id] == nil, line: e.Line()})
	} else {
		r.expr(&e.Func)
		r.calls = append(r.calls, callSite{name: dotted(e.Func), global: r.isGlobal(e.Func), line: e.Line()})
	}
	r.exprs(e.Args)
}

// isGlobal reports whether an expression such as a.b, which was walked, begins with a global variable.
func (r *resolver) isGlobal(e ast.Expr) bool {
	for {
		switch x := e.(type) {
		case *ast.IdentExpr:
			return r.bindings[x] == nil
		case *ast.AttrGetExpr:
			e = x.Object
		default:
			return false
		}
	}
}

// dotted returns an expression such as a.b as it is written, with ? for what is no name.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return e.Value
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return dotted(e.Object) + "." + key.Value
		}
	}
	return "?"
}
