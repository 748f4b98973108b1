package luart

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	openValues(L, nil)
	format := L.NewFunction(new(formatter).stringFormat)
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

// Lua's own interpreter says what is right.
func TestFormatAsInLua(t *testing.T) {
	interpreter, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("there is no lua5.1 to compare with; apt-get install lua5.1")
	}
	r := rand.New(rand.NewSource(1))
	pick := func(from ...string) string { return from[r.Intn(len(from))] }
	var script strings.Builder
	script.WriteString("local function show(f, ...) io.write(f, '|', string.format(f, ...), '|\\n') end\n")
	for range 20_000 {
		format := "%"
		for range r.Intn(3) {
			format += pick("-", "+", " ", "#", "0")
		}
		format += pick("", "", "1", "5", "12", "30") + pick("", "", ".", ".0", ".1", ".3", ".17")
		switch verb := pick("d", "i", "u", "o", "x", "X", "c", "e", "E", "f", "g", "G", "s", "q"); verb {
		case "e", "E", "f", "g", "G":
			fmt.Fprintf(&script, "show(%q, %s)\n", format+verb, pick("0", "-0", "1", "-1.5", "0.1", "1/3", "100000", "999999.4", "1e6", "123456789", "1e-5", "0.00012345", "1e300", "-1e-300", "1/0", "-1/0", "2^53", "9.5", "0.5"))
		case "s", "q":
			fmt.Fprintf(&script, "show(%q, %s)\n", format+verb, pick(`""`, `"text"`, `"a\nb\r\"\\"`, `"longer than thirty bytes in any case"`))
		case "c":
			// C ignores the flags that are undefined for it.
			fmt.Fprintf(&script, "show(%q, %s)\n", "%"+pick("", "-", "5", "-5")+verb, pick("65", "97"))
		default:
			fmt.Fprintf(&script, "show(%q, %s)\n", format+verb, pick("0", "1", "7", "8", "255", "4000000", "2^31", "2^53", "3.7", `"12"`))
			if verb == "d" {
				fmt.Fprintf(&script, "show(%q, %s)\n", format+verb, pick("-1", "-12345", "-3.7", "-2^53"))
			}
		}
	}
	text := script.String()
	file := filepath.Join(t.TempDir(), "formats.lua")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(interpreter, file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if _, err := loadText(t, text, LoadOptions{Stdout: &got}); err != nil {
		t.Fatal(err)
	}
	gots, wants := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gots), len(wants)) {
		if i >= len(gots) || i >= len(wants) || gots[i] != wants[i] {
			t.Fatalf("line %d: got %q, want %q", i+1, gots[min(i, len(gots)-1)], wants[min(i, len(wants)-1)])
		}
	}
}
