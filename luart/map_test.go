package luart

import (
	"math/rand"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// A map does what a Go map does, and keeps the order of its keys.
func TestMapping(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	keys := []lua.LValue{lua.LTrue, lua.LString("x"), lua.LString(""), lua.LNumber(-1), lua.LNumber(0.5), unsignedValue(1 << 63), signedValue(-1 << 63), unsignedValue(1<<64 - 1)}
	for i := range 200 {
		keys = append(keys, lua.LNumber(i*1e6))
	}
	m, want := new(mapping), make(map[lua.LValue]lua.LValue)
	for range 100_000 {
		k := keys[r.Intn(len(keys))]
		if r.Intn(2) == 0 {
			m.set(k, lua.LNil)
			delete(want, k)
		} else {
			v := lua.LNumber(r.Intn(100))
			m.set(k, v)
			want[k] = v
		}
		if v, ok := want[k]; ok && m.get(k) != v || !ok && m.get(k) != lua.LNil || m.len() != len(want) {
			t.Fatalf("%v is %v among %d, want %v among %d", k, m.get(k), m.len(), v, len(want))
		}
	}
	n := 0
	m.each(func(k, v lua.LValue) bool {
		n++
		c, ok := m.after(k)
		next, _ := m.next(&c)
		if want[k] != v || !ok || next == k {
			t.Errorf("%v is %v, want %v; behind it is %v", k, v, want[k], next)
		}
		return true
	})
	if n != len(want) {
		t.Errorf("%d keys, want %d", n, len(want))
	}
}
