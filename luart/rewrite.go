package luart

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// The interpreter has one kind of number, a float64. What it would get wrong is found in the syntax tree: literals above 2^53 become fields of
// (constants), a local around the chunk that no script can spell, and operators whose operands may be too large are marked for instrument, which
// deals with them in the bytecode:
//
//	local (constants) = ...
//	return function(...) chunk end
const constantsName = "(constants)"

// needsCheck marks the line of an operator that needs a check. The compiler gives its instruction that line.
const needsCheck = 1 << 30

// rewrite changes the resolved chunk such that the interpreter gets nothing wrong in it, and returns the values of (constants).
// A literal that no number can hold is an error at its line.
func rewrite(r *resolution) ([]lua.LValue, *lineError) {
	bounds, kept := r.bounds(), make(map[ast.Expr]bool)
	for _, e := range r.operators {
		if bounds.isExact(e) {
			continue
		}
		if isConstantExpr(e) {
			kept[firstLiteral(e)] = true
		}
		e.SetLine(e.Line() | needsCheck)
	}
	for _, e := range r.stores {
		if !bounds.isDense(e.Key) {
			e.SetLine(e.Line() | needsCheck)
		}
	}
	return r.rewriteNumbers(kept)
}

// isConstantExpr reports whether the compiler computes e by itself, in its own way.
func isConstantExpr(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NumberExpr:
		return true
	case *ast.ArithmeticOpExpr:
		return isConstantExpr(e.Lhs) && isConstantExpr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		return isConstantExpr(e.Expr)
	}
	return false
}

// firstLiteral returns the literal that the compiler sees first in what it computes.
func firstLiteral(e ast.Expr) ast.Expr {
	for {
		switch x := e.(type) {
		case *ast.ArithmeticOpExpr:
			e = x.Lhs
		case *ast.UnaryMinusOpExpr:
			e = x.Expr
		default:
			return e
		}
	}
}

// rewriteNumbers replaces literals above 2^53, and those that the compiler is to compute nothing with.
func (r *resolution) rewriteNumbers(kept map[ast.Expr]bool) ([]lua.LValue, *lineError) {
	var constants []lua.LValue
	for _, place := range r.numbers {
		e := (*place).(*ast.NumberExpr)
		v, ok := parseNumber(e.Value)
		if !ok {
			text := fmt.Sprintf("the number %s is malformed", strings.TrimSpace(clip(e.Value)))
			if strings.HasPrefix(strings.ToLower(e.Value), "0x") {
				text = fmt.Sprintf("the number %s has more than 64 bits", clip(e.Value))
			}
			return nil, &lineError{e.Line(), e.Value, text}
		}
		if n, ok := v.(lua.LNumber); ok {
			if strings.HasPrefix(e.Value, "0") {
				e.Value = strconv.FormatFloat(float64(n), 'g', -1, 64) // the interpreter would read 0010 as octal
			}
			if !kept[e] {
				continue
			}
		}
		constants = append(constants, v)
		table := &ast.IdentExpr{Value: constantsName}
		table.SetLine(e.Line())
		index := &ast.NumberExpr{Value: lua.LNumber(len(constants)).String()}
		index.SetLine(e.Line())
		get := &ast.AttrGetExpr{Object: table, Key: index}
		get.SetLine(e.Line())
		*place = get
	}
	return constants, nil
}

// factory returns the chunk inside of the function that gives it its hidden locals.
func factory(chunk []ast.Stmt) []ast.Stmt {
	bind := &ast.LocalAssignStmt{Names: []string{constantsName}, Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	body := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true}, Stmts: chunk}
	if len(chunk) > 0 {
		last := chunk[len(chunk)-1]
		body.SetLastLine(max(last.Line(), last.LastLine()))
	}
	return []ast.Stmt{bind, &ast.ReturnStmt{Exprs: []ast.Expr{body}}}
}
