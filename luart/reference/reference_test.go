package reference

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"

	"github.com/ebpfx/ebpfx/luart"
)

// The page in the repository is the one that the table makes.
func TestMarkdown(t *testing.T) {
	page, err := os.ReadFile("../REFERENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Markdown() {
		t.Error("luart/REFERENCE.md is out of date; run: go generate ./luart/reference")
	}
}

// Every function can be asked for, and is listed.
func TestHelp(t *testing.T) {
	list := List()
	for _, f := range luart.Functions() {
		text, err := Help(f.Name)
		if err != nil || !strings.Contains(text, f.Signature()) || !strings.Contains(text, indent(f.Example)) {
			t.Errorf("%s: %v\n%s", f.Name, err, text)
		}
		if !strings.Contains(list, "  "+f.Signature()) {
			t.Errorf("%s is not listed", f.Name)
		}
	}
	if text, err := Help("totable"); err != nil || !strings.Contains(text, "event:totable()") || !strings.Contains(text, "array:totable()") {
		t.Errorf("totable: %v\n%s", err, text)
	}
	if text, err := Help("handle"); err != nil || !strings.Contains(text, "  :stop()  Detaches") || !strings.Contains(text, "  .name: string") {
		t.Errorf("handle: %v\n%s", err, text)
	}
	if _, err := Help("slep"); err == nil || err.Error() != `unknown Lua function "slep" (did you mean sleep?)` {
		t.Error(err)
	}
}

// The types are Lua, and each function stands in them with its parameters.
func TestTypes(t *testing.T) {
	types := Types()
	if _, err := parse.Parse(strings.NewReader(types), TypesFile); err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		"---@param body? table|fun()\nfunction target(name, body) end",
		"---@overload fun(stream: string, fn: fun(event: event)|aggregation)",
		"---@return handle\nfunction run(name, opts) end",
		"function event:name(field) end",
	} {
		if !strings.Contains(types, want) {
			t.Errorf("no %q in\n%s", want, types)
		}
	}
	if !json.Valid([]byte(Settings())) {
		t.Error("the settings are no JSON")
	}
}
