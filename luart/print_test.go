package luart

import "testing"

func TestOsPrint(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"nothing", `os.print()`, "\n"},
		{"no separators", `os.print("a", 1, true, nil, 2.5)`, "a1truenil2.5\n"},
		{"list", `os.print({1, "two", {3}})`, "{1, \"two\", {3}}\n"},
		{"keys are sorted", `os.print({b = 1, a = 2, [10] = 3, [-1] = 4, ["a b"] = 5, [true] = 6, 7})`,
			"{7, [-1]=4, [10]=3, [true]=6, a=2, [\"a b\"]=5, b=1}\n"},
		{"64-bit keys", `os.print({[0xffffffffffffffff] = "b", [9007199254740993] = "a"})`,
			"{[9007199254740993]=\"a\", [18446744073709551615]=\"b\"}\n"},
		{"quotes", `os.print({'a"b\nc'})`, "{\"a\\\"b\\\nc\"}\n"},
		{"cycle", `local t = {1} t.self = t t.other = {t} os.print(t)`, "{1, other={{...}}, self={...}}\n"},
		{"shared is no cycle", `local t = {1} os.print({t, t})`, "{{1}, {1}}\n"},
		{"__tostring", `os.print(setmetatable({}, {__tostring = function() return "mine" end}))`, "mine\n"},
		{"deep", `local t = {} local top = t for i = 1, 99 do t[1] = {} t = t[1] end t[1] = {{}} os.print(#tostring(top) > 0)`, "true\n"},
		{"print", `print("a", nil, 1e15, -0.5, 2^53)`, "a\tnil\t1000000000000000\t-0.5\t9007199254740992\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := runText(t, "entry(function() "+test.script+" end)")
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("%s\ngot  %q\nwant %q", test.script, got, test.want)
			}
		})
	}
}

// A table nested without end in sight is cut off, not the process.
func TestOsPrintDeep(t *testing.T) {
	_, err := runText(t, `entry(function()
		local top = {}
		local t = top
		for i = 1, 100000 do t[1] = {} t = t[1] end
		os.print(top)
	end)`)
	if err != nil {
		t.Fatal(err)
	}
}
