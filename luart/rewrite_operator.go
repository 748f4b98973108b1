package luart

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// hiddenOperator is an operator that scripts call as a function; see rewrite.
type hiddenOperator struct {
	text string
	name string // of the hidden local
	call func(s *Script, L *lua.LState) int
}

// operators are all of them, in the order of the hidden locals.
var operators = []hiddenOperator{
	{"<", "(lt)", comparison("<", func(a, b lua.LNumber) bool { return a < b })},
	{"<=", "(le)", comparison("<=", func(a, b lua.LNumber) bool { return a <= b })},
	{">", "(gt)", comparison(">", func(a, b lua.LNumber) bool { return a > b })},
	{">=", "(ge)", comparison(">=", func(a, b lua.LNumber) bool { return a >= b })},
	{"==", "(eq)", comparison("==", func(a, b lua.LNumber) bool { return a == b })},
	{"*", "(mul)", exactly("__mul", multiply)},
	{"^", "(pow)", exactly("__pow", raise)},
	{"#", "(len)", (*Script).length},
}

// comparison returns the function that stands for op. Two numbers, the usual case, do not take the way through compare.
func comparison(op string, numbers func(a, b lua.LNumber) bool) func(s *Script, L *lua.LState) int {
	return func(_ *Script, L *lua.LState) int {
		a, b := L.Get(1), L.Get(2)
		x, ok := a.(lua.LNumber)
		y, also := b.(lua.LNumber)
		if ok && also {
			L.Push(lua.LBool(numbers(x, y)))
		} else {
			L.Push(lua.LBool(compare(L, op, a, b)))
		}
		return 1
	}
}

// exactly returns the function that stands for the operator of that metamethod. numbers is what it makes of two numbers.
func exactly(event string, numbers func(x, y lua.LNumber) lua.LValue) func(s *Script, L *lua.LState) int {
	return func(_ *Script, L *lua.LState) int {
		a, b := L.Get(1), L.Get(2)
		x, ok := a.(lua.LNumber)
		y, also := b.(lua.LNumber)
		if ok && also {
			L.Push(numbers(x, y))
		} else {
			L.Push(arith(L, event, a, b, numbers))
		}
		return 1
	}
}

// arith is the rest of an operator: metamethods, strings that hold numbers, and errors, as the interpreter has them.
func arith(L *lua.LState, event string, a, b lua.LValue, numbers func(x, y lua.LNumber) lua.LValue) lua.LValue {
	fn := L.GetMetaField(a, event)
	if fn == lua.LNil {
		fn = L.GetMetaField(b, event)
	}
	if fn.Type() == lua.LTFunction {
		L.Push(fn)
		L.Push(a)
		L.Push(b)
		L.Call(2, 1)
		v := L.Get(-1)
		L.Pop(1)
		return v
	}
	v, ok := operand(a)
	w, also := operand(b)
	if !ok || !also {
		L.RaiseError("cannot perform %s operation between %s and %s", event[2:], typeName(a), typeName(b))
	}
	if x, ok := v.(lua.LNumber); ok {
		if y, ok := w.(lua.LNumber); ok {
			return numbers(x, y)
		}
	}
	return arithmetic[event].of(v, w)
}

// multiply returns x*y, which is exact where both are integers and 64 bits can mean it. Otherwise it is a float, as of all numbers.
func multiply(x, y lua.LNumber) lua.LValue {
	p := x * y
	if p < exactLimit && p > -exactLimit {
		return p
	}
	if i, ok := integerOfFloat(float64(x)); ok {
		if j, ok := integerOfFloat(float64(y)); ok {
			if hi, lo := bits.Mul64(i.mag, j.mag); hi == 0 && (i.neg == j.neg || lo <= 1<<63) {
				return integer{neg: i.neg != j.neg, mag: lo}.value()
			}
		}
	}
	return p
}

// raise returns x^y, exact as multiply is.
func raise(x, y lua.LNumber) lua.LValue {
	p := math.Pow(float64(x), float64(y))
	i, ok := integerOfFloat(float64(x))
	if !ok || y < 0 || y > 64 || y != lua.LNumber(int(y)) || math.Abs(p) < exactLimit || math.Abs(p) > 1<<64 {
		return lua.LNumber(p)
	}
	product := integer{mag: 1}
	for range int(y) {
		hi, lo := bits.Mul64(product.mag, i.mag)
		if hi != 0 {
			return lua.LNumber(p)
		}
		product.mag = lo
	}
	product.neg = i.neg && int(y)%2 == 1
	if product.neg && product.mag > 1<<63 {
		return lua.LNumber(p)
	}
	return product.value()
}

// isExact reports whether the interpreter's own product or power is: of small numbers, or where no operand is an integer.
func (r *resolution) isExact(e *ast.ArithmeticOpExpr) bool {
	if isFraction(e.Lhs) || isFraction(e.Rhs) {
		return true
	}
	x, y := r.bound(e.Lhs), r.bound(e.Rhs)
	if e.Operator == "^" {
		return math.Pow(x, y) <= exactLimit
	}
	return x*y <= exactLimit
}

// isFraction reports whether e is a literal that is no integer.
func isFraction(e ast.Expr) bool {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return false
	}
	v, ok := parseNumber(n.Value)
	f, isFloat := v.(lua.LNumber)
	return ok && isFloat && f != lua.LNumber(math.Trunc(float64(f)))
}

// bound returns a number above 1 that the magnitude of e does not exceed.
func (r *resolution) bound(e ast.Expr) float64 {
	switch e := e.(type) {
	case *ast.NumberExpr:
		if v, ok := parseNumber(e.Value); ok {
			return math.Abs(floatOf(v)) + 1
		}
	case *ast.UnaryMinusOpExpr:
		return r.bound(e.Expr)
	case *ast.IdentExpr:
		if l := r.bindings[e]; l != nil && l.nature == smallNumber {
			return 1 << 32
		}
	}
	return math.Inf(1)
}

// compares reports whether the interpreter's own comparison is right, which is faster.
func (r *resolution) compares(plain *plainLocals, e *ast.RelationalOpExpr) bool {
	if plain.expr(e.Lhs) && plain.expr(e.Rhs) {
		return true
	}
	return (e.Operator == "==" || e.Operator == "~=") && (r.isNoWide(e.Lhs) || r.isNoWide(e.Rhs))
}

// isNoWide reports whether e is certainly no number that equals a 64-bit value.
func (r *resolution) isNoWide(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NilExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.StringExpr, *ast.FunctionExpr, *ast.TableExpr, *ast.UnaryNotOpExpr,
		*ast.RelationalOpExpr:
		return true
	case *ast.NumberExpr: // those above 2^53 were replaced before, or are too large
		return true
	case *ast.IdentExpr:
		l := r.bindings[e]
		return l != nil && (l.nature == smallNumber || l.nature == onlyText)
	}
	return false
}
