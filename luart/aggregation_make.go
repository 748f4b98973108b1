package luart

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/aggregate"
	"github.com/ebpfx/ebpfx/bpf/decode"
)

// The options that all functions which make aggregations take.
const (
	keyOptions   = "by?: string|string[], max_keys?: integer"
	valueOptions = keyOptions + ", of?: string, unit?: string"
)

// makingBuiltins make aggregations, and results of lists.
var makingBuiltins = []builtin{
	{
		name: "count", scope: anywhere, call: making(aggregate.Count),
		params: "options?: {" + keyOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that counts: events by the fields that by names, which may lie in structs and arrays (at.cpu, args[1]), or whatever " +
			"add is given. Given to on_event it takes events without running any Lua, millions a " +
			"second, and is printed in the end unless the script looks at it. Each of the first max_keys keys, 1,048,576 where nothing is said, has a result of its own; " +
			"all others share one, which makes sums right. Of a list it counts the elements, or a field of them, by value.",
		example: `
target("opensnoop")
    add_files("src/opensnoop.bpf.c")
    on_event("events", count{by = {"comm", "pid"}})
--> COMM      PID  COUNT
--> producer   42      1`,
	},
	{
		name: "sum", scope: anywhere, call: making(aggregate.Sum),
		params: "options?: {" + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that adds up the field of. Sums of integers are exact up to 64 bits. unit is shown with results; where the name of the field tells its own, " +
			"as latency_ns and rx_bytes do, its values are converted: from ns, us, ms or sec to us, ms or s, from bytes " +
			"to KB, MB or GB (of 1024). What add is given as a value is in unit already. Of a list it returns the sum of its elements, or of a field of them.",
		example: `
local bytes = sum{by = "comm", of = "size", unit = "B"}
bytes:add{comm = "sh", size = 10}
bytes:print()
--> COMM  SUM(SIZE) B
--> sh             10
print(sum({1, 2, 3}), sum({{n = 4}, {n = 5}}, "n"))   --> 6	9`,
	},
	{
		name: "avg", scope: anywhere, call: making(aggregate.Avg),
		params: "options?: {" + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that has the mean of the field of. Of a list it returns the mean of its elements, or of a field of them; nil of an empty one.",
		example: `
local latency = avg{by = "comm", of = "latency_ns", unit = "us"}
latency:add{comm = "sh", latency_ns = 3000}
latency:add{comm = "sh", latency_ns = 1000}
print(latency:get("sh"), avg({1, 2, 6}))   --> 2	3`,
	},
	{
		name: "min", scope: anywhere, call: making(aggregate.Min),
		params: "options?: {" + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that has the least value of the field of. Of a list it returns the least element, or field of them; nil of an empty one.",
		example: `
print(min({3, 1, 2}))   --> 1`,
	},
	{
		name: "max", scope: anywhere, call: making(aggregate.Max),
		params: "options?: {" + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that has the greatest value of the field of. Of a list it returns the greatest element, or field of them; nil of an empty one.",
		example: `
print(max({{n = 3}, {n = 7}}, "n"))   --> 7`,
	},
	{
		name: "hist", scope: anywhere, call: making(aggregate.Hist),
		params: "options?: {" + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that is a histogram of the field of by powers of two, as in bpftrace; of a list, one of its elements or of a field of them. The first " +
			"bucket has all negative values, the last one all from 2^63 on. There is room for 262,144 keys where max_keys does not say.",
		example: `
local latency = hist{of = "delta", unit = "us"}
for _, us in ipairs({0, 1, 2, 3, 1500}) do latency:add(us) end
print(#latency:get())   --> 12
hist({5, 6, 9}):print()
--> [4, 8)                  2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
--> [8, 16)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |`,
	},
	{
		name: "lhist", scope: anywhere, call: making(aggregate.Linear),
		params: "options: {from: number, to: number, step: number, " + valueOptions + "}", returns: "aggregation",
		overloads: []string{"list: table, options: {from: number, to: number, step: number, of?: string}"},
		text: "Makes an aggregation that is a histogram of the field of by equal steps, 1000 at most, with a bucket for what is below from and one for what is to or " +
			"above; of a list, one of its elements or of the field of of them.",
		example: `
lhist({1, 12, 13, 99}, {from = 0, to = 20, step = 10}):print()
--> [0, 10)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
--> [10, 20)                2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
--> [20, ...)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |`,
	},
	{
		name: "quantiles", scope: anywhere, call: making(aggregate.Quantiles),
		params: "options?: {at?: number[], " + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that has quantiles of the field of: those that at lists, from 0 to 1, or else p50, p90 and p99. Each is within 1 % of the value that has the rank; min and " +
			"max are exact. There is room for 16,384 keys where max_keys does not say.",
		example: `
local q = quantiles{at = {0.5, 0.999}}
for n = 1, 1000 do q:add(n) end
local r = q:get()
print(r.count, r.min, r.max, r.p50 > 495 and r.p50 < 505)   --> 1000	1	1000	true
print(r["p99.9"] > 990)   --> true`,
	},
	{
		name: "distinct", scope: anywhere, call: making(aggregate.Distinct),
		params: "options?: {" + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, field?: string"},
		text: "Makes an aggregation that estimates how many different values of the field of there are, numbers or text: the standard error is 0.8 %, and less where there are few. Of a list it " +
			"returns that number. There is room for 16,384 keys where max_keys does not say.",
		example: `
local files = distinct{by = "comm", of = "path"}
for _, path in ipairs({"/a", "/b", "/a"}) do files:add{comm = "sh", path = path} end
print(files:get("sh"), distinct({1, 1, 2}))   --> 2	2`,
	},
	{
		name: "top", scope: anywhere, call: (*Script).makeTop,
		params: "options?: {n?: integer, " + valueOptions + "}", returns: "aggregation", overloads: []string{"list: table, n: integer, by?: string|fun(a: any, b: any): boolean"},
		text: "Makes a count, or a sum of the field of, that shows only its n greatest keys, 10 where nothing is said. Of a list it returns its n greatest elements, in order: by a field, or by a function " +
			"that says whether its first argument comes first.",
		example: `
local calls = top{by = "name", n = 1}
calls:add("read", 3)
calls:add("write", 9)
calls:print()
--> NAME   COUNT
--> write      9
--> (1 more)
local rows = top({{n = 1}, {n = 3}, {n = 2}}, 2, "n")
print(rows[1].n, rows[2].n)   --> 3	2`,
	},
}

