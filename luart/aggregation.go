package luart

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/aggregate"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// aggregation is what count{...}, hist{...} and the like make. on_event takes it in place of a function, and records then reach it
// without any Lua in between.
type aggregation struct {
	*aggregate.Aggregation
	limit int // how many keys are shown; -1: all
	takes map[*decode.Type]func(record []byte)
	by    [][]aggregate.Step // paths, as By and Of have them
	of    []aggregate.Step
	used  bool // the script has looked at it, so that it need not be shown in the end
}

// Type returns LTUserData, whose metatable openValues sets.
func (*aggregation) Type() lua.LValueType { return lua.LTUserData }

// String returns what print shows, without the last newline.
func (a *aggregation) String() string {
	a.used = true
	return strings.TrimSuffix(string(a.AppendText(nil, 0, a.limit)), "\n")
}

// consume makes an aggregation a recordConsumer.
func (a *aggregation) consume(t *decode.Type) (take func(record []byte), err error) {
	take = a.takes[t]
	if take == nil {
		if take, err = a.Bind(t); err == nil {
			a.takes[t] = take
		}
	}
	return take, err
}

// aggregationBuiltins are the methods of aggregations.
var aggregationBuiltins = []builtin{
	{
		name: "aggregation:add", scope: anywhere, call: (*Script).aggregationAdd,
		params:    "event: event|table",
		overloads: []string{"value: any", "key: any, value: number"},
		text: "Takes an event, or a table with the fields that by and of name. Or else a key and a value, or a value alone where there is no key; several parts of a key are a " +
			"list. A count takes a key, and a number to add in place of 1.",
		example: `
local sizes = sum{by = {"comm"}, of = "size"}
sizes:add{comm = "sh", size = 10}
sizes:add("sh", 5)
print(sizes:get("sh"))   --> 15
local calls = count()
calls:add({"sh", "read"})
print(calls:get("sh", "read"))   --> 1`,
	},
	{
		name: "aggregation:get", scope: anywhere, call: (*Script).aggregationGet,
		params: "...: any", returns: "any",
		text: "Returns the result for a key, whose parts are arguments of their own or a list; nil where there is none. It is a number; of a histogram a list of buckets, each with from, " +
			"to and count; of quantiles a table with count, min, max and a field for each quantile, such as p99.",
		example: `
local latency = hist()
latency:add("read", 5)
latency:add("read", 6)
local bucket = latency:get("read")[1]
print(bucket.from, bucket.to, bucket.count)   --> 4	8	2`,
	},
	{
		name: "aggregation:items", scope: anywhere, call: (*Script).aggregationItems,
		returns: "fun(): any, any",
		text:    "Returns an iterator over keys and results, the greatest first. A key of several parts is a list.",
		example: `
local calls = count()
calls:add("read", 3)
calls:add("write", 9)
for name, n in calls:items() do print(name, n) end
--> write	9
--> read	3`,
	},
	{
		name: "aggregation:top", scope: anywhere, call: (*Script).aggregationTop,
		params: "n?: integer", returns: "table[]",
		text: "Returns the n greatest results, or all, as rows for printtable: tables with the parts of the key by name, or key where they have none, and the result by the name of the " +
			"function, such as count; of quantiles count, min, p50 and so on, as get returns them.",
		example: `
local calls = count{by = "name"}
calls:add("read", 3)
calls:add("write", 9)
local first = calls:top(1)[1]
print(first.name, first.count)   --> write	9`,
	},
	{
		name: "aggregation:other", scope: anywhere, call: (*Script).aggregationOther,
		returns: "any",
		text:    "Returns the result for all keys that had no room of their own, as get returns those of keys; nil where there are none. See max_keys.",
		example: `
local calls = count{by = "name", max_keys = 1}
calls:add("read")
calls:add("write")
calls:add("close")
print(calls:get("read"), calls:other())   --> 1	2`,
	},
	{
		name: "aggregation:clear", scope: anywhere, call: (*Script).aggregationClear,
		text: "Forgets all keys and values.",
		example: `
local calls = count()
calls:add("read")
calls:clear()
print(#calls, calls:get("read"))   --> 0	nil`,
	},
	{
		name: "aggregation:print", scope: anywhere, call: (*Script).aggregationPrint,
		params: "n?: integer",
		text: "Writes a table, or a histogram for each key, the greatest first: the first n, or all, and in the end the bucket of all other keys. Numbers whose field " +
			"says what they mean, such as addresses, ports and system calls, are shown by that.",
		example: `
local calls = count{by = "name"}
calls:add("read", 3)
calls:add("write", 9)
calls:print()
--> NAME   COUNT
--> write      9
--> read       3`,
	},
	{
		name: "aggregation:tojson", scope: anywhere, call: (*Script).aggregationToJSON,
		returns: "string",
		text: "Returns the results as JSON on one line: a list of objects like the rows of top, or one object where there is no key. Integers are exact. The bucket of " +
			"all other keys has _other in place of a key.",
		example: `
local calls = count{by = "name"}
calls:add("read", 3)
print(calls:tojson())   --> [{"name":"read","count":3}]`,
	},
}

