package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWatchRefusals saves one version after the other that fails, each at another moment. What runs goes on as if nothing had been: it sees each call
// once, the error is told once, and of the new version nothing is heard but what it says itself. Then a good version takes over, with the map as it is.
func TestWatchRefusals(t *testing.T) {
	t.Parallel()
	name := uniqueProgram(t)
	p, _ := watching(t, name, "--callback-timeout", "1s")
	project := filepath.Join(p.Dir, "project.lua")
	// Each version is one save: that of project.lua, which names another source.
	place := func(dir, text string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(p.Dir, dir), 0o777); err != nil {
			t.Fatal(err)
		}
		saveInPlace(t, filepath.Join(p.Dir, dir, "watched.bpf.c"), text)
	}
	const noisy = `
target("watched") add_files("other/*.bpf.c")
    on_load(function () %s end)
    every(1, function () print("a timer of the new version") end)
    on_event(function (e) print("an event of the new version") end)
    on_exit(function () print("the end of the new version") end)
`
	next := watchedSource(7, name)
	lua := func(onLoad string, more ...string) string {
		return fmt.Sprintf(noisy, onLoad) + strings.Join(more, "\n")
	}
	hits := 0
	works := func(version int) {
		t.Helper()
		hits++
		hit(name, hits)
		p.awaits(fmt.Sprintf("event %d of version %d, hit %d\n", hits, version, hits), 1)
	}
	works(0)
	for i, c := range []struct{ what, lua, source, want string }{
		{"C", lua(""), strings.Replace(next, "return 0;", "nonsense;", 1), "undeclared identifier 'nonsense'"},
		{"verifier", lua(""), strings.Replace(next, "e->n = *n", "e->n = n[mark]", 1), "the kernel's verifier refuses program " + name},
		{"section", lua(""), strings.ReplaceAll(next, "sys_enter_getpgid", "sys_enter_nothing"), "sys_enter_nothing"},
		{"attach_to", lua("", `attach_to("`+name+`", "syscalls:sys_enter_none")`), next, `sys_enter_none") names no tracepoint`},
		{"file level", lua("", `error("wrong at file level")`), next, ": wrong at file level"},
		{"on_load", lua(`error("wrong in on_load")`), next, ": wrong in on_load"},
		{"on_load that does not return", lua(`while true do end`), next, "on_load runs for more than 1s and was ended"},
		{"entry before run", lua("", `entry(function () error("wrong before run") end)`), next, ": wrong before run"},
		{"entry after run", lua("", `entry(function () run("watched") error("wrong after run") end)`), next, ": wrong after run"},
		{"entry after two", lua("", `target("second") add_files("other/*.bpf.c") on_exit(function () print("the end of the new version") end)`,
			`entry(function () run("second") run("watched") error("wrong after both") end)`), next, ": wrong after both"},
		{"os.exit", lua("", `entry(function () run("watched") os.exit(3) end)`), next, "script exited with code 3"},
		{"set_globals", lua("", `set_globals{nothing = 1}`), next, "no global variable named nothing"},
		{"no target", `target("else") set_default(false)`, next, "no default target"},
	} {
		dir := fmt.Sprint("other", i)
		place(dir, c.source)
		saveByRename(t, project, strings.ReplaceAll(c.lua, "other/", dir+"/"))
		p.awaits("what runs goes on; waiting for changes\n", i+1)
		works(0)
		if n := strings.Count(p.out.String(), c.want); n != 1 {
			t.Errorf("%s: %q was told %d times in\n%s", c.what, c.want, n, &p.out)
		}
	}
	if text := p.out.String(); strings.Contains(text, "new version") || strings.Contains(text, "events, ") {
		t.Errorf("a version that failed was heard of:\n%s", text)
	}

	place("other", next)
	saveByRename(t, project, strings.Replace(watchedProject, "src/", "other/", 1))
	p.awaits("watched: kept events, hits\n", 1)
	works(7)

	// Another name for the same files is the same target; one that is not there any more ends.
	saveByRename(t, project, strings.NewReplacer("src/", "other/", `"watched"`, `"renamed"`).Replace(watchedProject))
	p.awaits("renamed, which was watched: kept events, hits\n", 1)
	works(7)
	saveByRename(t, project, strings.Replace(watchedProject, `"watched"`, `"another"`, 1))
	p.awaits(" ms, renamed ended; another started\n", 1)
	hit(name, 0)
	p.awaits("event 0 of version 0, hit 1\n", 1)

	p.signal(unix.SIGINT)
	p.wantExit(0)
	wantGone(t, name)
}