// making returns the function that makes an aggregation of a kind, or takes a list.
func making(kind aggregate.Kind) func(s *Script, L *lua.LState) int {
	return func(s *Script, L *lua.LState) int {
		fn := kind.String()
		list, isList := listArgument(L, fn)
		if !isList {
			L.Push(s.makeAggregation(L, fn, kind, optionsArgument(L, fn, kind == aggregate.Linear)))
			return 1
		}
		var options lua.LValue = lua.LNil
		name := "field?"
		if kind == aggregate.Linear {
			name = "options"
		}
		unpack(L, fn, "list", new(lua.LValue), name, &options)
		if field, ok := options.(lua.LString); ok {
			t := L.NewTable()
			t.RawSetString("of", field)
			options = t
		}
		t, ok := options.(*lua.LTable)
		if !ok && options != lua.LNil {
			L.RaiseError("%s: %s: %v", fn, strings.TrimSuffix(name, "?"), expected("the name of a field", options))
		}
		return s.aggregateList(L, fn, kind, list, t)
	}
}

// listArgument returns argument 1 if it is a list: an array of an event, or a table without names; also an empty one.
func listArgument(L *lua.LState, fn string) (list []lua.LValue, ok bool) {
	switch v := L.Get(1).(type) {
	case *array:
		return v.elements(), true
	case *lua.LTable:
		return listOf(v)
	case *aggregation:
		L.RaiseError("%s: %v", fn, expected("a list or options", v))
	}
	return nil, false
}

// optionsArgument returns the only argument, if there is any or has to be.
func optionsArgument(L *lua.LState, fn string, required bool) *lua.LTable {
	if L.GetTop() == 0 && !required {
		return nil
	}
	var options *lua.LTable
	unpack(L, fn, "options", &options)
	return options
}

// makeAggregation returns what options describe.
func (s *Script) makeAggregation(L *lua.LState, fn string, kind aggregate.Kind, options *lua.LTable) *aggregation {
	o := aggregate.Options{Kind: kind, Raw: s.rawValues}
	limit := -1
	if options != nil {
		by, at := lua.LValue(lua.LNil), (*lua.LTable)(nil)
		known := []any{"by", &by, "max_keys", &o.MaxKeys}
		if kind != aggregate.Count || fn == "top" {
			known = append(known, "of", &o.Of, "unit", &o.Unit)
		}
		switch {
		case fn == "top":
			limit = 10
			known = append(known, "n", &limit)
		case kind == aggregate.Linear:
			known = append(known, "from", &o.From, "to", &o.To, "step", &o.Step)
		case kind == aggregate.Quantiles:
			known = append(known, "at", &at)
		}
		unpackTable(L, fn, options, known...)
		var err error
		if o.By, err = fieldNames(by); err != nil {
			L.RaiseError("%s: by: %v", fn, err)
		}
		if o.Shares, err = shares(at); err != nil {
			L.RaiseError("%s: at: %v", fn, err)
		}
		if fn == "top" && o.Of != "" {
			o.Kind = aggregate.Sum
		}
		if limit < 0 && fn == "top" {
			L.RaiseError("%s: n: expected a number from 0, got %d", fn, limit)
		}
	}
	a, err := aggregate.New(o)
	if err != nil {
		L.RaiseError("%s: %v", fn, err)
	}
	made := &aggregation{Aggregation: a, limit: limit, takes: make(map[*decode.Type]func([]byte))}
	for _, path := range o.By {
		steps, _ := aggregate.Steps(path) // New has checked them
		made.by = append(made.by, steps)
	}
	if o.Of != "" {
		made.of, _ = aggregate.Steps(o.Of)
	}
	return made
}

