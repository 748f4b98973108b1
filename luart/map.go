package luart

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// mapping is what map() makes: a table for many keys, of which any may be large. A plain table takes two or three times the memory, and keeps the
// key of what is deleted.
type mapping struct {
	integers ordered[uint64]     // integral keys from 0: PIDs, addresses, hashes
	others   ordered[lua.LValue] // all others: 64-bit ones are equal where their numbers are
}

// Type returns LTUserData, whose metatable openValues sets.
func (*mapping) Type() lua.LValueType { return lua.LTUserData }

func (m *mapping) String() string { return fmt.Sprintf("map: %p", m) }

// mapBuiltins make such tables.
var mapBuiltins = []builtin{
	{
		name: "map", scope: anywhere, call: (*Script).newMap,
		returns: "map",
		text: "Returns an empty table for many keys, such as PIDs, addresses or 64-bit hashes: it takes less memory than {}, and keeps the order in which " +
			"keys came, numbers first. It reads as a table: seen[pid], pairs(seen), nil deletes. # is the number of keys.",
		example: `
local seen = map()
seen[4000000], seen[0xffff888000000040] = 1, 2
print(seen[4000000], #seen)   --> 1	2
for key, value in pairs(seen) do seen[key] = nil end
print(#seen)   --> 0`,
	},
}

// newMap is map().
func (s *Script) newMap(L *lua.LState) int {
	unpack(L, "map")
	L.Push(new(mapping))
	return 1
}

func (m *mapping) len() int { return m.integers.live + m.others.live }

// get returns what key has, or nil.
func (m *mapping) get(key lua.LValue) lua.LValue {
	v := lua.LValue(nil)
	if i, ok := integerOf(key); ok && !i.neg {
		v = m.integers.get(i.mag)
	} else {
		v = m.others.get(key)
	}
	if v == nil {
		return lua.LNil
	}
	return v
}

// set gives key a value; nil deletes it. key is neither nil nor NaN.
func (m *mapping) set(key, value lua.LValue) {
	if value == lua.LNil {
		value = nil
	}
	if i, ok := integerOf(key); ok && !i.neg {
		m.integers.set(i.mag, value)
	} else {
		m.others.set(key, value)
	}
}

// each calls visit for the keys in the order in which they came, integers first, as long as it returns true.
func (m *mapping) each(visit func(key, value lua.LValue) bool) {
	var c cursor
	for {
		key, value := m.next(&c)
		if key == lua.LNil || !visit(key, value) {
			return
		}
	}
}

// cursor is a place in a mapping.
type cursor struct{ integers, others int }

// next returns the next key and its value, or nil.
func (m *mapping) next(c *cursor) (key, value lua.LValue) {
	if i := m.integers.next(&c.integers); i >= 0 {
		return unsignedValue(m.integers.keys[i]), m.integers.values[i]
	}
	if i := m.others.next(&c.others); i >= 0 {
		return m.others.keys[i], m.others.values[i]
	}
	return lua.LNil, lua.LNil
}

// after returns the cursor behind key; ok is false where the map has no such key.
func (m *mapping) after(key lua.LValue) (c cursor, ok bool) {
	if i, isInteger := integerOf(key); isInteger && !i.neg {
		at, ok := m.integers.index[i.mag]
		return cursor{integers: int(at) + 1}, ok
	}
	at, ok := m.others.index[key]
	return cursor{len(m.integers.keys), int(at) + 1}, ok
}

// ordered is a map that keeps its keys in the order in which they came. Those that are deleted keep their place for a while, so that next
// finds it while a loop deletes what it has seen.
type ordered[K comparable] struct {
	index  map[K]uint32 // into keys and values
	keys   []K
	values []lua.LValue // nil: deleted
	live   int
}

func (o *ordered[K]) get(key K) lua.LValue {
	if i, ok := o.index[key]; ok {
		return o.values[i]
	}
	return nil
}

// set gives key a value, or deletes it where that is nil.
func (o *ordered[K]) set(key K, value lua.LValue) {
	i, known := o.index[key]
	if known && o.values[i] != nil {
		if o.values[i] = value; value == nil {
			o.live--
		}
		return
	}
	if value == nil {
		return
	}
	if o.index == nil {
		o.index = make(map[K]uint32)
	}
	if len(o.keys) >= 2*o.live+minOrdered {
		o.compact()
	}
	o.index[key] = uint32(len(o.keys))
	o.keys = append(o.keys, key)
	o.values = append(o.values, value)
	o.live++
}

// minOrdered is how many deleted keys are of no account.
const minOrdered = 32

// compact forgets what was deleted.
func (o *ordered[K]) compact() {
	keys, values := make([]K, 0, 2*o.live), make([]lua.LValue, 0, 2*o.live)
	for i, v := range o.values {
		key := o.keys[i]
		switch {
		case v != nil:
			o.index[key] = uint32(len(keys))
			keys, values = append(keys, key), append(values, v)
		case o.index[key] == uint32(i): // it has not come back behind this place
			delete(o.index, key)
		}
	}
	o.keys, o.values = keys, values
}

// next returns the index of the first key from *at on, and moves *at behind it; -1 is the end.
func (o *ordered[K]) next(at *int) int {
	for i := *at; i < len(o.values); i++ {
		if o.values[i] != nil {
			*at = i + 1
			return i
		}
	}
	*at = len(o.values)
	return -1
}
