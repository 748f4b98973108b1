package luart

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// edges are integers around which representations change.
func edges() []*big.Int {
	var list []*big.Int
	for _, exponent := range []uint{0, 1, 31, 32, 52, 53, 54, 62, 63, 64} {
		for d := int64(-2); d <= 2; d++ {
			n := new(big.Int).Lsh(big.NewInt(1), exponent)
			n.Add(n, big.NewInt(d))
			list = append(list, n, new(big.Int).Neg(n))
		}
	}
	return list
}

// operands returns integers in [-2^63, 2^64): edges, and as many random ones of all magnitudes.
func operands(r *rand.Rand) []*big.Int {
	list := edges()
	for range len(list) {
		list = append(list, new(big.Int).SetUint64(r.Uint64()>>r.UintN(64)), big.NewInt(int64(r.Uint64())>>r.UintN(63)))
	}
	var valid []*big.Int
	for _, n := range list {
		if n.IsInt64() || n.IsUint64() {
			valid = append(valid, n)
		}
	}
	return valid
}

// valueOf returns n as scripts see it.
func valueOf(n *big.Int) lua.LValue {
	if n.IsInt64() {
		return signedValue(n.Int64())
	}
	return unsignedValue(n.Uint64())
}

// wrapped is the documented rule: exact where 64 bits can mean it, else modulo 2^64, signed if an operand is negative.
func wrapped(n *big.Int, signed bool) *big.Int {
	if n.IsInt64() || n.IsUint64() {
		return n
	}
	n = new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)) // of the infinite two's complement
	if signed {
		return big.NewInt(int64(n.Uint64()))
	}
	return n
}

func TestIntegerArithmetic(t *testing.T) {
	seed := rand.Uint64()
	all := operands(rand.New(rand.NewPCG(seed, 0)))
	floored := func(a, b *big.Int) *big.Int {
		m := new(big.Int).Mod(a, b) // Euclidean: from 0
		if b.Sign() < 0 && m.Sign() != 0 {
			m.Add(m, b)
		}
		return m
	}
	for _, a := range all {
		for _, b := range all {
			i, _ := integerOf(valueOf(a))
			j, _ := integerOf(valueOf(b))
			signed := a.Sign() < 0 || b.Sign() < 0
			check := func(op string, got integer, want *big.Int) {
				t.Helper()
				if want = wrapped(want, signed); got.String() != want.String() {
					t.Errorf("seed %d: %v %s %v = %v, want %v", seed, a, op, b, got, want)
				}
			}
			check("+", i.add(j), new(big.Int).Add(a, b))
			check("-", i.sub(j), new(big.Int).Sub(a, b))
			check("*", i.mul(j), new(big.Int).Mul(a, b))
			if b.Sign() != 0 {
				check("%", i.mod(j), floored(a, b))
				q, r := new(big.Int).QuoRem(a, b, new(big.Int))
				got, exact := i.quo(j)
				if want := r.Sign() == 0 && (q.IsInt64() || q.IsUint64()); exact != want {
					t.Errorf("seed %d: %v / %v is exact: %v, want %v", seed, a, b, exact, want)
				} else if exact {
					check("/", got, q)
				}
			}
			if got, want := i.cmp(j), a.Cmp(b); got != want {
				t.Errorf("seed %d: cmp(%v, %v) = %d, want %d", seed, a, b, got, want)
			}
			if (valueOf(a) == valueOf(b)) != (a.Cmp(b) == 0) {
				t.Errorf("seed %d: %v == %v is not what it should be", seed, a, b)
			}
		}
	}
}

// A value is a plain number exactly where a float64 has every integer up to it.
func TestIntegerValue(t *testing.T) {
	for _, n := range edges() {
		if !n.IsInt64() && !n.IsUint64() {
			continue
		}
		v := valueOf(n)
		_, plain := v.(lua.LNumber)
		if want := new(big.Int).Abs(n).Cmp(big.NewInt(1<<53)) <= 0; plain != want {
			t.Errorf("%v is a plain number: %v, want %v", n, plain, want)
		}
		if v.String() != n.String() {
			t.Errorf("%v is written %v", n, v)
		}
		parsed, ok := parseNumber(n.String())
		if !ok || parsed != v {
			t.Errorf("parseNumber(%v) = %v", n, parsed)
		}
		i, ok := integerOf(v)
		if !ok || i.value() != v {
			t.Errorf("integerOf(%v) = %v", v, i)
		}
	}
}

