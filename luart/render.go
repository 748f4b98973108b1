package luart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/aggregate"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/output"
)

// renderBuiltins draw tables and charts.
var renderBuiltins = []builtin{
	{
		name: "printtable", scope: anywhere, call: (*Script).printTable,
		params: "rows: table|aggregation, columns?: string[]",
		text: "Writes rows in columns, under titles: tables or events, of which columns names the fields to show, such as pid, at.cpu or args[1], or lists. Columns are as wide " +
			"as what is in them, and numbers stand to the right, with no more than two decimals; on a terminal that is too narrow long text is cut.",
		example: `
printtable({{comm = "sh", calls = 12}, {comm = "postgres", calls = 7}}, {"comm", "calls"})
--> COMM      CALLS
--> sh           12
--> postgres      7`,
	},
	{
		name: "bars", scope: anywhere, call: (*Script).bars,
		params: "values: table|aggregation",
		text: "Writes a line with a bar for each number: of a table from names to numbers, or an aggregation, the greatest first; of a list of pairs {name, number} in its " +
			"order.",
		example: `
bars({read = 10, write = 5})
--> read                   10 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
--> write                   5 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |`,
	},
	{
		name: "sparkline", scope: anywhere, call: (*Script).sparkline,
		params: "values: number[], width?: integer", returns: "string",
		text: "Returns a line of small bars, one for each number, between 0, or the least where that is below, and the greatest. Where there are more than width, a bar is " +
			"the greatest of several.",
		example: `
print(sparkline({1, 2, 4, 8, 4}))   --> ▂▃▅█▅`,
	},
}

// printTable is printtable(rows[, columns]).
func (s *Script) printTable(L *lua.LState) int {
	var rows lua.LValue
	var columns *lua.LTable
	unpack(L, "printtable", "rows", &rows, "columns?", &columns)
	if a, ok := rows.(*aggregation); ok && columns == nil {
		a.used = true
		width, _ := s.screenSize()
		s.write(L, a.AppendText(nil, width, a.limit))
		return 0
	}
	list, ok := listOf(rows)
	if a, isAggregation := rows.(*aggregation); isAggregation {
		a.used = true
		list, ok = listElements(s.rowsOf(a, a.limit)), true
	}
	if !ok {
		L.RaiseError("printtable: %v", expected("a list of rows", rows))
	}
	for i, row := range list {
		switch row.(type) {
		case *lua.LTable, *record:
		default:
			L.RaiseError("printtable: row %d: %v", i+1, expected("a table or an event", row))
		}
	}
	names := columnNames(list)
	if columns != nil {
		var err error
		if names, err = fieldNames(columns); err != nil {
			L.RaiseError("printtable: columns: %v", err)
		}
	}
	width, _ := s.screenSize()
	s.write(L, s.gridOf(L, list, names).Append(nil, width))
	return 0
}

// listOf returns the elements of a list.
func listOf(v lua.LValue) ([]lua.LValue, bool) {
	switch v := v.(type) {
	case *lua.LTable:
		n := listLen(v)
		return listElements(v), n > 0 || isEmpty(v)
	case *array:
		return v.elements(), true
	}
	return nil, false
}

func isEmpty(t *lua.LTable) bool {
	k, _ := t.Next(lua.LNil)
	return k == lua.LNil
}

// elements returns all elements of a.
func (a *array) elements() []lua.LValue {
	list := make([]lua.LValue, a.len())
	for i := range list {
		list[i] = a.at(i + 1)
	}
	return list
}

// columnNames returns the fields that rows have: those of events in their order, those of tables sorted. Rows that are lists have numbers.
func columnNames(rows []lua.LValue) []string {
	var names, sorted []string
	seen := make(map[string]bool)
	most := 0
	for _, row := range rows {
		switch row := row.(type) {
		case *record:
			for _, f := range row.layout.Fields {
				if !seen[f.Name] {
					seen[f.Name] = true
					names = append(names, f.Name)
				}
			}
		case *lua.LTable:
			most = max(most, listLen(row))
			row.ForEach(func(k, _ lua.LValue) {
				if name, ok := k.(lua.LString); ok && !seen[string(name)] {
					seen[string(name)] = true
					sorted = append(sorted, string(name))
				}
			})
		}
	}
	slices.Sort(sorted)
	if names = append(names, sorted...); len(names) == 0 {
		for i := range most {
			names = append(names, fmt.Sprint(i+1))
		}
	}
	return names
}

