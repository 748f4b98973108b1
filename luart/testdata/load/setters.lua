-- Every function of the description, used rightly.
set_project("tools")
set_version("1.2")
set_default(true)
add_includedirs("include")
target("a")
    set_kind("uprobe")
    set_description("looks at lua")
    set_binary("liblua5.1.so.0")
    add_files("a.bpf.c", {"b.bpf.c", {"c.bpf.c"}})
    add_defines("A", "B=1")
    add_cflags("-Wall")
    add_deps("b")
    set_globals{pid = 1, name = "x", on = true, list = {1, 2}, nested = {a = {b = 1.5}}}
    attach_to("f", "lua_pcall")
    attach_to("f", "lua_call", {pid = 12, offset = 0x10, cookie = 0xffffffffffffffff, binary = "/bin/true", retprobe = true})
    on_event(function(e) end)
    on_event("rb", function(e) end)
    on_load(function() end)
    on_exit(function() end)
    on_lost(function(stream, n) end)
    every(1000, function() end)
target_end()
target("b", {kind = "xdp", files = "b.bpf.c", description = "b", default = false, deps = {}})
---
set_kind() ### "^set_kind: missing argument kind$"
---
set_kind(nil) ### "^set_kind: expected a string, got nil$"
---
set_kind({}) ### "^set_kind: expected a string, got a table$"
---
set_kind(1) ### "^set_kind: expected a string, got a number$"
---
set_kind("kprobe", "x") ### "^set_kind: takes 1 argument, got 2$"
---
set_kind("kprbe") ### `^set_kind: unknown kind "kprbe" \(did you mean kprobe\?\)$`
---
set_kind("binary") ### `^set_kind: unknown kind "binary"; there are: auto, kprobe, `
---
target() ### "^target: missing argument name$"
---
target("") ### "^target: the name is empty$"
---
target("a\nb") ### "holds control characters$"
---
target("a\255") ### "holds control characters$"
---
target("-v") ### "begins with -, as flags do$"
---
target("a/b")
target("größe.2 +x")
---
target("a", 5) ### "^target: body: expected a table or a function, got a number$"
---
target("a", {knid = "xdp"}) ### `^target: unknown field knid \(did you mean kind\?\)$`
---
target("a", {kind = 1}) ### "^set_kind: expected a string, got a number$"
---
target("a", function()
    set_kind({}) ### "^set_kind: expected a string, got a table$"
end)
---
target_end(1) ### "^target_end: takes no arguments, got 1$"
---
attach_to("p", {}) ### "^attach_to: where: expected a string, got a table$"
---
attach_to("p") ### "^attach_to: missing argument where$"
---
attach_to("p", "f", {pdi = 1}) ### `^attach_to: unknown option pdi \(did you mean pid\?\)$`
---
attach_to("p", "f", {pid = "1"}) ### "^attach_to: pid: expected a number, got a string$"
---
attach_to("p", "f", {pid = 1.5}) ### "^attach_to: pid: expected a whole number, got a number$"
---
attach_to("p", "f", {pid = -1}) ### "^attach_to: pid: expected a number that is not negative, got -1$"
---
attach_to("p", "f", {offset = -1}) ### "^attach_to: offset: expected a number that is not negative, got a number$"
---
attach_to("p", "f", {"pid"}) ### "^attach_to: expected options by name, got the key 1$"
---
attach_to("p", "f", 5) ### "^attach_to: opts: expected a table, got a number$"
---
add_files() ### "^add_files: missing argument glob$"
---
add_files({})
---
add_files("") ### "^add_files: the name of a file is empty$"
---
add_files({"a", 5}) ### "^add_files: expected a string, got a number$"
---
add_files({name = "a"}) ### "^add_files: expected a list, got a table with names$"
---
local list = {}
list[1] = list
add_files(list) ### "^add_files: the list is nested too deeply$"
---
target("x")
local list = {"a"}
for _ = 1, 50 do list = {list, list} end
add_files(list) ### "^add_files: the list is made of more than 65536 lists$"
---
set_globals(5) ### "^set_globals: expected a table, got a number$"
---
set_globals{1, 2} ### "^set_globals: expected values by name, got the key 1$"
---
set_globals{f = print} ### "^set_globals: f: expected a boolean, number, string or table, got a function$"
---
set_globals{f = {a = 1, 2}} ### "^set_globals: f: expected a list or fields by name"
---
set_default("yes") ### "^set_default: expected a boolean, got a string$"
---
set_btf("") ### `^set_btf: the name is empty; write "running" for the running kernel's types$`
---
set_btf() ### "^set_btf: missing argument file$"
---
set_btf("running")
target("x") set_btf("kernel.btf")
---
set_binary("") ### "^set_binary: the name is empty$"
---
on_event("rb") ### "^on_event: expected a function, got a string$"
---
on_event("", print) ### "^on_event: the stream's name is empty$"
---
on_event(print)
on_event(print) ### "^on_event: a callback is already set at .*; name the stream to have several$"
---
on_event("rb", print)
on_event("rb", print) ### "^on_event: a callback for rb is already set at "
---
every("1s", print) ### "^every: expected a number, got a string$"
---
every(0, print) ### "^every: expected a number of milliseconds above 0, got 0$"
---
every(0 / 0, print) ### "^every: expected a number of milliseconds above 0, got "
---
every(10) ### "^every: missing argument fn$"
---
entry(function() end)
entry(function() end) ### "^entry: already set at .*project.lua:[0-9]+:1; a project has one$"
---
add_files(pcall(error)) ### "^add_files: expected a string, got a boolean$"
