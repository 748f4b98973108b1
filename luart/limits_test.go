package luart

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// Code that is too much for the interpreter is an error with a place, never a crash.
func TestLimits(t *testing.T) {
	many := strings.Repeat
	for _, test := range []struct {
		name, text string
		want       string // matches the text of the error; "" loads
	}{
		{"parentheses", "x = " + many("(", 100000) + "1" + many(")", 100000), ""},
		{"nots", "x = " + many("not ", 100000) + "1", "^the code is nested too deeply$"},
		{"sums", "x = 1" + many(" + x", 100000), "^the code is nested too deeply$"},
		{"concatenations", "x = 1" + many(" .. 1", 100000), "^the code is nested too deeply$"},
		{"tables", "x = " + many("{", 100000) + many("}", 100000), "^the code is nested too deeply$"},
		{"functions", many("function f() ", 6000) + many(" end", 6000), "^the code is nested too deeply$"},
		{"blocks", many("do ", 100000) + many(" end", 100000), "^the code is nested too deeply$"},
		{"elseifs", "if a then " + many("elseif a then ", 100000) + "end", "^the code is nested too deeply$"},
		{"a few hundred sums", "x = 0" + many(" + 1", 1000), ""},
		{"locals", many("local a ", 300), "^too many local variables$"},
		{"a large table", "x = {" + many("1,", 25550) + "} assert(#x == 25550)", ""},
		{"a larger table", "x = {" + many("1,", 25551) + "}", "^the list has more than 25550 elements; fill it in parts$"},
		{"many constants", "x = {" + many("9007199254740993,", 1000) + "}", ""},
		{"many lines", many("x = 1\n", 100000), ""},
		{"arguments", "local t = {} for i = 1, 50000 do t[i] = i end assert(select('#', unpack(t)) == 50000)", ""},
		{"depth of calls", "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end assert(f(5000) == 5000)", ""},
		{"calls without end", "local function f() return 1 + f() end f()", "^stack overflow: "},
		{"metamethods without end", "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end x = t.x", "overflow"},
		{"tostring without end", "local t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) print(t)", "overflow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadText(t, test.text, LoadOptions{})
			if test.want == "" {
				if err != nil {
					t.Errorf("got %.200s", err)
				}
				return
			}
			ds := diagnostics(t, err)
			if len(ds) != 1 || ds[0].Line != 1 || !regexp.MustCompile(test.want).MatchString(ds[0].Text) {
				t.Errorf("got %.300v, want %s", err, test.want)
			}
		})
	}
}

// An error of Go code has the place of the call, and stays the cause.
func TestCauses(t *testing.T) {
	_, err := loadText(t, "\n  print(1)", LoadOptions{Stdout: failingWriter{}})
	ds := diagnostics(t, err)
	if len(ds) != 1 || ds[0].Line != 2 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
	// A script may catch it, and raise it again as it was.
	_, err = loadText(t, "local ok, err = pcall(print, 1) error(err, 0)", LoadOptions{Stdout: failingWriter{}})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
