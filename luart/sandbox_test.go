package luart

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// All that a project can reach without AllowHost, table by table. What is added here must not reach the machine.
func TestReachable(t *testing.T) {
	s, err := loadText(t, "", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(table string, names string) {
		t.Helper()
		want := make(map[string]bool)
		for _, n := range strings.Fields(names) {
			want[n] = true
		}
		script := fmt.Sprintf(`local names = {} for name in pairs(%s) do names[#names + 1] = name end return table.concat(names, " ")`, table)
		if err := s.state.DoString(script); err != nil {
			t.Fatal(err)
		}
		for _, name := range strings.Fields(s.state.Get(-1).String()) {
			if !want[name] {
				t.Errorf("%s.%s can be reached", table, name)
			}
			delete(want, name)
		}
		s.state.Pop(1)
		for name := range want {
			t.Errorf("%s.%s is missing", table, name)
		}
	}
	var ours strings.Builder
	for _, b := range builtins() {
		if !strings.ContainsAny(b.name, ".:") {
			fmt.Fprintln(&ours, b.name)
		}
	}
	check("_G", `_G _VERSION assert collectgarbage dofile error getfenv getmetatable ipairs load loadfile loadstring next pairs pcall
		rawequal rawget rawset require select setfenv setmetatable tonumber tostring type unpack xpcall
		string table math coroutine os io debug json enum `+ours.String())

	// In these tables functions may stand that only say what they need.
	const attempt = `local reached = {} for name, fn in pairs(%s) do
		local ok, err = pcall(fn) if ok or not tostring(err):find("--allow-host", 1, true) then reached[name] = true end
	end return reached`
	for library, names := range map[string]string{
		"io": "write", "os": "clock date difftime getenv time print exit", "debug": "traceback",
	} {
		script := fmt.Sprintf(strings.ReplaceAll(attempt, "pairs(%s)", "pairs((function() local t = {} for k, v in pairs(%s) do if k ~= 'read' then t[k] = v end end return t end)())"), library)
		check("(function() "+script+" end)()", names)
	}
	check("(function() local t = {} for _, n in ipairs({'dofile', 'loadfile'}) do local ok, e = pcall(_G[n]) if not e:find('--allow-host', 1, true) then t[n] = 1 end end return t end)()", "")
}

func TestAllowHost(t *testing.T) {
	dir := writeProject(t, map[string]string{
		"project.lua": `
			local f = assert(io.open("` + "DIR" + `/made", "w"))
			f:write("by lua") f:close()
			assert(io.open("DIR/made"):read("*a") == "by lua")
			assert(os.execute("exit 0") == 0 and os.remove("DIR/made"))
			assert(dofile("more.lua") == 7 and loadfile("more.lua")() == 7)
			assert(debug.getinfo(1).currentline == 7)
			io.stderr:write("")`,
		"more.lua": `return 3 < 4 and 7`,
	})
	file := filepath.Join(dir, "project.lua")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "DIR", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Load(file, LoadOptions{AllowHost: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}
