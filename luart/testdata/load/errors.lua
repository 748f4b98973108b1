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
local list = {}
list[get_option and 1]() ### "^attempt to call a value that is no function$"
---
error(2 ^ 60 + 1) ### "^1152921504606846977$"
---
local text = ("x"):rep(2e6)
print(text:byte(1, -1)) ### "^string.byte: 2000000 values are more than a function can return \\(524288\\)$"
---
assert(select("#", ("x"):rep(2e6):byte(5, 500004)) == 500000)
assert(("xyz"):rep(1e6):byte(-1) == 122 and select("#", ("x"):rep(2e6):byte(-9, -1)) == 9)
unpack({}, -2 ^ 53, 2 ^ 53) ### "^unpack: 18014398509481984 values are more than a function can take"
---
local zeros = ("\0"):rep(2 ^ 27)
string.format("%q", zeros) ### "^string.format: the result would be larger than 256 MB$"
---
math.random(0) ### "^math.random: there is no integer from 1 to 0$"
---
math.random(2 ^ 64) ### "^math.random: argument 1: 1.*e\\+19 is no integer of 64 bits$"
---
math.random(-2 ^ 63, 2 ^ 63) ### "^math.random: the bounds are further apart than 64 bits can count$"
---
math.random(1, "x") ### "^math.random: argument 2: expected a number, got a string$"
---
local deep = {}
assert(deep[1])() ### "^assertion failed!$"
---
error("GET http://localhost:80: refused", 0) ### "^GET http://localhost:80: refused$"
---
error("other.lua:5: text", 0) ### "^other.lua:5: text$"
