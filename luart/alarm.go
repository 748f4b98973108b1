package luart

import (
	"errors"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Lua that never comes back can only be ended from inside: the interpreter looks at nothing else, unless it has a context, which
// slows every instruction. So rewrite puts a look of our own where code can go on for ever: at the beginning of each loop and of each function
// that may call itself, and before each goto:
//
//	if (alarm) == 0 then end
//
// To compare the two the interpreter asks (alarm) for its type, and that is where we look. Functions of ours that may run for long look by
// themselves.

// alarm ends the Lua that runs. Any goroutine may ring it.
type alarm struct {
	rung   atomic.Bool
	answer func() // called on the goroutine that runs Lua, in the middle of it; raises
}

// alarmName is the name of the alarm in scripts.
const alarmName = "(alarm)"

// Type returns LTUserData, unless the alarm has rung.
func (a *alarm) Type() lua.LValueType {
	a.check()
	return lua.LTUserData
}

func (*alarm) String() string { return alarmName }

// check does not return if the alarm has rung.
func (a *alarm) check() {
	if a.rung.Load() {
		a.answer()
	}
}

// look returns the statement that looks at the alarm, for code at the given node.
func look(at ast.PositionHolder) ast.Stmt {
	name := &ast.IdentExpr{Value: alarmName}
	zero := &ast.NumberExpr{Value: "0"}
	compare := &ast.RelationalOpExpr{Operator: "==", Lhs: name, Rhs: zero}
	s := &ast.IfStmt{Condition: compare}
	for _, node := range []ast.PositionHolder{name, zero, compare, s} {
		node.SetLine(at.Line())
		node.SetLastLine(at.Line())
	}
	return s
}

// addLooks puts looks at the alarm into all code of r but the beginning of the function first, which is only called from Go. It is
// the last thing that is done to the tree, since it moves statements.
func (r *resolution) addLooks(first *ast.FunctionExpr) {
	for _, place := range r.gotos {
		jump := *place
		block := &ast.DoBlockStmt{Stmts: []ast.Stmt{look(jump), jump}}
		block.SetLine(jump.Line())
		block.SetLastLine(jump.Line())
		*place = block
	}
	for _, loop := range r.loops {
		*loop.body = append([]ast.Stmt{look(loop.node)}, *loop.body...)
	}
	for _, f := range r.functions {
		if f.callsBack && f.expr != first {
			f.expr.Stmts = append([]ast.Stmt{look(f.expr)}, f.expr.Stmts...)
		}
	}
}

// loopBody is the body of a loop in the tree.
type loopBody struct {
	node ast.PositionHolder
	body *[]ast.Stmt
}

// errCut is the cause of the error about Lua that had to be ended.
var errCut = errors.New("ended by the alarm")

// answerAlarm ends the Lua that runs, for the reason that the guard has. No protected call of the script holds that up.
func (s *Script) answerAlarm() {
	L := s.state
	if t := s.scheduler.task; t != nil {
		L = t.thread().state
	}
	if !s.scheduler.exiting {
		s.cut = nil
		if text := s.guard.reason(); text != "" {
			s.cut = s.diagnose(&lua.ApiError{
				Type:       lua.ApiErrorRun,
				Object:     lua.LString(where(L, 0) + text),
				StackTrace: s.scheduler.stackTrace(L),
			})
			s.cut.Err = errCut
		}
		s.scheduler.exiting = true
	}
	L.Error(exitMark, 0)
}
