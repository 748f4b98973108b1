package aggregate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// Step is one step on the way to a value in a record: the member called Name or, where that is empty, element Index of an
// array, counted from 1 as Lua does.
type Step struct {
	Name  string
	Index int
}

// Steps returns the steps of a path: pid, at.cpu, args[2], places[1].node.
func Steps(path string) ([]Step, error) {
	var steps []Step
	for part := range strings.SplitSeq(path, ".") {
		name, indices, ok := strings.Cut(part, "[")
		steps = append(steps, Step{Name: name})
		for ok {
			var digits string
			if digits, indices, ok = strings.Cut(indices, "]"); !ok {
				return nil, fmt.Errorf("%s: a [ is never closed", path)
			}
			i, err := strconv.Atoi(digits)
			if err != nil || i < 1 {
				return nil, fmt.Errorf("%s: expected the number of an element, from 1 on, got %q", path, digits)
			}
			steps = append(steps, Step{Index: i})
			if indices == "" {
				break
			}
			if indices, ok = strings.CutPrefix(indices, "["); !ok {
				return nil, fmt.Errorf("%s: expected a . or [ behind ]", path)
			}
		}
	}
	return steps, nil
}

// find returns the field of records of type t that path leads to.
func (a *Aggregation) find(t *decode.Type, path string) (field, error) {
	var f field
	steps, err := Steps(path)
	if err != nil {
		return f, fmt.Errorf("%s: %w", a.Kind, err)
	}
	in := t
	for _, step := range steps {
		if step.Index > 0 {
			element := f.Field.Element(step.Index - 1)
			switch {
			case element == nil && in.Kind == decode.Array:
				return f, fmt.Errorf("%s: %s: %s has %d elements, counted from 1", a.Kind, path, in.Name, in.Len)
			case element == nil:
				return f, fmt.Errorf("%s: %s: %s has no elements", a.Kind, path, in.Name)
			}
			f.Field, f.element, in = element, true, element.Type
			continue
		}
		if f.Field != nil {
			f.outer = append(f.outer, f.Field)
		}
		if f.Field = in.Field(step.Name); f.Field == nil {
			var names []string
			for _, have := range in.Fields {
				names = append(names, have.Name)
			}
			return f, fmt.Errorf("%s: %s has no field %s%s", a.Kind, in.Name, step.Name, near.Hint(near.Names(step.Name, names)))
		}
		f.element, in = false, f.Type
	}
	switch in.Kind {
	case decode.Bool, decode.Uint, decode.Pointer:
		f.scalar = true
	case decode.Int:
		f.scalar, f.signed = true, true
	case decode.Enum:
		f.scalar, f.signed = true, in.Signed
	}
	return f, nil
}

// values returns the field of records of type t whose values are dealt with.
func (a *Aggregation) values(t *decode.Type) (field, error) {
	if a.Of == "" {
		return field{}, fmt.Errorf("%s: of says whose values to take; the numbers of %s are %s", a.Kind, t.Name, numbersOf(t))
	}
	of, err := a.find(t, a.Of)
	if err == nil && a.Kind != Distinct && !of.scalar && of.Type.Kind != decode.Float {
		err = fmt.Errorf("%s: %s of %s is no number but %s", a.Kind, a.Of, t.Name, of.Type.Name)
	}
	return of, err
}

// reading returns how the field is shown among the others of its struct; t is the record.
func (f *field) reading(t *decode.Type) shown {
	if f.element {
		return shown{}
	}
	if len(f.outer) > 0 {
		t = f.outer[len(f.outer)-1].Type
	}
	i := slices.IndexFunc(t.Fields, func(g decode.Field) bool { return g.Name == f.Name })
	return shown{readable.Of(t).Reading(i), t, f.Field}
}

// numbersOf returns the names of the fields of t that are numbers.
func numbersOf(t *decode.Type) string {
	var names []string
	for _, f := range t.Fields {
		switch f.Type.Kind {
		case decode.Int, decode.Uint, decode.Float, decode.Enum:
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}
