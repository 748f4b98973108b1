package luart

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// An exactOperator is an operator and what it is to make of two integers, of which plain says that both are plain numbers.
type exactOperator struct {
	text string
	of   func(a, b *big.Int, plain bool) lua.LValue
}

// integral returns the value of a sum or product: exact where 64 bits can mean it, else a float if both operands were, else modulo 2^64.
func integral(n, a, b *big.Int, plain bool) lua.LValue {
	if n.IsInt64() || n.IsUint64() {
		return valueOf(n)
	}
	if plain {
		f, _ := new(big.Float).SetInt(n).Float64()
		return lua.LNumber(f)
	}
	return valueOf(wrapped(n, a.Sign() < 0 || b.Sign() < 0))
}

func exactOperators() []exactOperator {
	compares := func(holds func(order int) bool) func(a, b *big.Int, plain bool) lua.LValue {
		return func(a, b *big.Int, _ bool) lua.LValue { return lua.LBool(holds(a.Cmp(b))) }
	}
	return []exactOperator{
		{"+", func(a, b *big.Int, plain bool) lua.LValue { return integral(new(big.Int).Add(a, b), a, b, plain) }},
		{"-", func(a, b *big.Int, plain bool) lua.LValue { return integral(new(big.Int).Sub(a, b), a, b, plain) }},
		{"*", func(a, b *big.Int, plain bool) lua.LValue { return integral(new(big.Int).Mul(a, b), a, b, plain) }},
		{"%", func(a, b *big.Int, _ bool) lua.LValue {
			if b.Sign() == 0 {
				return lua.LNumber(math.NaN())
			}
			m := new(big.Int).Mod(a, b) // Euclidean: from 0
			if b.Sign() < 0 && m.Sign() != 0 {
				m.Add(m, b)
			}
			return valueOf(m)
		}},
		{"/", func(a, b *big.Int, plain bool) lua.LValue {
			if b.Sign() == 0 {
				return lua.LNumber(new(big.Float).SetInt(a).Sign()) / lua.LNumber(0*math.Copysign(0, 1))
			}
			if q, r := new(big.Int).QuoRem(a, b, new(big.Int)); r.Sign() == 0 && (q.IsInt64() || q.IsUint64()) {
				return valueOf(q)
			}
			f, _ := new(big.Rat).SetFrac(a, b).Float64()
			return lua.LNumber(f)
		}},
		{"<", compares(func(c int) bool { return c < 0 })},
		{"<=", compares(func(c int) bool { return c <= 0 })},
		{">", compares(func(c int) bool { return c > 0 })},
		{">=", compares(func(c int) bool { return c >= 0 })},
		{"==", compares(func(c int) bool { return c == 0 })},
		{"~=", compares(func(c int) bool { return c != 0 })},
	}
}

// sameNumber reports whether both are the same value, and of the same kind.
func sameNumber(a, b lua.LValue) bool {
	x, ok := a.(lua.LNumber)
	y, also := b.(lua.LNumber)
	if ok && also && x != x && y != y {
		return true // not a number, both
	}
	return a == b
}

