package luart

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// What the type of a check says to the interpreter, see instrument.
const (
	goOn = lua.LTUserData // to execute the instruction behind the check
	skip = lua.LTNil      // not to, for the check has done it
)

// operandPlace is where an operand of an instruction is.
type operandPlace struct {
	constant lua.LValue // nil: in a register
	argument int        // the number of the register as L.Get counts
}

func (p operandPlace) in(L *lua.LState) lua.LValue {
	if p.constant != nil {
		return p.constant
	}
	return L.Get(p.argument)
}

// setRegister gives a register of the running function a value.
func setRegister(L *lua.LState, register int, v lua.LValue) {
	if L.GetTop() <= register {
		L.SetTop(register + 1)
	}
	L.Replace(register+1, v)
}

// arithmeticCheck is the check of a sum, product, quotient, remainder or power.
type arithmeticCheck struct {
	script *Script
	op     int
	result int // the register
	x, y   operandPlace
}

func (c *arithmeticCheck) String() string { return "(arithmetic)" }

// Type says to go on where both operands are plain numbers and the interpreter's result is exact.
func (c *arithmeticCheck) Type() lua.LValueType {
	L := c.script.scheduler.running
	x, y := c.x.in(L), c.y.in(L)
	m, ok := x.(lua.LNumber)
	n, also := y.(lua.LNumber)
	if !ok || !also {
		return c.others(L, x, y)
	}
	var r lua.LNumber
	switch c.op {
	case lua.OP_ADD:
		r = m + n
	case lua.OP_SUB:
		r = m - n
	case lua.OP_MUL:
		r = m * n
	case lua.OP_POW:
		r = lua.LNumber(math.Pow(float64(m), float64(n)))
	}
	// Quotients and remainders of plain numbers are as exact as numbers can be.
	if r < exactLimit && r > -exactLimit {
		return goOn
	}
	setRegister(L, c.result, arithmetic[c.op].ofNumbers(m, n, r))
	return skip
}

// others is Type where an operand is no plain number. What is neither a number nor text that holds one the interpreter knows
// how to deal with.
func (c *arithmeticCheck) others(L *lua.LState, x, y lua.LValue) lua.LValueType {
	op := arithmetic[c.op]
	if _, ok := x.(lua.LString); ok && L.GetMetaField(x, op.event) != lua.LNil {
		return goOn
	}
	v, ok := operand(x)
	w, also := operand(y)
	if !ok || !also {
		return goOn
	}
	m, ok := v.(lua.LNumber)
	n, also := w.(lua.LNumber)
	if ok && also {
		setRegister(L, c.result, op.ofNumbers(m, n, lua.LNumber(op.floats(float64(m), float64(n)))))
	} else {
		setRegister(L, c.result, op.of(v, w))
	}
	return skip
}

// negationCheck is the check of a unary minus: the interpreter rounds text.
type negationCheck struct {
	script *Script
	result int
	x      operandPlace
}

func (c *negationCheck) String() string { return "(negation)" }

// Type says to go on unless the operand is text that holds a number.
func (c *negationCheck) Type() lua.LValueType {
	L := c.script.scheduler.running
	text, ok := c.x.in(L).(lua.LString)
	if !ok || L.GetMetaField(text, "__unm") != lua.LNil {
		return goOn
	}
	v, ok := parseNumber(string(text))
	if !ok {
		return goOn
	}
	setRegister(L, c.result, negated(v))
	return skip
}

// lengthCheck is the check of #: lists may be longer than the interpreter knows.
type lengthCheck struct {
	script *Script
	result int
	x      operandPlace
}

func (c *lengthCheck) String() string { return "(length)" }

// Type says to go on where the interpreter knows the length.
func (c *lengthCheck) Type() lua.LValueType {
	L := c.script.scheduler.running
	switch v := c.x.in(L).(type) {
	case *lua.LTable:
		if v.Len() < maxArray-1 || L.GetMetaField(v, "__len") != lua.LNil {
			return goOn
		}
		setRegister(L, c.result, lua.LNumber(c.script.lengths.of(v)))
		return skip
	case lua.LString:
	default:
		if L.GetMetaField(v, "__len") == lua.LNil {
			L.RaiseError("attempt to get length of %s", describe(v))
		}
	}
	return goOn
}

