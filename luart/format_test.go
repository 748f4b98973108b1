package luart

import (
	"math"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// Whatever the format, the result is a text or an error, and of a size that the format explains.
func FuzzFormat(f *testing.F) {
	for _, format := range []string{"%d %s %x", "%-+ #0d", "%99.99f|%.s|%q", "%", "%%%", "%c%c%c%c", "%.e%5.1g%u", "%i%o%X", "%123d", "%y"} {
		f.Add(format, 1.5, "text")
	}
	L := lua.NewState()
	f.Cleanup(L.Close)
	openValues(L)
	format := L.NewFunction(stringFormat)
	f.Fuzz(func(t *testing.T, text string, number float64, argument string) {
		err := L.CallByParam(lua.P{Fn: format, NRet: 1, Protect: true},
			lua.LString(text), lua.LNumber(number), lua.LString(argument), unsignedValue(math.MaxUint64))
		if err != nil {
			if e := err.(*lua.ApiError); e.Type == lua.ApiErrorPanic {
				t.Fatal(e)
			}
			return
		}
		got := L.Get(-1).String()
		L.Pop(1)
		// A conversion gives at most 99 digits behind those of the largest float, or the argument, quoted or padded.
		if most := len(text) + 3*(512+4*len(argument)); len(got) > most {
			t.Errorf("%d bytes from %q", len(got), text)
		}
	})
}