// fieldNames reads the option by: a name, or a list of them.
func fieldNames(by lua.LValue) ([]string, error) {
	switch by := by.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LString:
		return []string{string(by)}, nil
	case *lua.LTable:
		names := make([]string, listLen(by))
		if len(fields(by)) != len(names) {
			return nil, fmt.Errorf("expected a list of names, got a table with names")
		}
		for i := range names {
			if err := assign(&names[i], element(by, i+1)); err != nil {
				return nil, err
			}
		}
		return names, nil
	}
	return nil, expected("a name or a list of names", by)
}

// shares reads the option at; nil where it is not given.
func shares(at *lua.LTable) ([]float64, error) {
	if at == nil {
		return nil, nil
	}
	list := make([]float64, listLen(at))
	for i := range list {
		if err := assign(&list[i], element(at, i+1)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// aggregateList pushes what the elements of a list come to, or a field of them.
func (s *Script) aggregateList(L *lua.LState, fn string, kind aggregate.Kind, list []lua.LValue, options *lua.LTable) int {
	made := s.makeAggregation(L, fn, kind, listOptions(kind, options))
	for i, v := range list {
		if made.Of != "" {
			v = pathOf(v, made.of)
		} else if len(made.By) > 0 {
			v = pathOf(v, made.by[0])
		}
		var err error
		if kind == aggregate.Count {
			err = addKey(made, v)
		} else {
			err = addTo(made, nil, v, true)
		}
		if err != nil {
			L.RaiseError("%s: element %d: %v", fn, i+1, err)
		}
	}
	switch kind {
	case aggregate.Count, aggregate.Hist, aggregate.Linear, aggregate.Quantiles:
		L.Push(made)
		return 1
	}
	r, ok := made.Get(nil)
	if !ok && (kind == aggregate.Sum || kind == aggregate.Distinct) {
		L.Push(lua.LNumber(0))
		return 1
	}
	return s.pushResult(L, made, r, ok)
}

// addKey counts v, whatever it is.
func addKey(a *aggregation, v lua.LValue) error {
	part, err := keyPart(v)
	if err != nil {
		return err
	}
	return a.Add([]aggregate.Value{part}, aggregate.Uint(1))
}

// listOptions returns the options of an aggregation of a list, whose counts are by the field that others are of.
func listOptions(kind aggregate.Kind, options *lua.LTable) *lua.LTable {
	if kind == aggregate.Count && options != nil {
		by := &lua.LTable{Metatable: lua.LNil}
		by.RawSetString("by", options.RawGetString("of"))
		return by
	}
	return options
}

// makeTop is top{...} and top(list, n[, by]).
func (s *Script) makeTop(L *lua.LState) int {
	list, isList := listArgument(L, "top")
	if !isList || L.GetTop() == 1 {
		options := optionsArgument(L, "top", false)
		if options == nil {
			options = L.NewTable()
		}
		L.Push(s.makeAggregation(L, "top", aggregate.Count, options))
		return 1
	}
	var n int
	var by lua.LValue
	unpack(L, "top", "list", new(lua.LValue), "n", &n, "by?", &by)
	if n < 0 {
		L.RaiseError("top: n: expected a number from 0, got %d", n)
	}
	sorted := L.NewTable()
	for _, v := range list {
		sorted.Append(v)
	}
	switch field := by.(type) {
	case nil:
		s.sortByKeys(L, list, slices.Clone(list), "", true)
		storeElements(sorted, list)
	case lua.LString:
		s.sortList(L, sorted, "-"+field)
	default:
		s.sortList(L, sorted, by)
	}
	first := L.NewTable()
	for i := 1; i <= min(n, len(list)); i++ {
		first.Append(element(sorted, i))
	}
	L.Push(first)
	return 1
}
