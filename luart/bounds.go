package luart

import (
	"math"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// bounds is what the text says about how large numbers get: where sums and products of plain numbers are exact, and which values are
// certainly no 64-bit values. Operators on those need no check.
type bounds struct {
	r       *resolution
	locals  map[*local]float64 // what number returns; unbounded while that is being found
	tainted map[*local]bool    // those that may hold other things than plain numbers and text
}

const (
	// unbounded is what may be anything.
	unbounded = math.MaxFloat64
	// anyNumber bounds what is certainly a plain number.
	anyNumber = math.MaxFloat64 / 2
	// smallStep is the most that a counter grows by at once: at that rate it takes months of nothing else to get to maxLoop.
	smallStep = 16
)

// bounds finds the local variables that hold nothing but plain numbers and text, ever: all are taken for such, and those are tainted that
// are assigned something that is not, until nothing changes.
func (r *resolution) bounds() *bounds {
	b := &bounds{r: r, locals: make(map[*local]float64), tainted: make(map[*local]bool)}
	for _, l := range r.locals {
		// Without a value it is nil, and what compares with nil is an error either way; but it is not plain.
		if l.unknown || len(l.values) == 0 {
			b.tainted[l] = true
		}
	}
	// Real programs settle in two or three rounds; a chain of assignments against the order of the
	// text takes a round for each link, and is cut off by giving up on all.
	const rounds = 10
	for range rounds {
		if !b.taint() {
			return b
		}
	}
	for _, l := range r.locals {
		b.tainted[l] = true
	}
	return b
}

// taint does one round and reports whether anything changed.
func (b *bounds) taint() (changed bool) {
	for _, l := range b.r.locals {
		if b.tainted[l] {
			continue
		}
		for _, v := range l.values {
			if !b.isPlain(*v) {
				b.tainted[l] = true
				changed = true
				break
			}
		}
	}
	return changed
}

// isExact reports whether the interpreter is right about the operator at the top of e, whatever the operands are.
func (b *bounds) isExact(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ArithmeticOpExpr:
		if isFraction(e.Lhs) || isFraction(e.Rhs) {
			return true
		}
		if e.Operator == "/" || e.Operator == "%" {
			return b.number(e.Lhs) <= anyNumber && b.number(e.Rhs) <= anyNumber
		}
		return b.number(e) < exactLimit
	case *ast.UnaryMinusOpExpr:
		return b.number(e.Expr) <= anyNumber
	case *ast.UnaryLenOpExpr:
		_, ok := e.Expr.(*ast.StringExpr)
		return ok
	case *ast.RelationalOpExpr:
		if b.isPlain(e.Lhs) && b.isPlain(e.Rhs) {
			return true
		}
		return (e.Operator == "==" || e.Operator == "~=") && (b.equalsNoWide(e.Lhs) || b.equalsNoWide(e.Rhs))
	}
	return true
}

// isPlain reports whether e is certainly a plain number or text.
func (b *bounds) isPlain(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.StringExpr, *ast.UnaryLenOpExpr:
		return true
	case *ast.IdentExpr:
		l := b.r.bindings[e]
		return l != nil && !b.tainted[l]
	case *ast.StringConcatOpExpr:
		return b.isPlain(e.Lhs) && b.isPlain(e.Rhs)
	}
	return b.number(e) <= anyNumber
}

// equalsNoWide reports whether e is certainly no number that equals a 64-bit value.
func (b *bounds) equalsNoWide(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NilExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.FunctionExpr, *ast.TableExpr, *ast.UnaryNotOpExpr, *ast.RelationalOpExpr,
		*ast.StringExpr:
		return true
	case *ast.IdentExpr:
		if l := b.r.bindings[e]; l != nil && l.nature == onlyText {
			return true
		}
	}
	return b.number(e) < exactLimit
}