// aggregationAdd is agg:add(event), agg:add([key,] value).
func (s *Script) aggregationAdd(L *lua.LState) int {
	a := self[*aggregation](L, "aggregation", "add")
	if L.GetTop() > 2 {
		L.RaiseError("add: takes 2 arguments, got %d", L.GetTop())
	}
	first, second := L.Get(1), L.Get(2)
	var err error
	switch row, isTable := first.(*lua.LTable); {
	case L.GetTop() == 1 && len(a.By)+len(a.Of) > 0 && isTable && listLen(row) == 0:
		err = s.addRow(a, row)
	case L.GetTop() == 1 && isRecord(first):
		var take func(record []byte)
		r := first.(*record)
		if take, err = a.consume(r.layout.Type); err == nil {
			take(r.data)
		}
	case a.Kind == aggregate.Count:
		var n lua.LValue = lua.LNumber(1)
		if L.GetTop() == 2 {
			n = second
		}
		err = addValue(a, first, n)
	case L.GetTop() == 2:
		err = addValue(a, first, second)
	default:
		err = addValue(a, lua.LNil, first)
	}
	if err != nil {
		L.RaiseError("add: %v", err)
	}
	return 0
}

func isRecord(v lua.LValue) bool {
	_, ok := v.(*record)
	return ok
}

// addRow takes the fields of a table that by and of name.
func (s *Script) addRow(a *aggregation, row *lua.LTable) error {
	key := make([]aggregate.Value, len(a.By))
	for i, name := range a.By {
		v := pathOf(row, a.by[i])
		if v == lua.LNil {
			return noField(row, name)
		}
		var err error
		if key[i], err = keyPart(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if a.Kind == aggregate.Count {
		return a.Add(key, aggregate.Uint(1))
	}
	if a.Of == "" {
		return fmt.Errorf("of names no field of the table")
	}
	v := pathOf(row, a.of)
	if v == lua.LNil {
		return noField(row, a.Of)
	}
	if err := addTo(a, key, v, true); err != nil {
		return fmt.Errorf("%s: %w", a.Of, err)
	}
	return nil
}

// noField is the error about a table without a field.
func noField(row *lua.LTable, path string) error {
	var names []string
	row.ForEach(func(k, _ lua.LValue) {
		if name, ok := k.(lua.LString); ok {
			names = append(names, string(name))
		}
	})
	slices.Sort(names)
	return fmt.Errorf("the table has no field %s%s", path, diag.DidYouMean(path, names))
}

// pathOf returns what the steps of a path such as at.cpu or args[2] lead to, or nil.
func pathOf(row lua.LValue, path []aggregate.Step) lua.LValue {
	for _, step := range path {
		switch in := row.(type) {
		case *lua.LTable:
			if step.Index > 0 {
				row = element(in, step.Index)
			} else {
				row = in.RawGetString(step.Name)
			}
		case *record:
			i, ok := in.layout.index[step.Name]
			if !ok {
				return lua.LNil
			}
			row = in.at(i)
		case *array:
			row = in.at(step.Index)
		default:
			return lua.LNil
		}
	}
	return row
}

// addValue takes a value for a key, which is nil for none, a list of parts or the only part.
func addValue(a *aggregation, key, value lua.LValue) error {
	parts, err := keyParts(key)
	if err != nil {
		return err
	}
	return addTo(a, parts, value, false)
}

// addTo takes a value for a key. ofField says that it is in the unit of the field that a is of.
func addTo(a *aggregation, key []aggregate.Value, value lua.LValue, ofField bool) error {
	n, ok := numberOf(value)
	if a.Kind == aggregate.Distinct && !ok {
		v, err := keyPart(value)
		if err != nil {
			return err
		}
		return a.AddValue(key, v)
	}
	if !ok {
		return expected("a number", value)
	}
	if ofField {
		n = a.Converted(n)
	}
	return a.Add(key, n)
}

// keyParts returns the parts of a key: of a list its elements, of nil none.
func keyParts(v lua.LValue) ([]aggregate.Value, error) {
	list, ok := v.(*lua.LTable)
	switch {
	case v == lua.LNil:
		return nil, nil
	case !ok:
		part, err := keyPart(v)
		return []aggregate.Value{part}, err
	}
	parts := make([]aggregate.Value, listLen(list))
	if len(parts) == 0 {
		return nil, fmt.Errorf("a key that is a table has to be a list of its parts")
	}
	for i := range parts {
		var err error
		if parts[i], err = keyPart(element(list, i+1)); err != nil {
			return nil, fmt.Errorf("part %d of the key: %w", i+1, err)
		}
	}
	return parts, nil
}

// keyPart returns v as a part of a key.
func keyPart(v lua.LValue) (aggregate.Value, error) {
	if n, ok := numberOf(v); ok {
		return aggregate.NumberValue(n), nil
	}
	switch v := v.(type) {
	case lua.LString:
		return aggregate.TextValue(string(v)), nil
	case lua.LBool:
		return aggregate.BoolValue(bool(v)), nil
	case *record:
		return aggregate.DataValue(v.layout.Type, v.data), nil
	case *array:
		return aggregate.DataValue(v.typ, v.data), nil
	}
	return aggregate.Value{}, expected("a string, number or boolean", v)
}

// numberOf returns v as an exact number, if it is one.
func numberOf(v lua.LValue) (aggregate.Number, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return aggregate.Float(float64(v)), true
	case wide:
		if v.neg {
			return aggregate.Int(int64(integer(v).bits())), true
		}
		return aggregate.Uint(v.mag), true
	}
	return aggregate.Number{}, false
}

// luaNumber returns n as Lua sees it.
func luaNumber(n aggregate.Number) lua.LValue {
	if u, ok := n.Uint64(); ok {
		return unsignedValue(u)
	}
	if i, ok := n.Int64(); ok {
		return signedValue(i)
	}
	return lua.LNumber(n.Float64())
}
