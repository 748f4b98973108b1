-- What every project has.
assert(type(string.format) == "function" and type(table.concat) == "function" and type(math.floor) == "function")
assert(type(coroutine.wrap) == "function" and type(os.time()) == "number" and type(os.clock()) == "number")
assert(type(os.date()) == "string" and os.getenv("PATH") ~= "" and os.difftime(2, 1) == 1)
assert(type(io.write) == "function" and type(io.read) == "function" and type(os.print) == "function")
assert(type(debug.traceback()) == "string")
assert(package == nil and module == nil and newproxy == nil and os.nothing == nil)
print("printed", 1, nil)
io.write("written", 2, "\n")
---
os.execute("true") ### "^os.execute: reaches the machine, which a project may only with --allow-host$"
---
os.remove("x") ### "^os.remove: .*--allow-host$"
---
os.rename("x", "y") ### "^os.rename: .*--allow-host$"
---
os.setenv("x", "y") ### "^os.setenv: .*--allow-host$"
---
os.tmpname() ### "^os.tmpname: .*--allow-host$"
---
io.open("/etc/passwd") ### "^io.open: .*--allow-host$"
---
io.popen("true") ### "^io.popen: .*--allow-host$"
---
for l in io.lines("/etc/passwd") do end ### "^io.lines: .*--allow-host$"
---
io.output("/tmp/x") ### "^io.output: .*--allow-host$"
---
io.stderr:write("x") ### "^io.stderr: .*--allow-host$"
---
dofile("/etc/passwd") ### "^dofile: .*--allow-host$"
---
loadfile("/etc/passwd") ### "^loadfile: .*--allow-host$"
---
debug.getupvalue(print, 1) ### "^debug.getupvalue: .*--allow-host$"
---
require("../secret") ### `^require: the module "../secret" is not inside the project$`
---
require("nothing.there") ### `^require: no module "nothing.there": there is no nothing/there.lua in `
---
assert(require("string") == string)
---
-- The metatables that are shared by all values cannot be replaced.
assert(not pcall(setmetatable, os, {}))
assert(not pcall(setmetatable, io, nil))
---
string.rep("x", 1e12) ### "^string.rep: the result would be larger than 256 MB$"
---
assert(string.rep("ab", 3) == "ababab" and string.rep("x", 0) == "" and string.rep("x", -1) == "" and ("x"):rep(2) == "xx")
---
assert(loadstring("return 1 < 2")() == true)
assert(load("return ...")(5) == 5)
local f, err = loadstring("x = = 1")
assert(f == nil and err == '[string "x = = 1"]:1:5: syntax error near "="', err)
local parts = {"return ", "7", nil}
local i = 0
assert(load(function() i = i + 1 return parts[i] end)() == 7)
assert(not load("\27Lua"))