// gridOf returns the table of rows with these columns. The elements of rows that are lists are in their order.
func (s *Script) gridOf(L *lua.LState, rows []lua.LValue, names []string) *output.Grid {
	g := &output.Grid{}
	for _, name := range names {
		g.Columns = append(g.Columns, output.GridColumn{Title: strings.ToUpper(name), Right: true})
	}
	for _, row := range rows {
		cells := make([]string, len(names))
		for i, name := range names {
			text, isNumber := s.cellOf(L, row, name, i)
			cells[i] = text
			g.Columns[i].Right = g.Columns[i].Right && (isNumber || text == "")
		}
		g.Rows = append(g.Rows, cells)
	}
	if len(rows) == 0 {
		for i := range g.Columns {
			g.Columns[i].Right = false
		}
	}
	return g
}

// cellOf returns what a row has in column i, which is called name.
func (s *Script) cellOf(L *lua.LState, row lua.LValue, name string, i int) (text string, isNumber bool) {
	var v lua.LValue
	switch row := row.(type) {
	case *record:
		at, ok := row.layout.index[name]
		if !ok {
			v = nested(row, name)
			break
		}
		if f := &row.layout.Fields[at]; f.Type.Kind == decode.Enum || f.Type.Kind == decode.Pointer {
			return string(f.AppendText(nil, row.data)), f.Type.Kind == decode.Pointer
		}
		v = row.at(at)
	case *lua.LTable:
		if v = row.RawGetString(name); v == lua.LNil && listLen(row) > 0 {
			v = element(row, i+1)
		}
		if v == lua.LNil {
			v = nested(row, name)
		}
	}
	if v == lua.LNil {
		return "", false
	}
	n, isNumber := numberOf(v)
	if isNumber {
		return n.Short(), true
	}
	return string(s.appendValue(nil, L, v)), false
}

// nested returns what a path such as at.cpu leads to, or nil.
func nested(row lua.LValue, path string) lua.LValue {
	steps, err := aggregate.Steps(path)
	if err != nil || len(steps) == 1 {
		return lua.LNil
	}
	return pathOf(row, steps)
}

// bars is bars(values).
func (s *Script) bars(L *lua.LState) int {
	var values lua.LValue
	unpack(L, "bars", "values", &values)
	var list []output.Bar
	add := func(name, value lua.LValue) {
		n, ok := numberOf(value)
		if !ok {
			L.RaiseError("bars: %s: %v", clip(string(s.appendValue(nil, L, name))), expected("a number", value))
		}
		list = append(list, output.Bar{Label: string(s.appendValue(nil, L, name)), Text: value.String(), Value: n.Float64()})
	}
	switch v := values.(type) {
	case *aggregation:
		v.used = true
		for _, e := range v.Top(v.limit) {
			list = append(list, output.Bar{Label: v.KeyText(e.Key), Text: string(e.Number.AppendText(nil)), Value: e.Number.Float64()})
		}
	case *lua.LTable:
		if listLen(v) > 0 {
			for i, pair := range listElements(v) {
				p, ok := pair.(*lua.LTable)
				if !ok || listLen(p) != 2 {
					L.RaiseError("bars: element %d: %v", i+1, expected("a pair {name, number}", pair))
				}
				add(element(p, 1), element(p, 2))
			}
			break
		}
		for _, f := range fields(v) {
			add(f.key, f.value)
		}
		slices.SortStableFunc(list, func(a, b output.Bar) int {
			switch {
			case a.Value > b.Value || math.IsNaN(b.Value):
				return -1
			case a.Value < b.Value:
				return 1
			}
			return 0
		})
	case *mapping:
		v.each(func(key, value lua.LValue) bool { add(key, value); return true })
	default:
		L.RaiseError("bars: %v", expected("a table or an aggregation", values))
	}
	width, _ := s.screenSize()
	s.write(L, output.AppendBars(nil, list, width))
	return 0
}

// sparkline is sparkline(values[, width]).
func (s *Script) sparkline(L *lua.LState) int {
	var values lua.LValue
	width := 0
	unpack(L, "sparkline", "values", &values, "width?", &width)
	if width < 0 {
		L.RaiseError("sparkline: width: expected a number from 0, got %d", width)
	}
	list, ok := listOf(values)
	if !ok {
		L.RaiseError("sparkline: %v", expected("a list of numbers", values))
	}
	numbers := make([]float64, len(list))
	for i, v := range list {
		n, ok := numberOf(v)
		if !ok {
			L.RaiseError("sparkline: element %d: %v", i+1, expected("a number", v))
		}
		numbers[i] = n.Float64()
	}
	L.Push(lua.LString(output.Sparkline(numbers, width)))
	return 1
}
