package luart

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestIncludes(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // the targets and their defines
	}{
		{"file, folder and glob", map[string]string{
			"project.lua":         `includes("a.lua", "b") includes({"tools/*"})`,
			"a.lua":               `target("a")`,
			"b/project.lua":       `target("b")`,
			"tools/x/project.lua": `target("x")`,
			"tools/y/project.lua": `target("y")`,
			"tools/z/readme":      ``,
			"tools/readme":        `(`,
		}, "a[] b[] x[] y[]"},
		{"folders at any depth", map[string]string{
			"project.lua":       `includes("**/project.lua")`,
			"a/project.lua":     `target("a")`,
			"a/b/c/project.lua": `target("c")`,
		}, "c[] a[]"},
		{"once", map[string]string{
			"project.lua": `includes("a.lua") includes("./a.lua", "*.lua")`,
			"a.lua":       `target("a") add_defines("A")`,
		}, "a[A]"},
		{"in a circle", map[string]string{
			"project.lua":     `target("top") includes("sub") add_defines("AFTER")`,
			"sub/project.lua": `target("sub") includes("../project.lua") includes(".")`,
		}, "top[AFTER] sub[]"},
		{"defaults go down, not up nor aside", map[string]string{
			"project.lua":   `add_defines("TOP") includes("a", "b") target("top")`,
			"a/project.lua": `add_defines("A") target("a") add_defines("a")`,
			"b/project.lua": `target("b")`,
		}, "a[TOP A a] b[TOP] top[TOP]"},
		{"the target stays open", map[string]string{
			"project.lua": `target("top") includes("a.lua") add_defines("TOP")`,
			"a.lua":       `add_defines("ROOT") target("a") add_defines("A")`,
		}, "top[TOP] a[ROOT A]"},
		{"opened again elsewhere", map[string]string{
			"project.lua": `includes("a.lua") target("a") add_defines("MORE")`,
			"a.lua":       `target("a") add_defines("A")`,
		}, "a[A MORE]"},
		{"functions of other files", map[string]string{
			"project.lua": `includes("a.lua", "b.lua")`,
			"a.lua":       `function tool(name) target(name) end on_event(function(e) show(e) end)`,
			"b.lua":       `tool("b") function show(e) end`,
		}, "b[]"},
		{"an error that is caught", map[string]string{
			"project.lua": `assert(not pcall(includes, "bad.lua") and not pcall(includes, "worse.lua")) target("top") add_defines("TOP")`,
			"bad.lua":     `x = = 1`,
			"worse.lua":   `target("a") error("no")`,
		}, "a[] top[TOP]"},
		{"modules", map[string]string{
			"project.lua":       `local lib = require("lib.tools") assert(lib == require("lib.tools") and require("lib").n == 1) lib.tool("a")`,
			"lib/tools.lua":     `local n = ... assert(n == "lib.tools") return {tool = function(name) target(name) end}`,
			"lib/init.lua":      `return {n = 1}`,
			"lib/project.lua":   `error("not this")`,
			"unused/broken.lua": `(`,
		}, "a[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := project(t, test.files)
			var got []string
			for _, target := range s.Project().Targets {
				got = append(got, fmt.Sprintf("%s%v", target.Name, target.Defines))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestIncludeErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // place: text
	}{
		{"missing file", map[string]string{"project.lua": "\nincludes('x.lua')"},
			`project.lua:2:1: includes: "x.lua": there is no such file or folder`},
		{"missing in an included file", map[string]string{"project.lua": "includes('a.lua')", "a.lua": "\n\n includes('x')"},
			`a.lua:3:2: includes: "x": there is no such file or folder`},
		{"glob", map[string]string{"project.lua": "includes('tools/*')"},
			`project.lua:1:1: includes: "tools/*": there is no such file.lua, and no such folder with a project.lua`},
		{"folder without project.lua", map[string]string{"project.lua": "includes('a')", "a/x": ""},
			`project.lua:1:1: includes: "a": the folder has no project.lua`},
		{"malformed glob", map[string]string{"project.lua": "includes('[')"},
			`project.lua:1:1: includes: "[": the glob is malformed: a [ is not closed, or a \ stands at its end`},
		{"syntax", map[string]string{"project.lua": "includes('a.lua')", "a.lua": "x = = 1"},
			`a.lua:1:5: syntax error near "="`},
		{"error inside", map[string]string{"project.lua": "includes('a.lua')", "a.lua": "\nset_kind(5)"},
			`a.lua:2:1: set_kind: expected a string, got a number`},
		{"unknown function inside", map[string]string{"project.lua": "includes('a.lua')", "a.lua": "\non_event(function() stpo() end)"},
			`a.lua:2:21: unknown function stpo (did you mean stop?)`},
		{"module that fails", map[string]string{"project.lua": "require('a')", "a.lua": "\nerror('no')"},
			`a.lua:2: no`},
		{"module of itself", map[string]string{"project.lua": "require('a')", "a.lua": "\nrequire('a')"},
			`a.lua:2:1: require: the module "a" requires itself`},
		{"module that was included", map[string]string{"project.lua": "includes('a.lua')\nrequire('a')", "a.lua": ""},
			`project.lua:2:1: require: DIR/a.lua was loaded before by includes, or failed`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := writeProject(t, test.files)
			_, err := Load(filepath.Join(dir, "project.lua"), LoadOptions{Stdout: new(bytes.Buffer)})
			if err == nil {
				t.Fatal("loaded")
			}
			got := strings.TrimPrefix(err.Error(), displayPath(dir)+"/")
			if want := strings.ReplaceAll(test.want, "DIR", displayPath(dir)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// The traceback names who included the file, and nothing of Go.
func TestTracebackOfIncludes(t *testing.T) {
	dir := writeProject(t, map[string]string{
		"project.lua": "includes('a.lua')",
		"a.lua":       "local function fail()\n  set_kind(5)\nend\n\nfail()",
	})
	_, err := Load(filepath.Join(dir, "project.lua"), LoadOptions{})
	ds := diagnostics(t, err)
	want := []string{"stack traceback:", "\ta.lua:2: in function 'fail'", "\ta.lua:5: in main chunk", "\tproject.lua:1: in main chunk"}
	got := strings.Split(strings.ReplaceAll(ds[0].Detail, displayPath(dir)+"/", ""), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRequireStaysInProject(t *testing.T) {
	dir := writeProject(t, map[string]string{
		"p/project.lua": `require("link")`,
		"secret.lua":    `return 1`,
	})
	if err := os.Symlink("../secret.lua", filepath.Join(dir, "p/link.lua")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "p/project.lua")
	if _, err := Load(file, LoadOptions{}); err == nil || !strings.Contains(err.Error(), `require: the module "link" is not inside the project`) {
		t.Errorf("got %v", err)
	}
	s, err := Load(file, LoadOptions{AllowHost: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}
