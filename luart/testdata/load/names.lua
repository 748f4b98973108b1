set_knd("xdp") ### `^unknown function set_knd \(did you mean set_kind\?\)$`
---
-- All of them are told at once, also those that would be called later.
taget("a") ### `^unknown function taget \(did you mean target\?\)$`
on_event(function(event)
    pritn(event.comm) ### `^unknown function pritn \(did you mean print\?\)$`
    local function show() stpo() end ### `^unknown function stpo`
end)
---
nothing_like_it_exists() ### "^unknown function nothing_like_it_exists$"
---
-- What the file defines is known, wherever it does so.
on_event(function(event) show(event) end)
function show(event) end
---
on_event(function(event) shwo(event) end) ### `^unknown function shwo \(did you mean show\?\)$`
function show(event) end
---
local function greet() return helper() end ### "^unknown function helper$"
local function helper() end
---
local helper
local function greet() return helper() end
helper = function() end
---
-- An unknown name that is no call is nil, as in Lua.
assert(undefined_value == nil)
local x = undefined_value
if undefined_function then undefined_function() end
---
function recurse(n) if n > 0 then return recurse(n - 1) end end
recurse(3)
local function again(n) if n > 0 then return again(n - 1) end end
again(3)
---
local t = {f = function() end}
t.f() t:f()
for _, f in ipairs({print}) do f() end
for i = 1, 2 do local g = print g(i) end
repeat local done = function() return true end until done()
---
print(string.fromat("%d", 1)) ### "attempt to call|unknown function string.fromat"
---
on_event(function(e) os.pirnt(e) end) ### `^unknown function os.pirnt`
---
function string.shout(s) return s:upper() .. "!" end
assert(string.shout("a") == "A!" and ("b"):shout() == "B!")
---
-- Names that come from code which the file does not show.
loadstring("function made() end")()
made()
---
_G.made = function() end
made()
---
setmetatable(_G, {__index = function(_, name) return function() return name end end})
assert(anything() == "anything")
---
loadstring("")()
mdae() ### "^unknown function mdae$"
---
loadstring("")()
on_event(function() mdae() end) ### "^unknown function mdae$"
---
local t = {}
t.missing() ### "^attempt to call t.missing, which is no function$"
---
local t = {}
t:missing() ### "^attempt to call t:missing, which is no function$"
---
local t
t.x = 1 ### "attempt to index"
---
print(("x").y.z) ### "attempt to index"