// concatCheck is the check of a concatenation: each may double what there is.
type concatCheck struct {
	script      *Script
	first, last int // the registers
}

func (c *concatCheck) String() string { return "(concatenation)" }

// Type raises an error where the text would be larger than is allowed.
func (c *concatCheck) Type() lua.LValueType {
	L, size := c.script.scheduler.running, 0
	for i := c.first; i <= c.last; i++ {
		if text, ok := L.Get(i + 1).(lua.LString); ok {
			size += len(text)
		}
	}
	if size > maxString {
		L.RaiseError("..: the result would be larger than %d MB", maxString>>20)
	}
	c.script.guard.reserve(size)
	return goOn
}

// comparisonCheck is the check of a comparison.
type comparisonCheck struct {
	script *Script
	op     int
	x, y   operandPlace
}

func (c *comparisonCheck) String() string { return "(comparison)" }

// Type says to go on unless numbers are compared of which at least one is wide.
func (c *comparisonCheck) Type() lua.LValueType {
	L := c.script.scheduler.running
	x, y := c.x.in(L), c.y.in(L)
	_, ok := x.(lua.LNumber)
	_, also := y.(lua.LNumber)
	if ok && also {
		return goOn
	}
	order, ok := compareWide(x, y)
	if !ok {
		return goOn
	}
	switch c.op {
	case lua.OP_LT:
		c.script.compared = order == -1
	case lua.OP_LE:
		c.script.compared = order == -1 || order == 0
	default:
		c.script.compared = order == 0
	}
	return skip
}

// compared is whether the comparison holds that was checked last.
type compared bool

func (*compared) String() string { return "(compared)" }

// Type makes what holds equal to nil.
func (c *compared) Type() lua.LValueType {
	if *c {
		return lua.LTNil
	}
	return lua.LTUserData
}

// loopCheck is the check of a for loop over numbers.
type loopCheck struct {
	script *Script
	first  int // the register of the first value, followed by those of limit and step
}

func (c *loopCheck) String() string { return "(loop)" }

const (
	// maxLoop bounds the variable of a loop, such that it and sums with it are exact.
	maxLoop = exactLimit / 2
	// manySteps is more than a loop lives to see.
	manySteps = 1 << 40
)

// Type raises an error where the loop would come to numbers that it cannot count exactly.
func (c *loopCheck) Type() lua.LValueType {
	L := c.script.scheduler.running
	var values [3]lua.LValue
	for i, what := range []string{"first value", "limit", "step"} {
		v, ok := operand(L.Get(c.first + i + 1))
		if !ok {
			L.RaiseError("for: the %s: %v", what, expected("a number", L.Get(c.first+i+1)))
		}
		values[i] = v
	}
	first, limit, step := floatOf(values[0]), floatOf(values[1]), floatOf(values[2])
	switch ends := step > 0 && first > limit || step <= 0 && first < limit; {
	case ends:
		values = [3]lua.LValue{lua.LNumber(1), lua.LNumber(0), lua.LNumber(1)}
	case math.Abs(first) > maxLoop, math.Abs(limit) > maxLoop && (maxLoop-math.Abs(first))/math.Abs(step) < manySteps:
		what := values[1]
		if math.Abs(first) > maxLoop {
			what = values[0]
		}
		L.RaiseError("for: %v is more than a loop counts to exactly (2^52); count from 0, and add the first value inside of the loop", what)
	}
	for i, v := range values {
		if w, ok := v.(wide); ok {
			v = lua.LNumber(floatOf(w)) // a limit that is out of reach
		}
		if v != L.Get(c.first+i+1) {
			setRegister(L, c.first+i, v)
		}
	}
	return goOn
}
