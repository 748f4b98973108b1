package aggregate

import (
	"fmt"
	"slices"
	"strings"
)

// units are those that convert into each other, the smallest first.
type units []struct {
	names []string // the first is the one that errors tell
	size  uint64   // in the smallest
}

var (
	times = units{{[]string{"ns"}, 1}, {[]string{"us", "µs"}, 1e3}, {[]string{"ms"}, 1e6}, {[]string{"s", "sec"}, 1e9}}
	sizes = units{{[]string{"bytes", "B"}, 1}, {[]string{"KB", "KiB"}, 1 << 10}, {[]string{"MB", "MiB"}, 1 << 20}, {[]string{"GB", "GiB"}, 1 << 30}}
)

// fieldUnits are the last words of fields' names that tell the unit of their values: delta_ns, rx_bytes.
var fieldUnits = map[string]units{"ns": times, "us": times, "ms": times, "sec": times, "bytes": sizes}

// size returns how many of the smallest unit one of name is, or 0.
func (u units) size(name string) uint64 {
	for _, unit := range u {
		if slices.Contains(unit.names, name) {
			return unit.size
		}
	}
	return 0
}

// conversion is a factor, mul/div, from one unit to another.
type conversion struct{ mul, div uint64 }

// convert returns the conversion of values of the field of to unit. Where the field's name does not tell its unit there is none: unit is
// a word for people then.
func convert(of, unit string) (conversion, error) {
	same := conversion{1, 1}
	own := of[strings.LastIndexAny(of, "_.")+1:]
	family := fieldUnits[own]
	if family == nil || unit == "" {
		return same, nil
	}
	from, to := family.size(own), family.size(unit)
	switch {
	case to == 0:
		var names []string
		for _, u := range family {
			names = append(names, u.names[0])
		}
		return same, fmt.Errorf("unit: %s is in %s, which can be told in %s, not in %s", of, own, strings.Join(names, ", "), unit)
	case from > to:
		return conversion{from / to, 1}, nil
	}
	return conversion{1, to / from}, nil
}

func (c conversion) applies() bool { return c.mul != c.div }

// of returns n in the other unit: an integer where it is one.
func (c conversion) of(n Number) Number {
	switch {
	case n.kind == unsigned && c.mul == 1 && n.bits%c.div == 0:
		return Uint(n.bits / c.div)
	case n.kind == negative && c.mul == 1 && int64(n.bits)%int64(c.div) == 0:
		return Int(int64(n.bits) / int64(c.div))
	}
	return Float(n.Float64() * float64(c.mul) / float64(c.div))
}
