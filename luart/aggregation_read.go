package luart

import (
	"bytes"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/aggregate"
)

// looked returns the aggregation that a method is called on, at which the script looks by that.
func looked(L *lua.LState, method string) *aggregation {
	a := self[*aggregation](L, "aggregation", method)
	a.used = true
	return a
}

// aggregationGet is agg:get(part, ...) or agg:get({part, ...}).
func (s *Script) aggregationGet(L *lua.LState) int {
	a := looked(L, "get")
	var key []aggregate.Value
	for i := 1; i <= L.GetTop(); i++ {
		parts, err := keyParts(L.Get(i))
		if err != nil {
			L.RaiseError("get: %v", err)
		}
		if len(parts) == 0 {
			L.RaiseError("get: %v", expected("a part of the key", L.Get(i)))
		}
		key = append(key, parts...)
	}
	r, ok := a.Get(key)
	return s.pushResult(L, a, r, ok)
}

// aggregationOther is agg:other().
func (s *Script) aggregationOther(L *lua.LState) int {
	a := looked(L, "other")
	unpack(L, "other")
	r, ok := a.Other()
	return s.pushResult(L, a, r, ok)
}

func (s *Script) pushResult(L *lua.LState, a *aggregation, r aggregate.Result, ok bool) int {
	if !ok {
		L.Push(lua.LNil)
	} else {
		L.Push(s.result(a, r))
	}
	return 1
}

// result returns what is known of a key as Lua sees it.
func (s *Script) result(a *aggregation, r aggregate.Result) lua.LValue {
	L := s.state
	switch a.Kind {
	case aggregate.Hist, aggregate.Linear:
		list := L.CreateTable(len(r.Buckets), 0)
		for _, b := range r.Buckets {
			bucket := L.CreateTable(0, 3)
			bucket.RawSetString("from", lua.LNumber(b.Low))
			bucket.RawSetString("to", lua.LNumber(b.High))
			bucket.RawSetString("count", unsignedValue(b.Count))
			list.Append(bucket)
		}
		return list
	case aggregate.Quantiles:
		t := L.CreateTable(0, 3+len(r.Quantiles))
		t.RawSetString("count", luaNumber(r.Number))
		t.RawSetString("min", luaNumber(r.Min))
		t.RawSetString("max", luaNumber(r.Max))
		for _, q := range r.Quantiles {
			t.RawSetString(aggregate.ShareName(q.Share), lua.LNumber(q.Value))
		}
		return t
	}
	return luaNumber(r.Number)
}

// keyValue returns a part of a key as Lua sees it.
func (s *Script) keyValue(v aggregate.Value) lua.LValue {
	if n, ok := v.Number(); ok {
		return luaNumber(n)
	}
	if b, ok := v.Bool(); ok {
		return lua.LBool(b)
	}
	if t, b, ok := v.Data(); ok {
		return s.values.value(t, bytes.Clone(b))
	}
	if text, ok := v.Text(); ok {
		return lua.LString(text)
	}
	return lua.LNil
}

// aggregationItems is agg:items().
func (s *Script) aggregationItems(L *lua.LState) int {
	a := looked(L, "items")
	unpack(L, "items")
	entries := a.Top(a.limit)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if len(entries) == 0 {
			L.Push(lua.LNil)
			return 1
		}
		e := entries[0]
		entries = entries[1:]
		switch len(e.Key) {
		case 0:
			L.Push(lua.LTrue)
		case 1:
			// A key that the records were too short for is nil, with which iteration would end.
			if key := s.keyValue(e.Key[0]); key != lua.LNil {
				L.Push(key)
			} else {
				L.Push(lua.LFalse)
			}
		default:
			key := L.CreateTable(len(e.Key), 0)
			for i, part := range e.Key {
				key.RawSetInt(i+1, s.keyValue(part))
			}
			L.Push(key)
		}
		L.Push(s.result(a, e.Result))
		return 2
	}))
	return 1
}

// aggregationTop is agg:top([n]).
func (s *Script) aggregationTop(L *lua.LState) int {
	a := looked(L, "top")
	L.Push(s.rowsOf(a, a.howMany(L, "top")))
	return 1
}

// rowsOf returns the n greatest results as rows.
func (s *Script) rowsOf(a *aggregation, n int) *lua.LTable {
	L := s.state
	rows := L.NewTable()
	names := a.KeyNames()
	for _, e := range a.Top(n) {
		row := L.CreateTable(0, len(e.Key)+1)
		for i, part := range e.Key {
			row.RawSetString(names[i], s.keyValue(part))
		}
		result := s.result(a, e.Result)
		if parts, ok := result.(*lua.LTable); ok && a.Kind == aggregate.Quantiles {
			parts.ForEach(row.RawSet) // a column each
		} else {
			row.RawSetString(a.Kind.String(), result)
		}
		rows.Append(row)
	}
	return rows
}

// howMany reads the only argument of a method, how many keys it is about; where there is none, what the aggregation says.
func (a *aggregation) howMany(L *lua.LState, method string) int {
	n := a.limit
	unpack(L, method, "n?", &n)
	if n < 0 && n != a.limit {
		L.RaiseError("%s: expected a number from 0, got %d", method, n)
	}
	return n
}

// aggregationClear is agg:clear().
func (s *Script) aggregationClear(L *lua.LState) int {
	a := self[*aggregation](L, "aggregation", "clear")
	unpack(L, "clear")
	a.Clear()
	return 0
}

// aggregationPrint is agg:print([n]).
func (s *Script) aggregationPrint(L *lua.LState) int {
	a := looked(L, "print")
	width, _ := s.screenSize()
	s.write(L, a.AppendText(nil, width, a.howMany(L, "print")))
	return 0
}

// aggregationToJSON is agg:tojson().
func (s *Script) aggregationToJSON(L *lua.LState) int {
	a := looked(L, "tojson")
	unpack(L, "tojson")
	L.Push(lua.LString(a.AppendJSON(nil)))
	return 1
}

// showAggregations prints those that took events of i and that the script never looked at, with an empty line between two.
func (l *loop) showAggregations(i *instance) {
	s := l.script
	first := true
	for _, h := range i.handlers.events {
		a, ok := h.consumer.(*aggregation)
		if !ok || a.used {
			continue
		}
		a.used = true
		var text []byte
		if s.json {
			text = append(a.AppendJSON(nil), '\n')
		} else {
			width, _ := s.screenSize()
			if !first {
				text = []byte("\n")
			}
			text = a.AppendText(text, width, a.limit)
		}
		first = false
		_, _ = l.stdout.Write(text) // an error ends the run
	}
}
