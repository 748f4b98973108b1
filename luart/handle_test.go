package luart

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ebpfx/ebpfx/builder"
)

// accessRun runs script, the inside of entry, with the maps and variables of bpf/testdata/access.bpf.c as m and g. The handle is h.
func accessRun(t *testing.T, script string) (*kernelRun, error) {
	t.Helper()
	return objectRun(t, "access", script)
}

// objectRun is accessRun with another of the objects there.
func objectRun(t *testing.T, name, script string) (*kernelRun, error) {
	t.Helper()
	object, err := filepath.Abs("../bpf/internal/testprog/" + name + "_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	return runKernel(t, fmt.Sprintf(`
target("p") add_files("p.bpf.o") set_globals{targ_pid = %d}
local function show(v)
    if type(v) ~= "table" then return tostring(v) end
    local list = {}
    for i, e in ipairs(v) do list[i] = tostring(e) end
    return "{" .. table.concat(list, " ") .. "}"
end
entry(function()
    local h = run("p")
    local m, g = h.maps, h.globals
%s
    h:stop()
end)`, os.Getpid(), script), RunOptions{Timeout: forever, Build: func(context.Context, *builder.Target) (string, error) { return object, nil }})
}

// Maps of all sorts, as scripts use them.
func TestHandleMaps(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"hash", `
    m.counts:set(7, 2 ^ 53 + 2)
    m.counts:set(8, 1)
    print(m.counts:get(7), m.counts:get(9), #m.counts, m.counts.type, m.counts.name, m.counts.max_entries, m.counts)
    print(m.counts:delete(7), m.counts:delete(7), #m.counts)
    test.hit(8)
    for k, v in m.counts:items() do print(k, v) end
    m.counts:clear()
    print(#m.counts)`, `9007199254740994	nil	2	hash	counts	4000	map counts
true	false	1
8	2
0
`},
		{"nested", `
    local key = {pid = 7, at = {cpu = 1, node = 2}, comm = "sh"}
    m.nested:set(key, {count = 18446744073709551615, low = 5, mode = "BUSY", address = ("x"):rep(16), places = {{cpu = 1}, {node = 2}}})
    local v = m.nested:get(key)
    print(v.count, v.low, v.mode == enum.BUSY, v:name("mode"), v.places[2].node, v.address[16])
    for k, v in m.nested:items() do
        m.nested:set(k, v)                      -- as it was read
        k = k:totable()
        k.comm = "bash"
        v = v:totable()
        v.small = -1
        m.nested:set(k, v)
        break
    end
    for k, v in m.nested:items() do if k.comm == "bash" then print(k, v.small, v.count) end end`,
			`18446744073709551615	5	true	BUSY	2	120
{pid=7, at={cpu=1, node=2}, comm="bash"}	-1	18446744073709551615
`},
		{"per CPU", `
    local list = m.by_cpu:get(1)
    print(list)
    local values = {}
    test.hit(1)
    for i = 1, #m.by_cpu:get(1) do values[i] = 10 * i end
    m.by_cpu:set(2, values)
    print(m.by_cpu:get(2)[1], #m.by_cpu:get(2) == #values)
    m.cells_by_cpu:set(0, {{id = 1, text = "one"}})
    print(m.cells_by_cpu:get(0)[1].text, #m.cells_by_cpu)`, "nil\n10\ttrue\none\t4\n"},
		{"array", `
    m.cells:set(0, 5)
    local sum, n = 0, 0
    for k, v in m.cells:items() do sum, n = sum + v, n + 1 end
    print(sum, n, #m.cells, m.cells:get(0))
    m.cells:clear()
    print(m.cells:get(0))`, "5\t8\t8\t5\n0\n"},
		{"queues", `
    m.mail:push({id = 1, text = "mine"})
    test.hit(2)
    print(m.mail:peek().text, m.mail:pop().id, m.mail:pop().text, m.mail:pop())
    m.pile:push(1) m.pile:push(2)
    print(m.pile:pop(), m.pile:peek())`, "mine\t1\tkernel\tnil\n2\t1\n"},
		{"maps of maps", `
    print(m.groups:get(1))
    m.groups:set(1, {[5] = {text = "five"}, [6] = {text = "six"}})
    print(m.groups:get(1):get(5).text, #m.groups:get(1), #m.groups)
    m.groups:set(2, m.first)
    m.first:set(9, {text = "nine"})
    print(m.groups:get(2):get(9).text, m.slots:get(0):get(9).text)
    for k, inner in m.groups:items() do inner:clear() end
    print(#m.first, m.groups:delete(2), #m.groups)`, "nil\nfive\t2\t1\nnine\tnine\n0\ttrue\t1\n"},
		{"programs", `
    print(m.jumps:get(0))
    m.jumps:set(0, "on_access_jump")
    test.hit(1)
    print(m.jumps:get(0), m.counts:get(9))`, "nil\non_access_jump\t42\n"},
		{"trie", `
    m.routes:set({length = 8, address = {10}}, 1)
    m.routes:set({length = 16, address = "\10\1\0\0"}, 2)
    print(m.routes:get({length = 32, address = {10, 1, 2, 3}}), m.routes:get({length = 32, address = {10, 9, 2, 3}}))
    for k, v in m.routes:items() do print(ntop(k.address), k.length, v) end`, "2\t1\n10.1.0.0\t16\t2\n10.0.0.0\t8\t1\n"},
		{"globals", `
    test.hit(1) test.hit(1)
    print(g.total, g.level, g.settings.name, g.list[4], #g.list, g.targ_pid > 0)
    g.level = -7
    g.settings = {on = true, limit = 5, rest = 3}
    g.list = {1, 2, 3, 9007199254740993}
    print(g.level, g.settings, g.list[4])
    test.hit(3)
    print(g.list[4], g.total)
    g.settings = g.settings
    print(g.settings.limit, tostring(g):match("^globals: .*level, ") ~= nil, tostring(m):match("^maps: by_cpu, ") ~= nil)`,
			`2	-5	seven	0	4	true
-7	{on=true, limit=5, name="", first=0, rest=3}	9007199254740993
9007199254740994	3
5	true	true
`},
		{"stats", `
    h:stats()
    test.hit(1) test.hit(2)
    local s = h:stats()
    print(s.events, s.lost, s.programs.on_access_test.runs >= 2, s.programs.on_access_test.ns > 0, s.programs.on_access_jump.runs)
    h:stop()
    wait("p")
    print(h:stats().programs.on_access_test.runs >= 2)
    local again = run("p", {stats = true})
    test.hit(1)
    print(again:stats().programs.on_access_test.runs >= 1)
    again:stop()`, "0\t0\ttrue\ttrue\t0\ntrue\ntrue\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := accessRun(t, test.script)
			if err != nil {
				t.Fatal(err)
			}
			r.expect(t, test.want)
		})
	}
}

// Maps that came after kernel 5.10.
func TestHandleLaterMaps(t *testing.T) {
	r, err := objectRun(t, "accesslater", fmt.Sprintf(`
    m.known:push(5)
    print(m.known:contains(5), m.known:contains(6))
    m.of_task:set(%[1]d, 7)
    print(m.of_task:get(%[1]d), m.of_task:delete(%[1]d), m.of_task:get(%[1]d))
    print(select(2, pcall(m.of_task.get, m.of_task, 2 ^ 30)))
    print(select(2, pcall(m.of_task.items, m.of_task)))`, os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, `true	false
7	true	nil
map of_task: get: process 1073741824: no such process
map of_task: items: the kernel walks over no task_storage
`)
}

// Maps whose keys and values are named by what they stand for.
func TestHandleNamedMaps(t *testing.T) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false) // maps take no such sockets
	listener, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r, err := objectRun(t, "accessnamed", fmt.Sprintf(`
    local socket = "tcp:%d"
    m.of_socket:set(socket, {bytes = 5})
    print(m.of_socket:get(socket).bytes, m.of_socket:delete(socket), m.of_socket:get(socket))
    m.sockets:set(2, socket)
    for key, cookie in m.sockets:items() do print(key, cookie > 0, #m.sockets) end
    m.sockets:clear()
    print(#m.sockets)
    m.routes6:set("fe80::/10", 6)
    print(m.routes6:get("fe80::1:2"), m.routes6:get("fc00::"), ntop(select(1, m.routes6:items()()).address))
    print(select(2, pcall(m.sockets.set, m.sockets, 1, 7)))
    print(select(2, pcall(m.of_socket.items, m.of_socket)))
    print(select(2, pcall(m.queues.get, m.queues, 1)))`, listener.Addr().(*net.TCPAddr).Port))
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, `5	true	nil
2	true	1
0
6	nil	fe80::
map sockets: value: expected a socket, as "tcp:8080", "udp:53" or "/proc/PID/fd/N", got 7
map of_socket: items: the kernel walks over no sk_storage
map queues: get: the kernel does not show user space what is in a xskmap
`)
}

// Callbacks are given the handle of their target.
func TestHandleOfCallbacks(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    on_load(function(h) print("load", h) end)
    every(1, function(h) test.signal(10) end)
    on_signal("USR1", function(name, h) h:stop() end)
    on_exit(function(h) print("exit", h:stats().lost, h.maps) end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "load\ttarget p\nexit\t0\tmaps: \n")
}

// Every method of every map takes whatever it is given.
func TestHandleHostile(t *testing.T) {
	for _, object := range []string{"access", "accessnamed"} {
		handleHostile(t, object)
	}
}

func handleHostile(t *testing.T, object string) {
	r, err := objectRun(t, object, `
    local function map(name)
        local ok, found = pcall(function() return m[name] end)
        return ok and found
    end
    local values = {"tcp:1", "udp:x", "/proc/1/fd/0", "/proc/x/fd/", "/", "10.0.0.0/8", "::/0",
        0, -1, 1.5, 3, 0 / 0, 1 / 0, 2 ^ 40, 18446744073709551615, "", "on_access_jump", ("x"):rep(100), "\255\0", true, {}, {1, 2}, {{}}, {id = 1},
        {pid = {}}, {at = {cpu = 300}}, print, m, g, h, map("first"), map("counts"), map("slots") and m.slots:get(0), coroutine.create(print)}
    local n = 0
    for name in tostring(m):gsub("maps: ", ""):gmatch("[%w_]+") do
        for _, method in ipairs({"get", "set", "delete", "items", "clear", "push", "pop", "peek", "contains"}) do
            for _, v in ipairs(values) do
                for _, args in ipairs({{}, {v}, {v, v}, {v, 1}, {1, v}, {1, v, v}}) do
                    local ok, message = pcall(m[name][method], m[name], unpack(args))
                    assert(ok or type(message) == "string")
                    n = n + 1
                end
                pcall(m[name][method], v)
            end
        end
    end
    for _, v in ipairs(values) do
        for name in tostring(g):gsub("globals: ", ""):gmatch("[%w_]+") do pcall(function() g[name] = v end) end
        pcall(function() return m[v], g[v] end)
        pcall(function() m[v] = v end)
    end
    assert(n > 10000)
    print("done")`)
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "done\n")
}

// The names of this test's own functions are found in the stacks that the kernel took of it.
func TestStacks(t *testing.T) {
	pid := os.Getpid()
	r, err := accessRun(t, fmt.Sprintf(`
    test.hit(1)
    local pid = %d
    local frames = m.stacks:get(g.user_stack)
    local names = ustack(g.user_stack, pid)
    assert(#frames > 5 and #names == #frames and #ustack(frames, pid, nil, true) == #frames)
    local stack = table.concat(names, " ")
    assert(stack:find("Syscall6") and stack:find("gopher%%-lua") and stack:find("luart.accessRun") and stack:find("testing.tRunner"), stack)
    assert(usym(pid, frames[1]) == names[1] and usym(pid, frames[1], true):find(names[1] .. "+0x", 1, true))
    local kernel = kstack(g.kernel_stack)
    assert(#kernel > 0 and (kernel[1]:find("^0xf") or table.concat(kernel, " "):find("syscall")), kernel[1])
    local line = folded("me", names, kernel)
    assert(line:find("^me;runtime.goexit") and line:find(kernel[1] .. "$"), line)

    -- From an array of addresses, as bpf_get_stack() writes it.
    g.list = {frames[1], frames[2], frames[3]}
    local array = ustack(g.list, pid)
    assert(#array == 3 and array[1] == names[1] and array[3] == names[3] and kstack(g.list)[1]:find("^0x"))

    -- By build ID, and with the map named.
    local places = m.stacks_by_id:get(g.build_id_stack)
    assert(#places == #frames)
    local by_id = ustack(places, pid)
    assert(#by_id == #frames and #ustack(g.build_id_stack, pid, m.stacks_by_id) == #frames)
    assert(type(places[1]) == "number" or #places[1].build_id >= 16, tostring(places[1]))

    -- What is no stack, and nobody.
    assert(#kstack(-14) == 0 and #ustack(-1, pid) == 0 and #kstack(1e9) == 0 and #kstack({}) == 0 and #kstack({0, 1}) == 0)
    assert(#ustack(g.kernel_stack, pid, m.stacks) >= 0)
    assert(ustack(frames, -1)[1]:find("^0x") and usym(1e15, 16) == "0x10")
    print("done")`, pid))
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "done\n")
}

