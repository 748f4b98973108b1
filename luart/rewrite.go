package luart

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// The interpreter has one kind of number. It refuses to compare one with a 64-bit value before it asks any metamethod, reads
// every literal as a float64, and rounds products above 2^53. That is mended in the syntax tree: a < b becomes a call of (lt), a * b one of (mul), a
// literal above 2^53 becomes a field of (constants), and #t a call of (len), since lists may be longer than the interpreter knows; see
// operators. Looks at the alarm are put in too. The names are locals around the chunk that no script can spell:
//
//	local (lt), (le), ..., (len), (alarm), (constants) = ...
//	return function(...) chunk end
const constantsName = "(constants)"

// hiddenNames returns the names of the hidden locals.
func hiddenNames() []string {
	var names []string
	for _, op := range operators {
		names = append(names, op.name)
	}
	return append(names, alarmName, constantsName)
}

// hiddenValues returns what the hidden locals of a chunk with these constants hold.
func (s *Script) hiddenValues(L *lua.LState, constants []lua.LValue) []lua.LValue {
	if s.operators == nil {
		for _, op := range operators {
			s.operators = append(s.operators, L.NewFunction(func(L *lua.LState) int { return op.call(s, L) }))
		}
	}
	table := L.CreateTable(len(constants), 0)
	for _, c := range constants {
		table.Append(c)
	}
	return append(slices.Clone(s.operators), s.alarm, table)
}

// isHidden reports whether name is one that no script can spell.
func isHidden(name string) bool { return strings.HasPrefix(name, "(") }

// rewrite replaces in the resolved chunk what the interpreter would get wrong, and returns the values of (constants).
// A literal that no number can hold is an error at its line. The function first, if any, is only called from Go.
func rewrite(r *resolution, first *ast.FunctionExpr) ([]lua.LValue, *lineError) {
	constants, err := r.rewriteNumbers()
	if err != nil {
		return nil, err
	}
	calls, hidden := make(map[ast.Expr]bool), make(map[ast.Expr]bool)
	for _, place := range r.products {
		if e := (*place).(*ast.ArithmeticOpExpr); !r.isExact(e) {
			*place = hiddenCall(e.Operator, e, e.Lhs, e.Rhs)
			calls[*place], hidden[*place] = true, true
		}
	}
	plain := r.plainLocals()
	for _, place := range r.comparisons {
		if e := (*place).(*ast.RelationalOpExpr); !r.compares(plain, e) {
			*place = hiddenComparison(e)
			hidden[*place] = true
		}
	}
	for _, place := range r.lengths {
		e := (*place).(*ast.UnaryLenOpExpr)
		if _, ok := e.Expr.(*ast.StringExpr); ok {
			continue
		}
		*place = hiddenCall("#", e, e.Expr)
		calls[*place], hidden[*place] = true, true
	}
	for _, place := range r.assignments {
		if s := (*place).(*ast.AssignStmt); slices.ContainsFunc(s.Rhs, func(e ast.Expr) bool { return calls[e] || isOperand(e, hidden) }) {
			*place = viaTemporaries(s)
		}
	}
	r.addLooks(first)
	return constants, nil
}

// isOperand reports whether e is an and or an or that has one of exprs as an operand.
func isOperand(e ast.Expr, exprs map[ast.Expr]bool) bool {
	op, ok := e.(*ast.LogicalOpExpr)
	return ok && (exprs[op.Lhs] || exprs[op.Rhs] || isOperand(op.Lhs, exprs) || isOperand(op.Rhs, exprs))
}

// viaTemporaries returns the assignment a = e as do local (0) = e a = (0) end. The compiler stores operands of and and or
// in a's register as it goes, though operands behind them may read a; of comparisons it does not store any.
func viaTemporaries(s *ast.AssignStmt) ast.Stmt {
	hold := &ast.LocalAssignStmt{Exprs: s.Rhs}
	s.Rhs = make([]ast.Expr, len(s.Lhs))
	for i := range s.Lhs {
		name := fmt.Sprintf("(%d)", i)
		hold.Names = append(hold.Names, name)
		s.Rhs[i] = &ast.IdentExpr{Value: name}
		s.Rhs[i].SetLine(s.Line())
	}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{hold, s}}
	for _, node := range []ast.PositionHolder{hold, block} {
		node.SetLine(s.Line())
		node.SetLastLine(s.LastLine())
	}
	return block
}

// hiddenComparison returns what takes the place of e: not not (lt)(a, b). The nots cost nothing in conditions. They keep the call away
// from assignments, since the compiler gets a = (f(a)) wrong where a is the last parameter: it puts f into a's
// register before it reads a. They also make one value of what is returned, where a call would give all.
func hiddenComparison(e *ast.RelationalOpExpr) ast.Expr {
	operator, nots := e.Operator, 2
	if operator == "~=" {
		operator, nots = "==", 1
	}
	expr := hiddenCall(operator, e, e.Lhs, e.Rhs)
	for range nots {
		expr = &ast.UnaryNotOpExpr{Expr: expr}
		expr.SetLine(e.Line())
		expr.SetLastLine(e.LastLine())
	}
	return expr
}

// hiddenCall returns the call of what stands for operator, as one value. It takes the place of the expression at.
func hiddenCall(operator string, at ast.Expr, operands ...ast.Expr) ast.Expr {
	i := slices.IndexFunc(operators, func(op hiddenOperator) bool { return op.text == operator })
	fn := &ast.IdentExpr{Value: operators[i].name}
	last := len(operands) - 1
	operands[last] = oneValue(operands[last])
	call := &ast.FuncCallExpr{Func: fn, Args: operands, AdjustRet: true}
	for _, node := range []ast.PositionHolder{fn, call} {
		node.SetLine(at.Line())
		node.SetLastLine(at.LastLine())
	}
	return call
}

// oneValue returns e as an operand has it: a call or ... as the last argument would give all values.
func oneValue(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

// rewriteNumbers replaces literals above 2^53.
func (r *resolution) rewriteNumbers() ([]lua.LValue, *lineError) {
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
			continue
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
	bind := &ast.LocalAssignStmt{Names: hiddenNames(), Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	body := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true}, Stmts: chunk}
	if len(chunk) > 0 {
		last := chunk[len(chunk)-1]
		body.SetLastLine(max(last.Line(), last.LastLine()))
	}
	return []ast.Stmt{bind, &ast.ReturnStmt{Exprs: []ast.Expr{body}}}
}
