package luart

import (
	"fmt"
	"weak"

	lua "github.com/yuin/gopher-lua"
)

// The interpreter keeps the elements of a table in an array up to an index, and fills all gaps in it: t[pid] = 1 with a pid of 4,000,000
// took 64 MB. Below is what that costs at most, 16 bytes each. Elements from there on are keys like any others, each of which takes
// ten times as much, but only if it is there. The interpreter's own length and its library know the array alone.
const maxArray = 1 << 20

func init() { lua.MaxArrayIndex = maxArray }

// lengths finds the lengths of lists.
type lengths struct {
	// The list that was asked for last, if it is longer than its array, since scripts append with t[#t + 1] = x. It is not kept for that.
	list weak.Pointer[lua.LTable]
	n    int
}

// of returns the length of a list: an n with t[n] ~= nil and t[n+1] == nil, or 0.
func (l *lengths) of(t *lua.LTable) int {
	n := t.Len()
	if n < maxArray-1 {
		return n
	}
	if this := weak.Make(t); l.list != this || !has(t, l.n) {
		l.list, l.n = this, n
	}
	if !has(t, l.n+1) {
		return l.n
	}
	if !has(t, l.n+2) {
		l.n++
		return l.n
	}
	// As Lua does: double until there is none, and then search between.
	low, high := l.n, 2*l.n
	for has(t, high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; has(t, middle) {
			low = middle
		} else {
			high = middle
		}
	}
	l.n = low
	return low
}

func has(t *lua.LTable, i int) bool { return element(t, i) != lua.LNil }

// element returns t[i], wherever it is kept.
func element(t *lua.LTable, i int) lua.LValue { return t.RawGet(lua.LNumber(i)) }

// listLen returns the length of a list.
func listLen(t *lua.LTable) int { return new(lengths).of(t) }

// sparseKey is from where on a key whose neighbour is missing makes a table too large: it takes 4 MB.
const sparseKey = 1 << 18

// storeCheck is the check of an assignment to a table, with a key that may be large.
type storeCheck struct {
	script *Script
	table  int // the register
	key    operandPlace
}

func (c *storeCheck) String() string { return "(store)" }

// Type says to go on. The first time that a plain table is given a large key behind a gap it tells about map.
func (c *storeCheck) Type() lua.LValueType {
	L := c.script.scheduler.running
	n, ok := c.key.in(L).(lua.LNumber)
	if !ok || n < sparseKey || n >= maxArray || c.script.loop == nil || c.script.toldOfMap {
		return goOn
	}
	t, ok := L.Get(c.table + 1).(*lua.LTable)
	if !ok || float64(n) != float64(int(n)) || has(t, int(n)) || has(t, int(n)-1) {
		return goOn
	}
	c.script.toldOfMap = true
	c.script.loop.opts.Notice(fmt.Sprintf("%sa plain table with the key %d and none before it takes %d MB; where keys are PIDs, addresses or the like, map() in place of {} takes what they need",
		where(L, 0), int(n), int(n)*16>>20))
	return goOn
}
