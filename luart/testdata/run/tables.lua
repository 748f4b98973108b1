-- A number that is large costs no more than another key.
entry(function()
    local t = {}
    t[4000000], t[60000000], t[2^31] = "pid", "address", "large"
    assert(t[4000000] == "pid" and t[60000000] == "address" and t[2^31] == "large" and #t == 0)
    local n = 0
    for k, v in pairs(t) do n = n + 1 end
    assert(n == 3)
    t[4000000] = nil
    assert(t[4000000] == nil)
end)
---
-- Lists may be longer than the part of a table that is an array.
entry(function()
    local t = {}
    local long = 1048576 + 2000
    for i = 1, long do t[#t + 1] = i end
    assert(#t == long and t[1048575] == 1048575 and t[1048576] == 1048576 and t[1048577] == 1048577 and t[long] == long)
    table.insert(t, "last")
    assert(#t == long + 1 and t[long + 1] == "last" and table.remove(t) == "last" and #t == long)
    table.insert(t, long - 5, "inserted")
    assert(#t == long + 1 and t[long - 5] == "inserted" and t[long - 4] == long - 5 and t[long + 1] == long)
    assert(table.remove(t, long - 5) == "inserted" and #t == long and t[long] == long)
    assert(table.getn(t) == long and table.maxn(t) == long)
    local n, sum = 0, 0
    for i, v in ipairs(t) do n = n + 1 sum = sum + v end
    assert(n == long and sum == long * (long + 1) / 2)
    local n = 0
    for k, v in pairs(t) do n = n + 1 end
    assert(n == long)
    local a, b, c = unpack(t, 1048575, 1048577)
    assert(a == 1048575 and b == 1048576 and c == 1048577)
    t[long] = nil
    assert(#t == long - 1)
    sort(t, function(x, y) return x > y end)
    assert(t[1] == long - 1 and t[long - 1] == 1 and #t == long - 1)
    for i = #t, 1048500, -1 do assert(table.remove(t) == long - i) end
    assert(#t == 1048499)
end)
---
-- A million strings become one.
entry(function()
    local t = {}
    for i = 1, 1e6 do t[i] = "x" end
    local s = table.concat(t)
    assert(#s == 1e6)
    assert(#table.concat(t, ", ") == 3e6 - 2)
    assert(table.concat({1, 0xffffffffffffffff, "a"}, "-") == "1-18446744073709551615-a")
    assert(table.concat({}, ",") == "" and table.concat({1, 2, 3}, ",", 2) == "2,3" and table.concat({1, 2, 3}, ",", 2, 2) == "2" and table.concat({1}, ",", 3) == "")
end)
---
entry(function()
    table.concat({1, {}}) ### "^table.concat: element 2 is a table, neither text nor a number$"
end)
---
entry(function()
    table.concat({}, ",", 1, 3) ### "^table.concat: element 1 is nil, neither text nor a number$"
end)
---
entry(function()
    local big = string.rep("x", 1e6)
    local t = {}
    for i = 1, 1000 do t[i] = big end
    table.concat(t) ### "^table.concat: the result would be larger than 256 MB$"
end)
---
entry(function()
    local t = {}
    t[600000] = 1
    unpack(t, 1, 600000) ### "^unpack: 600000 values are more than a function can take"
end)
---
-- # is of one value, wherever it stands.
entry(function(...)
    local function two() return "abc", "de" end
    local function argument(a) a = #a return a end
    local function last(x, a) a = x and #a return a end
    assert(#two() == 3 and select("#", #two()) == 1 and #... == 5 and argument("four") == 4 and last(true, {1, 2}) == 2)
    local t = {#two(), #two()}
    assert(#t == 2 and t[#t] == 3 and -#t == -2 and not (#t == 3) and #t .. "" == "2")
    local m = setmetatable({}, {__len = function() return 7 end})
    assert(#m == 7)
    local function length(x) return #x end
    assert(length("x") == 1 and select("#", length("x")) == 1)
end)
---
entry(function()
    return #nil ### "^attempt to get length of nil$"
end)
---
entry(function()
    local x = 5
    return 1 + #x ### "^attempt to get length of a number$"
end)
---
-- Text of tables that hold each other has an end.
entry(function()
    local t = {}
    for i = 1, 60 do t = {t, t} end
    os.print(t) ### "^the text of the table would be larger than 16 MB$"
end)