// number returns what the magnitude of e does not exceed, and unbounded where e may be no plain number.
func (b *bounds) number(e ast.Expr) float64 {
	switch e := e.(type) {
	case *ast.NumberExpr:
		if n, ok := literal(e); ok {
			return math.Abs(float64(n))
		}
	case *ast.IdentExpr:
		if l := b.r.bindings[e]; l != nil {
			return b.local(l)
		}
	case *ast.UnaryMinusOpExpr:
		return b.number(e.Expr)
	case *ast.UnaryLenOpExpr:
		return maxLength
	case *ast.LogicalOpExpr:
		if e.Operator == "or" {
			return max(b.chosen(e.Lhs), b.number(e.Rhs))
		}
	case *ast.ArithmeticOpExpr:
		return b.arithmetic(e)
	}
	return unbounded
}

// maxLength is more than any list has elements and any text has bytes.
const maxLength = 1 << 40

// chosen is number of the first operand of or, which may be of the form a and b.
func (b *bounds) chosen(e ast.Expr) float64 {
	if and, ok := e.(*ast.LogicalOpExpr); ok && and.Operator == "and" {
		return b.number(and.Rhs)
	}
	return b.number(e)
}

func (b *bounds) arithmetic(e *ast.ArithmeticOpExpr) float64 {
	x, y := b.number(e.Lhs), b.number(e.Rhs)
	if x > anyNumber || y > anyNumber {
		return unbounded
	}
	var r float64
	switch e.Operator {
	case "+", "-":
		r = x + y
	case "*":
		r = x * y
	case "^":
		if isFraction(e.Rhs) {
			return anyNumber
		}
		if _, ok := e.Rhs.(*ast.NumberExpr); !ok { // it may be negative
			return unbounded
		}
		r = math.Pow(max(x, 1), y)
	case "%":
		return y
	default:
		return anyNumber
	}
	switch {
	case r < exactLimit:
		return r
	case isFraction(e.Lhs), isFraction(e.Rhs):
		return anyNumber
	}
	return unbounded
}

// local is number of what a local variable holds.
func (b *bounds) local(l *local) float64 {
	if bound, ok := b.locals[l]; ok {
		return bound
	}
	b.locals[l] = unbounded
	switch {
	case l.nature == smallNumber:
		b.locals[l] = 1 << 32
	case l.nature == anything && !l.unknown && len(l.values) > 0:
		b.locals[l] = b.assigned(l)
	}
	return b.locals[l]
}

// assigned bounds what is assigned to l. A counter, which grows by a little each time, does not live to get too large.
func (b *bounds) assigned(l *local) float64 {
	bound, counts := 0.0, false
	for _, v := range l.values {
		if b.isStep(l, *v) {
			counts = true
		} else {
			bound = max(bound, b.number(*v))
		}
	}
	if !counts {
		return bound
	}
	if bound <= maxLoop/2 {
		return maxLoop
	}
	return unbounded
}

// isStep reports whether e is l plus or minus a little.
func (b *bounds) isStep(l *local, e ast.Expr) bool {
	op, ok := e.(*ast.ArithmeticOpExpr)
	if !ok || op.Operator != "+" && op.Operator != "-" {
		return false
	}
	id, ok := op.Lhs.(*ast.IdentExpr)
	return ok && b.r.bindings[id] == l && b.number(op.Rhs) <= smallStep
}

// isDense reports whether a table whose keys are all like e has no large gaps between them: they are counted, or no numbers.
func (b *bounds) isDense(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.StringExpr, *ast.UnaryLenOpExpr:
		return true
	case *ast.IdentExpr:
		if l := b.r.bindings[e]; l != nil && (l.nature == onlyText || b.local(l) == maxLoop) {
			return true
		}
	case *ast.ArithmeticOpExpr:
		if (e.Operator == "+" || e.Operator == "-") && b.isDense(e.Lhs) && b.number(e.Rhs) <= smallStep {
			return true
		}
	}
	return b.number(e) < sparseKey
}

// literal returns the value of a literal that is a plain number.
func literal(e ast.Expr) (lua.LNumber, bool) {
	n, ok := e.(*ast.NumberExpr)
	if !ok {
		return 0, false
	}
	v, _ := parseNumber(n.Value)
	f, ok := v.(lua.LNumber)
	return f, ok
}

// isFraction reports whether e is a literal that is no integer.
func isFraction(e ast.Expr) bool {
	n, ok := literal(e)
	return ok && float64(n) != math.Trunc(float64(n))
}