// Every operator is exact, in whatever form it is written and from wherever its operands come.
func TestOperatorsAreExact(t *testing.T) {
	// %[1]s and %[3]s are the operands as literals, %[2]s is the operator.
	forms := []string{
		"return function(a, b) return a %[2]s b end",
		"return function(a, b) a = a %[2]s b return a end",
		"return function(a, b) b = a %[2]s b return b end",
		"return function(a, b) local t = {x = a, y = b} t.x = t.x %[2]s t.y return t.x end",
		"return function(a, b) return (function() a = a %[2]s b return a end)() end",
		"return function(a, b) local r = {a %[2]s b} return (unpack(r)) end",
		"return function(a, b) local c = coroutine.wrap(function() return a %[2]s b end) return c() end",
		"return function(a, b) return a %[2]s %[3]s end",
		"return function(a, b) return %[1]s %[2]s b end",
		"return function() return %[1]s %[2]s %[3]s end",
		"local a = %[1]s local b = %[3]s return function() return a %[2]s b end",
		"local a, b = %[1]s, %[3]s return function() for _ = 1, 1 do a = a %[2]s b end return a end",
	}
	var constants strings.Builder // more than an instruction can name
	for i := range 300 {
		fmt.Fprintf(&constants, "%d.25, ", i)
	}
	forms = append(forms, "return function(a, b) local _ = {"+constants.String()+"} a = a %[2]s b return a end")
	condition := []string{
		"return function(a, b) if a %[2]s b then return true end return false end",
		"return function(a, b) if not (a %[2]s b) then return false else return true end end",
		"return function(a, b) return a %[2]s b and true or false end",
		"return function(a, b) while a %[2]s b do return true end return false end",
		"return function(a, b) local r = false repeat r = a %[2]s b until a %[2]s b or true return r end",
		"return function(a, b) local x = a %[2]s b local y = nil or a %[2]s b return x and y end",
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	s, err := loadText(t, "", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	L := s.state
	all := operands(r)
	literal := func(n *big.Int) string {
		if n.Sign() < 0 {
			return "(" + n.String() + ")"
		}
		return n.String()
	}
	eval := func(text string, args ...lua.LValue) lua.LValue {
		t.Helper()
		src := newSource("/x", text)
		fn, err := s.compile(L, src)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		L.Push(fn)
		L.Call(0, 1)
		for _, a := range args {
			L.Push(a)
		}
		L.Call(len(args), 1)
		v := L.Get(-1)
		L.Pop(1)
		return v
	}
	plain := func(n *big.Int) bool { _, ok := valueOf(n).(lua.LNumber); return ok }
	check := func(op exactOperator, form string, a, b *big.Int) {
		t.Helper()
		text := fmt.Sprintf(form, literal(a), op.text, literal(b))
		got, want := eval(text, valueOf(a), valueOf(b)), op.of(a, b, plain(a) && plain(b))
		if !sameNumber(got, want) {
			t.Errorf("seed %d: %v %s %v is %v, want %v, in %s", seed, a, op.text, b, got, want, text)
		}
	}
	for _, op := range exactOperators() {
		forms := forms
		if strings.ContainsAny(op.text, "<>=") {
			forms = slices.Concat(forms, condition)
		}
		for _, form := range forms {
			for range 60 {
				check(op, form, all[r.IntN(len(all))], all[r.IntN(len(all))])
			}
		}
		// All pairs, without compiling anything again.
		fn := eval(fmt.Sprintf("return function() return function(a, b) return a %s b end end", op.text))
		for _, a := range all {
			for _, b := range all {
				L.Push(fn)
				L.Push(valueOf(a))
				L.Push(valueOf(b))
				L.Call(2, 1)
				got, want := L.Get(-1), op.of(a, b, plain(a) && plain(b))
				L.Pop(1)
				if !sameNumber(got, want) {
					t.Fatalf("seed %d: %v %s %v is %v, want %v", seed, a, op.text, b, got, want)
				}
			}
		}
	}
}

// An integer passes through all that scripts do with numbers as it is.
func TestIntegersPass(t *testing.T) {
	var out strings.Builder
	s, err := loadText(t, `function pass(v, text)
    local t, m = {[v] = "found"}, map()
    m[v] = "found"
    local function is(what, ok) if not ok then error(what .. " of " .. text, 0) end end
    is("tostring", tostring(v) == text and v .. "" == text and "" .. v == text)
    is("tonumber", tonumber(text) == v and tonumber(v) == v and tonumber(" " .. text .. " ") == v)
    is("text", text + 0 == v and 0 + text == v and text - 0 == v and text * 1 == v and 1 * text == v and text / 1 == v and -text == -v)
    is("format", string.format("%d", v) == text and (v < 0 or string.format("%u", v) == text) and string.format("%s", v) == text)
    is("hex", tonumber(string.format("%x", v), 16) == (v < 0 and v + 2 ^ 63 + 2 ^ 63 or v))
    is("json", json.decode(json.encode(v)) == v and json.encode({v}) == "[" .. text .. "]" and json.decode('{"v":' .. text .. "}").v == v)
    is("keys", t[v] == "found" and t[tonumber(text)] == "found" and m[v] == "found" and m[tonumber(text)] == "found")
    is("next", next(t) == v and next(m) == v)
    is("math", math.floor(v) == v and math.ceil(v) == v and math.max(v, v) == v and math.min(v) == v)
    is("abs", math.abs(v) == (v < 0 and v > -2 ^ 63 and -v or math.abs(v)))
    is("concat", table.concat({v, v}, ",") == text .. "," .. text)
    is("double minus", -(-v) == v or v == 2 ^ 63 or v > 2 ^ 63)
    is("sum", v + 1 - 1 == v and v - 1 + 1 == v and v * 2 / 2 == v or v >= 2 ^ 63 or v <= -2 ^ 62)
    is("order", v - 1 < v or v == -2 ^ 63)
    os.print(v, " ", {v}, "\n")
    printf("%d\n", v)
    return table.concat({v})
end`, LoadOptions{Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	fn := s.state.GetGlobal("pass")
	s.scope = inScript
	for _, n := range operands(rand.New(rand.NewPCG(1, 2))) {
		out.Reset()
		if err := s.state.CallByParam(lua.P{Fn: fn, Protect: true}, valueOf(n), lua.LString(n.String())); err != nil {
			t.Errorf("%v: %v", n, err)
		} else if got := out.String(); strings.Count(got, n.String()) != 3 {
			t.Errorf("%v is printed as %q", n, got)
		}
	}
	// In order, whatever the kinds.
	all := operands(rand.New(rand.NewPCG(3, 4)))
	list := s.state.NewTable()
	for _, n := range all {
		list.Append(valueOf(n))
	}
	slices.SortFunc(all, func(a, b *big.Int) int { return a.Cmp(b) })
	for _, order := range []string{"sort", "table.sort"} {
		s.state.SetGlobal("list", list)
		if err := s.state.DoString(order + "(list)"); err != nil {
			t.Fatal(err)
		}
		for i, n := range all {
			if got := list.RawGetInt(i + 1).String(); got != n.String() {
				t.Fatalf("%s: element %d is %s, want %v", order, i+1, got, n)
			}
		}
	}
}