// Comparisons of any mix of integers and floats agree with those of exact rationals.
func TestCompareMixed(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	L := lua.NewState()
	defer L.Close()
	openValues(L, nil)

	type sample struct {
		v     lua.LValue
		exact *big.Float
	}
	var all []sample
	for _, n := range operands(r) {
		all = append(all, sample{valueOf(n), new(big.Float).SetInt(n)})
	}
	for _, f := range []float64{0.5, -0.5, 1 << 53, 1 << 54, 1 << 60, 1<<53 - 0.5, -(1 << 63), 1 << 64, 1e19, 1e30, -1e30, math.Inf(1), math.Inf(-1)} {
		all = append(all, sample{lua.LNumber(f), big.NewFloat(f)})
	}
	for range 50 {
		f := r.NormFloat64() * math.Pow(2, float64(r.IntN(80)))
		all = append(all, sample{lua.LNumber(f), big.NewFloat(f)})
	}
	for _, a := range all {
		for _, b := range all {
			c := a.exact.Cmp(b.exact)
			for op, want := range map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "==": c == 0, "~=": c != 0} {
				if got := compare(L, op, a.v, b.v); got != want {
					t.Errorf("seed %d: %v %s %v = %v, want %v", seed, a.v, op, b.v, got, want)
				}
			}
		}
		for _, op := range []string{"<", "<=", ">", ">=", "=="} {
			if compare(L, op, a.v, lua.LNumber(math.NaN())) || compare(L, op, lua.LNumber(math.NaN()), a.v) {
				t.Errorf("%v %s NaN holds", a.v, op)
			}
		}
	}
}

func TestPower(t *testing.T) {
	for _, test := range []struct{ base, exponent, want string }{
		{"2", "53", "9007199254740992"},
		{"3", "40", "12157665459056928801"},
		{"9007199254740993", "1", "9007199254740993"},
		{"18446744073709551615", "2", "1"}, // (-1)^2 modulo 2^64
		{"9007199254740993", "0", "1"},
	} {
		t.Run(fmt.Sprintf("%s^%s", test.base, test.exponent), func(t *testing.T) {
			base, _ := parseNumber(test.base)
			exponent, _ := parseNumber(test.exponent)
			i, _ := integerOf(base)
			j, _ := integerOf(exponent)
			if got := power(i, j).String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What math.random returns lies between its bounds, and every integer of a small range comes.
func TestRandomBetween(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	list := operands(r)
	for range 2000 {
		low, high := list[r.IntN(len(list))], list[r.IntN(len(list))]
		span := new(big.Int).Sub(high, low)
		of := func(n *big.Int) integer { i, _ := integerOf(valueOf(n)); return i }
		got, err := randomBetween(of(low), of(high))
		if wrong := span.Sign() < 0 || span.BitLen() > 64; wrong != (err != nil) {
			t.Fatalf("from %v to %v: %v", low, high, err)
		}
		if n, _ := new(big.Int).SetString(got.String(), 10); err == nil && (n.Cmp(low) < 0 || n.Cmp(high) > 0) {
			t.Fatalf("from %v to %v: got %v", low, high, n)
		}
	}
	seen := map[integer]bool{}
	for i := 0; i < 10000 && len(seen) < 7; i++ {
		n, err := randomBetween(integerFromSigned(-3), integerFromSigned(3))
		if err != nil {
			t.Fatal(err)
		}
		seen[n] = true
	}
	if len(seen) != 7 {
		t.Errorf("only %v came of -3 to 3", seen)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"", " 1 ", "-0", "0x", "0xffffffffffffffff", "18446744073709551616", "-9223372036854775809", "1e400", "1_0", "inf", ".5", "5.", "--1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := parseNumber(text)
		if !ok {
			return
		}
		if again, ok := parseNumber(v.String()); !ok || compareNumbers(v, again) != 0 {
			t.Errorf("%q is %v, which is read as %v", text, v, again)
		}
	})
}