// TestWatchHooks: functions around a build that write what is built from start no build by that, whatever they write.
func TestWatchHooks(t *testing.T) {
	t.Parallel()
	name := uniqueProgram(t)
	p, source := watching(t, name, "--allow-host")
	const hooked = watchedProject + `
    local n = 0
    local function write(file, text)
        local f = assert(io.open(file, "w"))
        f:write(text)
        f:close()
    end
    local function increase(file, name)
        local f = io.open(file)
        local n = f and tonumber(f:read("*a"):match("%d+")) or 0
        if f then f:close() end
        write(file, ("#define %s %d\n"):format(name, n + 1))
        return n + 1
    end
    before_build(function ()
        print("before " .. increase("src/before.h", "BEFORE"))
        write("src/same.h", "#define SAME 1\n")
        write("src/made.bpf.c", "#include \"same.h\"\nconst volatile int made = SAME;\n")
    end)
    after_build(function ()
        print("after " .. increase("src/after.h", "AFTER"))
        write("src/beside.h", "")
    end)
`
	with := "#include \"same.h\"\n#include \"before.h\"\n#if __has_include(\"after.h\")\n#include \"after.h\"\n#endif\n"
	saveByRename(t, filepath.Join(p.Dir, "project.lua"), hooked)
	p.awaits("reloaded in ", 1)
	// What is built holds what before_build wrote, and what after_build did the last time.
	saveByRename(t, source, with+strings.Replace(watchedSource(1, name), "e->n = *n", "e->n = 1000 * BEFORE + AFTER", 1))
	p.awaits("is no reason to build again\n", 1)
	saveByRename(t, filepath.Join(filepath.Dir(source), "same.h"), "#error once")
	saveInPlace(t, filepath.Join(filepath.Dir(source), "wrong.bpf.c"), "wrong")
	p.awaits("what runs goes on; waiting for changes\n", 1)
	hit(name, 1)
	p.awaits("event 1 of version 1, ", 1)
	p.signal(unix.SIGINT)
	p.wantExit(0)
	text := p.out.String()
	if n := strings.Count(text, "before "); n > 5 {
		t.Errorf("it was built %d times for two saves:\n%s", n, text)
	}
}

// TestWatchItself: a script that writes a source whenever it runs has itself reloaded, and is told so, once.
func TestWatchItself(t *testing.T) {
	t.Parallel()
	name := uniqueProgram(t)
	p, source := watching(t, name, "--allow-host")
	saveByRename(t, filepath.Join(p.Dir, "project.lua"), watchedProject+`
    on_load(function ()
        local f = assert(io.open("src/made.h", "w"))
        f:write(("const volatile int made = %d;\n"):format(math.random(1e9)))
        f:close()
    end)
`)
	p.awaits("reloaded in ", 1)
	saveByRename(t, source, "#include \"made.h\"\n"+watchedSource(1, name))
	const told = "a source has changed during each of the last 8 attempts"
	p.awaits(told, 1)
	p.awaits("reloaded in ", 12)
	p.signal(unix.SIGINT)
	p.wantExit(0)
	if n := strings.Count(p.out.String(), told); n != 1 {
		t.Errorf("told %d times", n)
	}
	wantGone(t, name)
}
