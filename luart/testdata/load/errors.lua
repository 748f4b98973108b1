error("no") ### "^no$"
---
error("no", 0) ### "^no$"
---
local function check(x) error("x is " .. x, 2) end
check(5) ### "^x is 5$"
---
error(nil) ### "^an error without a message$"
---
error({}) ### "^an error that is a table$"
---
assert(false) ### "^assertion failed!$"
---
assert(nil, "told") ### "^told$"
---
local t = {} < 5 ### "^attempt to compare table with number$"
---
local s = "a" .. nil ### "attempt to|cannot perform concat"
---
local n = nil + 1 ### "cannot perform add operation between nil and number"
---
-- What is caught is over.
assert(not pcall(error, "x"))
assert(not pcall(set_kind, 5))
local ok, err = pcall(function() set_kind("kprbe") end)
assert(err:match(":25: set_kind: unknown kind"), err)
---
local ok, err = pcall(function() includes("missing.lua") end) ### `^includes: "missing.lua": there is no such file or folder$`
error(err, 0)
---
local function down(n) return 1 + down(n + 1) end ### "^stack overflow: functions call each other without an end$"
down(1)
---
later() ### "^attempt to call later, which is nil at this time$"
function later() end
---
local f
f() ### "^attempt to call f, which is no function$"
---
(5)() ### "^attempt to call"
---
local deep = {}
assert(deep[1])() ### "^assertion failed!$"
---
error("GET http://localhost:80: refused", 0) ### "^GET http://localhost:80: refused$"
---
error("other.lua:5: text", 0) ### "^other.lua:5: text$"
