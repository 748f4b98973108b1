package reference

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
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
		"---@overload fun(self: aggregation, key: any, value: number)\n",
		"---@class map\n---@field [any] any\n\n", // no variable, which would hide the function
	} {
		if !strings.Contains(types, want) {
			t.Errorf("no %q in\n%s", want, types)
		}
	}
	if !json.Valid([]byte(Settings())) {
		t.Error("the settings are no JSON")
	}
}

// The language server, where there is one, has nothing to say of the examples, and finds what is wrong.
func TestLanguageServer(t *testing.T) {
	server, err := exec.LookPath("lua-language-server")
	if err != nil {
		t.Skip("no lua-language-server; no distribution that CI runs on has it")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(TypesFile, Types())
	write(SettingsFile, Settings())
	for _, f := range luart.Functions() {
		if f.Name != "number:hex" { // it knows no methods of numbers
			write(strings.NewReplacer(":", "_", ".", "_").Replace(f.Name)+".lua", f.Example)
		}
	}
	const wrong = "wrong.lua"
	write(wrong, "set_kind(5)\non_evnt(print)\n")
	out, _ := exec.Command(server, "--check="+dir, "--check_format=json", "--logpath="+t.TempDir(), "--check_out_path="+filepath.Join(dir, "found.json")).CombinedOutput() // fails where it finds something
	text, err := os.ReadFile(filepath.Join(dir, "found.json"))
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var found map[string][]struct{ Code, Message string }
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]bool)
	for file, problems := range found {
		for _, p := range problems {
			if strings.HasSuffix(file, wrong) {
				codes[p.Code] = true
			} else {
				t.Errorf("%s: %s", filepath.Base(file), p.Message)
			}
		}
	}
	if !codes["param-type-mismatch"] || !codes["undefined-global"] {
		t.Errorf("of what is wrong it found %v", codes)
	}
}