// What does not fit is an error at its line, and names the field.
func TestHandleErrors(t *testing.T) {
	var calls, wants []string
	for _, test := range []struct{ call, want string }{
		{`m.cuonts:get(1)`, "no map named cuonts (did you mean counts?); there are: by_cpu, "},
		{`m.counts = 1`, "cannot set handle.maps.counts: its entries can be, with handle.maps.counts:set(key, value)"},
		{`m.counts[1] = 1`, "map counts: its entries are set with set(key, value)"},
		{`print(m.counts[1])`, "map counts: it has no 1; its entries are read with get(key)"},
		{`m.counts.get(1)`, "get: call it as handle.maps.NAME:get(...), with a colon"},
		{`m.counts:get()`, "get: missing argument key"},
		{`m.counts:get(nil)`, "map counts: key: __u32 takes a number, got nil"},
		{`m.counts:get(1, 2)`, "get: takes 1 argument, got 2"},
		{`m.counts:get(0 / 0)`, "map counts: key: __u32 takes whole numbers, got NaN"},
		{`m.counts:get(math.huge)`, "map counts: key: __u32 takes whole numbers, got +Inf"},
		{`m.counts:get(2 ^ 32)`, "map counts: key: 4294967296 does not fit __u32"},
		{`m.counts:get(print)`, "map counts: key: expected a boolean, number, string or table, got a function"},
		{`m.counts:get(m.counts)`, "map counts: key: expected a boolean, number, string or table, got a userdata"},
		{`m.counts:set(1, {})`, "map counts: value: __u64 takes a number, got a list"},
		{`m.counts:set(1, 2 ^ 64)`, "map counts: value: 18446744073709551616 does not fit __u64"},
		{`local t = {} t.a, t.b = t, t m.nested:set({}, t)`, "map nested: value: the table is nested too deeply, or holds itself"},
		{`m.nested:set({}, {places = {{}, {node = -1}}})`, "map nested: value: field places: element 2: field node: -1 does not fit __u16"},
		{`m.nested:set({}, {places = {{}, {}, {}}})`, "map nested: value: field places: struct place[2] takes 2 elements, got 3"},
		{`m.nested:set({at = {gpu = 1}}, {})`, "map nested: key: field at: struct place has no field gpu (did you mean cpu?)"},
		{`local t = {} t.at = t m.nested:get(t)`, "nested too deeply"},
		{`m.by_cpu:set(1, 5)`, "map by_cpu: value: it takes a list of values, one for each CPU, got 5"},
		{`m.cells:delete(1)`, "map cells: delete: entries of an array are always there; set it to zero instead"},
		{`m.cells:set(8, 1)`, "map cells: set: it has 8 entries, counted from 0"},
		{`m.read_only:set(1, 1)`, "map read_only: set: the map is read-only or write-only for user space"},
		{`m.read_only:clear() m.read_only:delete(1)`, "map read_only: delete: the map is read-only or write-only for user space"},
		{`m.mail:get(1)`, "map mail: a queue has no keys"},
		{`m.mail:items()`, "map mail: items: a queue cannot be walked over; pop takes what is in it"},
		{`print(#m.mail)`, "map mail: items: a queue cannot be walked over"},
		{`m.counts:push(1)`, "map counts: push: a hash has keys; set gives one a value"},
		{`m.mail:push({text = "far too long for it"})`, `map mail: value: field text: "far too long for it" is too long for char[12]: 19 bytes and a NUL`},
		{`m.pile:push("x")`, `map pile: value: __u64 takes a number, got "x"`},
		{`for i = 1, 5 do m.pile:push(i) end`, "map pile: push: it is full with 4 entries"},
		{`m.jumps:set(0, 5)`, "map jumps: set: expected the name of a program, got a number"},
		{`m.jumps:set(0, "on_acces_jump")`, "no program named on_acces_jump (did you mean on_access_jump?)"},
		{`m.groups:set(1, 5)`, "map groups: set: expected a map, as handle.maps.NAME, or a table of entries, got a number"},
		{`m.groups:set(1, {[1] = {id = -1}})`, "map groups[]: value: field id: -1 does not fit __u32"},
		{`m.groups:set(1, m.counts)`, "map groups: set: "},
		{`m.stacks:set(1, {1})`, "map stacks: set: stack traces are written by programs alone"},
		{`print(g.totl)`, "no global variable named totl in "},
		{`g.totl = 1`, "(did you mean total?)"},
		{`g.targ_pid = 1`, "targ_pid: it is const, and can only be set before the program is loaded, with set_globals"},
		{`g.level = 2 ^ 31`, "level: 2147483648 does not fit __s32"},
		{`g.level = nil`, "level: expected a boolean, number, string or table, got nil"},
		{`g.settings = {name = "too long"}`, `settings: field name: "too long" is too long for char[8]: 8 bytes and a NUL`},
		{`h.stats()`, "stats: call it on what run returned, with a colon"},
		{`h:stop() run("p", {stat = true})`, "run: unknown option stat (did you mean stats?)"},
		{`kstack("x")`, "kstack: expected the number of a stack, or a list of addresses, got a string"},
		{`kstack(1, m.counts)`, "kstack: map: expected a map of stack traces, as handle.maps.NAME, got a userdata"},
		{`ustack({1, {}}, 1)`, "ustack: element 2: expected an address or {build_id=, offset=}"},
		{`ustack({1, "x"}, 1)`, "ustack: element 2: expected an address, got a string"},
		{`folded({{}})`, "folded: argument 1: element 1: expected a string, got a table"},
		// What has ended says so.
		{`inner = m.slots:get(0) h:stop() wait("p") m.counts:get(1)`, "map counts: target p has ended"},
		{`m.counts:set(1, 1)`, "map counts: target p has ended"},
		{`print(#m.counts)`, "map counts: target p has ended"},
		{`for k in m.counts:items() do end`, "map counts: target p has ended"},
		{`m.stacks_by_id:get(1)`, "target p has ended"},
		{`inner:get(1)`, "map slots[]: target p has ended"},
		{`print(g.total)`, "target p has ended"},
		{`g.total = 1`, "target p has ended"},
	} {
		calls = append(calls, "print(select(2, pcall(function() "+test.call+" end)))")
		wants = append(wants, test.want)
	}
	r, err := accessRun(t, strings.Join(calls, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(r.out.String(), "\n"), "\n")
	if len(lines) != len(calls) {
		t.Fatalf("%d errors of %d calls:\n%s", len(lines), len(calls), r.out.String())
	}
	for i, line := range lines {
		if at := fmt.Sprintf("project.lua:%d:", 12+i); !strings.Contains(line, at) || !strings.Contains(line, wants[i]) {
			t.Errorf("%s\nsays %s\nwant %s%s", calls[i], line, at, wants[i])
		}
	}
}

// Signals have their handlers called, one call at a time, and end nobody else's run.
func TestOnSignal(t *testing.T) {
	r, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    local inside, calls = 0, 0
    on_signal("USR1", function(name)
        inside, calls = inside + 1, calls + 1
        assert(inside == 1 and name == "USR1")
        sleep(5)
        inside = inside - 1
        if calls == 1 then test.signal(10) test.signal(10) end
        if calls == 2 then print("twice") stop("p") end
    end)
    on_signal("SIGUSR2", function(name) print(name) test.signal(10) end)
entry(function()
    run("p")
    test.signal(12)
    wait("p")
    test.signal(10) -- nobody has asked for it now, and it does no harm
    sleep(5)
    print(calls)
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "USR2\ntwice\n2\n")
}

// An error in a handler ends the run at its line.
func TestOnSignalError(t *testing.T) {
	_, err := runKernel(t, `
target("p") add_files("p.bpf.o")
    on_signal("USR1", function() error("bad signal") end)
entry(function() run("p") test.signal(10) wait() end)`, RunOptions{Timeout: forever})
	if d := diagnostics(t, err); len(d) != 1 || d[0].Line != 3 || !strings.Contains(d[0].Text, "bad signal") {
		t.Errorf("got %v", err)
	}
}

// wait gives up when its time is over, and the target goes on.
func TestWaitTimeout(t *testing.T) {
	r, err := runKernel(t, `
target("a") add_files("p.bpf.o")
target("b") add_files("p.bpf.o")
entry(function()
    run("a") run("b")
    print(wait("a", 5), wait(5))
    local began = now()
    wait("b", 20)
    assert(now() - began >= 20e6)
    every_other = coroutine.wrap(function() return wait("a", 1) end)
    print(every_other())
    stop("a")
    print(wait("a", 60000), wait(1))
    stop("b")
    print(wait(60000), wait("a", 0))
end)`, RunOptions{Timeout: forever})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, "false\tfalse\nfalse\ntrue\tfalse\ntrue\ttrue\n")
}

// TestValuesOfManyTables: tables that hold each other in more ways than anybody can wait for are ended like anything else that takes too long.
func TestValuesOfManyTables(t *testing.T) {
	object, err := filepath.Abs("../bpf/internal/testprog/access_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range []string{"h.maps.nested:set({}, t)", "h.globals.level = t", "h.maps.counts:get(t)"} {
		t.Run(use, func(t *testing.T) {
			_, err := runKernel(t, `target("p") add_files("p.bpf.o")
entry(function()
    local h, t = run("p"), {}
    for i = 1, 50 do t = {t, t} end
    `+use+`
end)`, RunOptions{Timeout: forever, CallbackTimeout: 300 * time.Millisecond, Build: func(context.Context, *builder.Target) (string, error) { return object, nil }})
			if err == nil || !strings.Contains(err.Error(), "entry runs for more than 300ms") {
				t.Errorf("got %v", err)
			}
		})
	}
}
