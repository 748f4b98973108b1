package luart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// jsonBuiltins turn values into JSON and back.
var jsonBuiltins = []builtin{
	{
		name: "json.encode", scope: anywhere, call: (*Script).jsonEncode,
		params: "value: any, options?: {indent?: integer}", returns: "string",
		text: "Returns a value as JSON: integers exactly, events and aggregations as -o json prints them, tables as lists or as objects with sorted names, json.null as null. Bytes that are no " +
			"UTF-8 become U+FFFD. An empty table is an object unless json.array made it a list. What JSON has no form for is an error that says where it is.",
		example: `
print(json.encode({comm = "sh", pids = {1, 2}, cookie = 18446744073709551615}))
--> {"comm":"sh","cookie":18446744073709551615,"pids":[1,2]}`,
	},
	{
		name: "json.decode", scope: anywhere, call: (*Script).jsonDecode,
		params: "text: string", returns: "any",
		text: "Returns what JSON text says. Integers of up to 64 bits are exact, larger ones an error; null is json.null, so that lists keep their length.",
		example: `
local t = json.decode('{"list": [1, null], "id": 18446744073709551615}')
print(#t.list, t.list[2] == json.null, t.id)   --> 2	true	18446744073709551615`,
	},
	{
		name: "json.array", scope: anywhere, call: (*Script).jsonArray,
		params: "list?: table", returns: "table",
		text: "Returns a list that json.encode takes for one when it is empty: the one that is given, or a new one.",
		example: `
print(json.encode({found = json.array()}))   --> {"found":[]}`,
	},
}

// jsonValues are what scripts compare with and mark lists with.
type jsonValues struct {
	null  *lua.LUserData
	array *lua.LTable // the metatable of lists that may be empty
}

// openJSON makes json.null.
func (s *Script) openJSON() {
	mt := s.state.NewTable()
	mt.RawSetString("__tostring", s.state.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("null"))
		return 1
	}))
	protect(mt)
	s.jsonValues = jsonValues{null: &lua.LUserData{Metatable: mt}, array: s.state.NewTable()}
	s.state.SetField(s.library("json"), "null", s.jsonValues.null)
}

// maxJSONDepth bounds the nesting in both directions, so that a table that holds itself is an error.
const maxJSONDepth = 500

// maxJSON bounds the text that is made of tables: those that hold each other have exponentially many ways to be shown.
const maxJSON = 256 << 20

// jsonEncode is json.encode(value[, options]).
func (s *Script) jsonEncode(L *lua.LState) int {
	var value lua.LValue = lua.LNil
	var options *lua.LTable
	if L.GetTop() == 0 {
		L.RaiseError("json.encode: missing argument value")
	}
	unpack(L, "json.encode", "value?", &value, "options?", &options)
	indent := 0
	if options != nil {
		unpackTable(L, "json.encode", options, "indent", &indent)
		if indent < 0 || indent > 16 {
			L.RaiseError("json.encode: indent: expected a number from 0 to 16, got %d", indent)
		}
	}
	text, err := s.appendJSON(nil, value, 0)
	if err != nil {
		L.RaiseError("json.encode: %v", err)
	}
	if indent > 0 {
		var b bytes.Buffer
		if err := json.Indent(&b, text, "", strings.Repeat(" ", indent)); err != nil {
			L.RaiseError("json.encode: %v", err)
		}
		text = b.Bytes()
	}
	L.Push(lua.LString(text))
	return 1
}

func (s *Script) appendJSON(dst []byte, v lua.LValue, depth int) ([]byte, error) {
	if depth > maxJSONDepth {
		return nil, errors.New("tables are nested too deeply, or hold themselves")
	}
	s.alarm.check()
	if len(dst) > maxJSON {
		return nil, fmt.Errorf("the text is longer than %d MB", maxJSON>>20)
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return append(dst, "null"...), nil
	case lua.LBool:
		return strconv.AppendBool(dst, bool(v)), nil
	case lua.LString:
		return decode.AppendJSONString(dst, []byte(v)), nil
	case wide:
		return append(dst, v.String()...), nil
	case lua.LNumber:
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("JSON has no number %v", v)
		}
		if i, ok := integerOfFloat(f); ok && i.mag <= exactLimit {
			return append(dst, i.String()...), nil
		}
		return strconv.AppendFloat(dst, f, 'g', -1, 64), nil
	case *record:
		return v.layout.AppendJSON(dst, v.data), nil
	case *array:
		return v.typ.AppendJSON(dst, v.data), nil
	case *aggregation:
		v.used = true
		return v.AppendJSON(dst), nil
	case *mapping:
		var members []field
		v.each(func(key, value lua.LValue) bool { members = append(members, field{key, value}); return true })
		return s.appendJSONObject(dst, members, depth)
	case *lua.LTable:
		return s.appendJSONTable(dst, v, depth)
	}
	if v == s.jsonValues.null {
		return append(dst, "null"...), nil
	}
	return nil, fmt.Errorf("JSON has no form for %s", describe(v))
}

