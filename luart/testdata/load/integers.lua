-- Literals above 2^53 are exact, and compare exactly with each other and with numbers.
local big = 9007199254740993
assert(tostring(big) == "9007199254740993")
assert(big > 9007199254740992 and 9007199254740992 < big and not (big <= 9007199254740992))
assert(big < 9007199254740994 and big >= 9007199254740993 and big <= big and not (big < big))
assert(0xffffffffffffffff > 18446744073709551614 and tostring(0xffffffffffffffff) == "18446744073709551615")
assert(-9223372036854775808 < -9223372036854775807)
assert(tostring(-9223372036854775808) == "-9223372036854775808")
assert(5 < big and big > 5 and -1 < big and 0.5 < big and 1e30 > big)
assert(big == 9007199254740993 and big ~= 9007199254740994)
local names = {[9007199254740993] = "odd", [9007199254740994] = "even"}
assert(names[big] == "odd" and names[big + 1] == "even")
assert(9007199254740992 == 2 ^ 53 and 1e3 == 1000 and 0x10 == 16 and 0010 == 10 and 0.5 == 1 / 2 and 0 == 00)
---
-- Locals that once hold such a value.
local n = 1
assert(n < 2)
n = 9007199254740993
assert(n > 2 and not (n < 2))
for i = 1, 3 do
    if i > 1 then i = 9007199254740993 end
    assert(i >= 1)
end
local function largest(a, ...)
    for _, b in ipairs({...}) do
        if b > a then a = b end
    end
    return a
end
assert(tostring(largest(1, 9007199254740993, 7)) == "9007199254740993")
local upvalue = 0
local function set() upvalue = 9007199254740993 end
assert(upvalue < 1)
set()
assert(upvalue > 1)
---
-- Comparisons stay expressions of one value, in every place where one can stand.
local function two() return 1, 2 end
local function count(...) return select("#", ...) end
assert(count(1 < two()) == 1 and count(two() < 5, two() > 0) == 2)
assert(#{two() < 5, 1 < two()} == 2)
local function less(a, b) return a < b end
assert(less(1, 2) == true and less("a", "b") == true and count(less(1, 2)) == 1)
local function reassign(a) a = a < 5 return a end
assert(reassign(1) == true and reassign(9) == false)
local i = 0
repeat local now = i i = i + 1 until now >= two() + 2
assert(i == 4)
while not (i <= 0) do i = i - 1 end
assert(i == 0 and (i < 1 and "yes" or "no") == "yes")
local function variadic(...) return ... < 2 end
assert(variadic(1, 5) == true)
---
-- The order of evaluation is that of the text.
local seen = {}
local function note(v) seen[#seen + 1] = v return v end
local _ = note(1) > note(2), note(3) <= note(4)
assert(table.concat(seen) == "1234")
---
-- Metamethods and environments.
local mt = {__lt = function(a, b) return a.n < b.n end, __le = function(a, b) return a.n <= b.n end}
local a, b = setmetatable({n = 1}, mt), setmetatable({n = 2}, mt)
assert(a < b and b > a and a <= b and b >= a and not (b < a))
local confined = setfenv(function(p, q) return p < q end, {})
assert(confined(1, 2))
---
local n = 9007199254740993
local _ = n < "x" ### "^attempt to compare"
---
local function f(e)
    return e.nothing > 9007199254740993 ### "^attempt to compare number with nil|^attempt to compare .* with nil"
end
f({})
---
local function f(e)
    return e.nothing > 5 ### "^attempt to compare number with nil$"
end
local _ = f({})
---
local t = {}
if t < ### "^attempt to compare table with number$"
   5 then
end
---
-- Functions of the library take integers above 2^53 as they take all numbers.
local big = 2 ^ 60 + 1
assert(math.sqrt(2 ^ 62) == 2 ^ 31 and math.log10(big) > 18 and math.deg(big) > big)
assert(math.fmod(big, 10) == 7 and math.fmod(-big, 10) == -7 and math.fmod(5, -3) == 2 and math.fmod(7, 0) ~= math.fmod(7, 0))
local whole, rest = math.modf(big)
assert(whole == big and rest == 0)
assert(("abc"):sub(2, big) == "bc" and ("abc"):sub(-big, 2) == "ab" and ("x"):find("x", big) == nil and ("aa"):gsub("a", "b", 2 ^ 70) == "bb")
assert(("abc"):sub(2, math.huge) == "bc" and ("abc"):sub(-math.huge, 2) == "ab")
assert(string.sub(big, -3) == "977" and string.len(big) == 19 and string.match(big, "^115") == "115" and string.find(big, big) == 1)
assert(not pcall(string.rep, "x", big) and ("x"):rep(-big) == "")
