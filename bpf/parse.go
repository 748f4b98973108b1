package bpf

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// ParseValue reads a value of type t from text, as it is typed on a command line, for SetGlobal: numbers as C and Go
// write them, true or false, the name of an enumerator, text as it is, and the elements of an array with commas between
// them. Whether a number fits is for SetGlobal to say. Structs and unions cannot be written so.
func ParseValue(t *decode.Type, text string) (any, error) {
	switch t.Kind {
	case decode.Bool:
		v, ok := truths[strings.ToLower(text)]
		if !ok {
			return nil, fmt.Errorf("%s takes true or false, got %q", t.Name, text)
		}
		return v, nil
	case decode.Int, decode.Uint, decode.Pointer:
		return parseInteger(t, text)
	case decode.Enum:
		for _, e := range t.Enumerators {
			if e.Name == text {
				return text, nil
			}
		}
		v, err := parseInteger(t, text)
		if err != nil {
			return nil, fmt.Errorf("%s has no enumerator %q%s", t.Name, text, near.Hint(near.Names(text, enumerators(t))))
		}
		return v, nil
	case decode.Float:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) {
			return nil, fmt.Errorf("%s takes a number, got %q", t.Name, text)
		}
		return v, nil
	case decode.String:
		return text, nil
	case decode.Array:
		return parseList(t, text)
	}
	return nil, fmt.Errorf("values of type %s cannot be given as text", t.Name)
}

var truths = map[string]bool{
	"true": true, "yes": true, "on": true, "1": true,
	"false": false, "no": false, "off": false, "0": false,
}

// parseInteger returns an int64, or an uint64 for what is larger.
func parseInteger(t *decode.Type, text string) (any, error) {
	if v, ok := truths[strings.ToLower(text)]; ok && !isNumeric(text) {
		return v, nil // C programs often have an int where a bool would do
	}
	v, err := strconv.ParseInt(text, 0, 64)
	if err == nil {
		return v, nil
	}
	if u, err := strconv.ParseUint(text, 0, 64); err == nil {
		return u, nil
	}
	if errors.Is(err, strconv.ErrRange) {
		return nil, fmt.Errorf("%s does not fit %s", text, t.Name)
	}
	return nil, fmt.Errorf("%s takes a number, got %q", t.Name, text)
}

func isNumeric(text string) bool { return text == "0" || text == "1" }

func parseList(t *decode.Type, text string) (any, error) {
	list := []any{}
	if text == "" {
		return list, nil
	}
	for i, element := range strings.Split(text, ",") {
		v, err := ParseValue(t.Elem, strings.TrimSpace(element))
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
		list = append(list, v)
	}
	return list, nil
}

func enumerators(t *decode.Type) []string {
	names := make([]string, len(t.Enumerators))
	for i, e := range t.Enumerators {
		names[i] = e.Name
	}
	return names
}