func (s *Script) appendJSONTable(dst []byte, t *lua.LTable, depth int) ([]byte, error) {
	n := 0 // elements before the first gap
	for element(t, n+1) != lua.LNil {
		n++
	}
	keys := otherKeys(t, n)
	switch {
	case n == 0 && (len(keys) > 0 || t.Metatable != s.jsonValues.array):
		members := make([]field, len(keys))
		for i, k := range keys {
			members[i] = field{k, t.RawGet(k)}
		}
		return s.appendJSONObject(dst, members, depth)
	case len(keys) > 0:
		return nil, fmt.Errorf("the table has a list of %s and the key %v; JSON has either", plural(n, "element"), keys[0])
	}
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = s.appendJSON(dst, element(t, i+1), depth+1); err != nil {
			return nil, within(fmt.Sprintf("[%d]", i+1), err)
		}
	}
	return append(dst, ']'), nil
}

func (s *Script) appendJSONObject(dst []byte, members []field, depth int) ([]byte, error) {
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch m.key.(type) {
		case lua.LString, lua.LNumber, wide:
		default:
			return nil, fmt.Errorf("a name in JSON is text, but a key is %s", describe(m.key))
		}
		dst = append(decode.AppendJSONString(dst, []byte(m.key.String())), ':')
		var err error
		if dst, err = s.appendJSON(dst, m.value, depth+1); err != nil {
			return nil, within(m.key.String(), err)
		}
	}
	return append(dst, '}'), nil
}

// jsonPathError is an error with the path to the value that it is about.
type jsonPathError struct {
	path []string // innermost first
	err  error
}

func within(name string, err error) error {
	var e *jsonPathError
	if errors.As(err, &e) {
		if len(e.path) < maxDepth {
			e.path = append(e.path, clip(name))
		}
		return e
	}
	return &jsonPathError{[]string{clip(name)}, err}
}

func (e *jsonPathError) Error() string {
	path := slices.Clone(e.path)
	slices.Reverse(path)
	return strings.ReplaceAll(strings.Join(path, "."), ".[", "[") + ": " + e.err.Error()
}

func (e *jsonPathError) Unwrap() error { return e.err }

// jsonArray is json.array([list]).
func (s *Script) jsonArray(L *lua.LState) int {
	list := L.NewTable()
	unpack(L, "json.array", "list?", &list)
	if list.Metatable == lua.LNil {
		list.Metatable = s.jsonValues.array
	}
	L.Push(list)
	return 1
}

// jsonDecode is json.decode(text).
func (s *Script) jsonDecode(L *lua.LState) int {
	var text string
	unpack(L, "json.decode", "text", &text)
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := s.decodeJSON(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is more behind the value")
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		L.RaiseError("json.decode: at byte %d: %v", syntax.Offset, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		L.RaiseError("json.decode: at byte %d: the text ends too early", len(text))
	case err != nil:
		L.RaiseError("json.decode: at byte %d: %v", d.InputOffset(), err)
	}
	L.Push(v)
	return 1
}

// decodeJSON reads the next value.
func (s *Script) decodeJSON(d *json.Decoder, depth int) (lua.LValue, error) {
	if depth > maxJSONDepth {
		return nil, errors.New("values are nested too deeply")
	}
	s.alarm.check()
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case nil:
		return s.jsonValues.null, nil
	case bool:
		return lua.LBool(token), nil
	case string:
		return lua.LString(token), nil
	case json.Number:
		return jsonNumber(token.String())
	}
	t := s.state.NewTable()
	if token == json.Delim('[') {
		for i := 1; d.More(); i++ {
			v, err := s.decodeJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			t.RawSetInt(i, v)
		}
		if listLen(t) == 0 {
			t.Metatable = s.jsonValues.array
		}
	}
	for token == json.Delim('{') && d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := s.decodeJSON(d, depth+1)
		if err != nil {
			return nil, err
		}
		t.RawSetString(name.(string), v)
	}
	_, err = d.Token() // the closing bracket
	return t, err
}

// jsonNumber returns a number of JSON, if Lua has it.
func jsonNumber(text string) (lua.LValue, error) {
	v, ok := parseNumber(text)
	if !strings.ContainsAny(text, ".eE") {
		if _, exact := integerOf(v); !ok || !exact {
			return nil, fmt.Errorf("the integer %s has more than 64 bits", clip(text))
		}
		return v, nil
	}
	if n, isNumber := v.(lua.LNumber); !ok || isNumber && math.IsInf(float64(n), 0) {
		return nil, fmt.Errorf("the number %s is too large", clip(text))
	}
	return v, nil
}
