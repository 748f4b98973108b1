package luart

import (
	"encoding/json"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/builder"
)

// luaResults runs an expression list at file level and returns what print shows, or the error's text.
func luaResult(t *testing.T, code string) string {
	t.Helper()
	var out strings.Builder
	if _, err := loadText(t, code, LoadOptions{Stdout: &out}); err != nil {
		ds := diagnostics(t, err)
		return "error: " + ds[0].Text
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func TestJSON(t *testing.T) {
	for _, test := range []struct{ code, want string }{
		{`print(json.encode({}), json.encode(json.array()), json.encode(json.decode("[]")), json.encode(json.decode("{}")))`, "{}\t[]\t[]\t{}"},
		{`print(json.encode({1, "a\0\255\"", true, json.null, {x = {}}}))`, "[1,\"a\\u0000\ufffd\\\"\",true,null,{\"x\":{}}]"},
		{`print(json.encode(nil), json.encode(0/1), json.encode(-0.5), json.encode(1e20), json.encode(2^53))`, "null\t0\t-0.5\t1e+20\t9007199254740992"},
		{`print(json.encode(18446744073709551615), json.encode(-9223372036854775807 - 1))`, "18446744073709551615\t-9223372036854775808"},
		{`print(json.encode({[3] = "pid", [18446744073709551615] = 1}))`, `{"3":"pid","18446744073709551615":1}`},
		{`local m = map() m[5] = "x" print(json.encode(m))`, `{"5":"x"}`},
		{`print(json.encode({a = {1}}, {indent = 1}))`, "{\n \"a\": [\n  1\n ]\n}"},
		{`print(json.encode({a = {1, {b = 0/0}}}))`, "error: json.encode: a[2].b: JSON has no number NaN"},
		{`print(json.encode({print}))`, "error: json.encode: [1]: JSON has no form for a function"},
		{`print(json.encode({1, x = 2}))`, "error: json.encode: the table has a list of 1 element and the key x; JSON has either"},
		{`print(json.encode({[true] = 1}))`, "error: json.encode: a name in JSON is text, but a key is a boolean"},
		{`local t = {} t.t = t json.encode(t)`, "error: json.encode: "},
		{`json.encode()`, "error: json.encode: missing argument value"},
		{`json.encode(1, {indnt = 2})`, "error: json.encode: unknown option indnt (did you mean indent?)"},
		{`local t = json.decode('{"a":[1,2,{"b":null}],"u":18446744073709551615,"f":1.5e3,"s":"\\u00e9\\n"}')
			print(#t.a, t.a[3].b == json.null, t.u, t.f, t.s)`, "3\ttrue\t18446744073709551615\t1500\té\n"},
		{`print(json.decode("null"), json.decode(" -7 "), json.decode("true"), json.decode('""') == "")`, "null\t-7\ttrue\ttrue"},
		{`json.decode("")`, "error: json.decode: at byte 0: the text ends too early"},
		{`json.decode("[1,")`, "error: json.decode: at byte 3: the text ends too early"},
		{`json.decode("[1] x")`, "error: json.decode: at byte 4: there is more behind the value"},
		{`json.decode("{a:1}")`, "error: json.decode: at byte 1: "},
		{`json.decode("[18446744073709551616]")`, "error: json.decode: at byte 21: the integer 18446744073709551616 has more than 64 bits"},
		{`json.decode("1e999")`, "error: json.decode: at byte 5: the number 1e999 is too large"},
		{`json.decode(string.rep("[", 10000))`, "error: json.decode: at byte "},
		{`json.decode({})`, "error: json.decode: expected a string, got a table"},
	} {
		got := luaResult(t, test.code)
		if exact := !strings.HasSuffix(test.want, " "); exact && got != test.want || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s\nprints %s\nwant   %s", test.code, got, test.want)
		}
	}
}

// FuzzJSON checks that what is decoded encodes to JSON that means the same.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5,"x",null,true,{}]}`, `[18446744073709551615,-9223372036854775808,1e-5]`, `"\ud800"`, `[[],{}]`, `{"":{"":""}}`, "1e400"} {
		f.Add(text)
	}
	s := newScript(new(builder.Project), LoadOptions{})
	f.Cleanup(s.Close)
	decode, encode := s.state.GetField(s.state.GetGlobal("json"), "decode"), s.state.GetField(s.state.GetGlobal("json"), "encode")
	call := func(fn, arg lua.LValue) (lua.LValue, error) {
		if err := s.state.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}, arg); err != nil {
			return nil, err
		}
		defer s.state.Pop(1)
		return s.state.Get(-1), nil
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := call(decode, lua.LString(text))
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("decoded %q, which is no JSON", text)
		}
		first, err := call(encode, v)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := call(decode, first)
		if err != nil {
			t.Fatalf("%s became %s: %v", text, first, err)
		}
		if second, _ := call(encode, again); second != first {
			t.Errorf("%s became %s and then %s", text, first, second)
		}
	})
}
