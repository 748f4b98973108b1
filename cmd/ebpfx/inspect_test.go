package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInspectSchema: what inspect prints of this repository's test programs is what its schema says.
func TestInspectSchema(t *testing.T) {
	objects, err := filepath.Glob(filepath.Join(repository(t), "bpf/internal/testprog/*_bpfel.o"))
	if err != nil || len(objects) == 0 {
		t.Fatal("no objects", err)
	}
	var out, said bytes.Buffer
	if code := ebpfx(append([]string{"ebpfx", "inspect", "-o", "json"}, objects...), &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, &said)
	}
	var schema map[string]any
	if err := json.Unmarshal([]byte(inspectSchema), &schema); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	v := validator{definitions: schema["$defs"].(map[string]any)}
	v.check("$", schema, got)
	for _, problem := range v.problems {
		t.Error(problem)
	}
	if n := len(got.([]any)); n != len(objects) {
		t.Errorf("%d objects are described, want %d", n, len(objects))
	}
	if code := ebpfx([]string{"ebpfx", "inspect", "--schema"}, io.Discard, &said); code != 0 {
		t.Errorf("--schema: exit code %d: %s", code, &said)
	}
}

// TestCheckSchema: so is what check prints, of programs that are taken, left out and refused.
func TestCheckSchema(t *testing.T) {
	needRoot(t)
	var objects []string
	for _, name := range []string{"alternatives", "calls", "maps", "refused"} {
		objects = append(objects, filepath.Join(repository(t), "bpf/internal/testprog", name+"_bpfel.o"))
	}
	var out, said bytes.Buffer
	if code := ebpfx(append([]string{"ebpfx", "check", "-o", "json"}, objects...), &out, &said); code != 1 {
		t.Errorf("exit code %d, want 1: %s", code, &said)
	}
	var schema map[string]any
	if err := json.Unmarshal([]byte(checkSchema), &schema); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	v := validator{definitions: schema["$defs"].(map[string]any), optional: true}
	v.check("$", schema, got)
	for _, problem := range v.problems {
		t.Error(problem)
	}
	if n := len(got.([]any)); n != len(objects) {
		t.Errorf("%d objects were checked, want %d", n, len(objects))
	}
	if code := ebpfx([]string{"ebpfx", "check", "--schema"}, io.Discard, &said); code != 0 {
		t.Errorf("--schema: exit code %d: %s", code, &said)
	}
}

func TestDefaultText(t *testing.T) {
	zeros := "[0" + strings.Repeat(",0", 100) + "]"
	for value, want := range map[string]string{
		"0":                     "0",
		`"text"`:                `"text"`,
		"[0,0]":                 "[0,0]",
		zeros:                   "[0, ...]",
		"[" + zeros + "]":       "[0, ...]",
		"[1" + zeros[2:]:        ("[1" + zeros[2:])[:60] + "...",
		strings.Repeat("é", 40): strings.Repeat("é", 30) + "...",
	} {
		if got := defaultText(json.RawMessage(value)); got != want {
			t.Errorf("%s is shown as %s, want %s", value, got, want)
		}
	}
}

// validator checks values against the part of JSON schema that ours use.
type validator struct {
	definitions map[string]any
	optional    bool // some members are not always there
	problems    []string
}

func (v *validator) check(at string, schema map[string]any, value any) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = v.definitions[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if ways, ok := schema["oneOf"].([]any); ok {
		if value != nil { // the other way is null
			v.check(at, ways[1].(map[string]any), value)
		}
		return
	}
	want, ok := schema["type"].(string)
	if !ok {
		return
	}
	fail := func(format string, args ...any) {
		v.problems = append(v.problems, at+": "+fmt.Sprintf(format, args...))
	}
	switch value := value.(type) {
	case []any:
		if want != "array" {
			fail("is an array, want %s", want)
			return
		}
		for i, item := range value {
			v.check(fmt.Sprintf("%s[%d]", at, i), schema["items"].(map[string]any), item)
		}
	case map[string]any:
		if want != "object" {
			fail("is an object, want %s", want)
			return
		}
		properties := schema["properties"].(map[string]any)
		for name, item := range value {
			p, ok := properties[name].(map[string]any)
			if !ok {
				fail("has %s, which the schema does not", name)
				continue
			}
			v.check(at+"."+name, p, item)
		}
		for _, name := range schema["required"].([]any) {
			if _, ok := value[name.(string)]; !ok {
				fail("lacks %s", name)
			}
		}
		if !v.optional && len(schema["required"].([]any)) != len(properties) {
			fail("the schema does not require all that is always there")
		}
	case string:
		if want != "string" {
			fail("is a string, want %s", want)
		}
		if allowed, ok := schema["enum"].([]any); ok && !slices.Contains(allowed, any(value)) {
			fail("%q is none of %v", value, allowed)
		}
	case float64:
		if want != "integer" || value != float64(int64(value)) {
			fail("is the number %v, want %s", value, want)
		}
	case bool:
		if want != "boolean" {
			fail("is a boolean, want %s", want)
		}
	default:
		fail("is %v, want %s", value, want)
	}
}
