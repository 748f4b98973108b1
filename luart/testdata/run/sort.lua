-- Lists by value, by field, by function; in place; stable.
entry(function()
    local list = {3, 0xffffffffffffffff, 1, 9007199254740993, 2.5, -1}
    assert(sort(list) == list)
    assert(table.concat({tostring(list[1]), tostring(list[5]), tostring(list[6])}, " ") == "-1 9007199254740993 18446744073709551615")
    local words = sort({"b", "a", "C"})
    assert(table.concat(words) == "Cab")
    local rows = {{k = 2, n = "a"}, {k = 1, n = "b"}, {k = 2, n = "c"}, {k = 1, n = "d"}}
    local function names() local s = "" for _, r in ipairs(rows) do s = s .. r.n end return s end
    sort(rows, "k")
    assert(names() == "bdac", names())
    sort(rows, "-k")
    assert(names() == "acbd", names())
    sort(rows, "n")
    assert(names() == "abcd")
    sort(rows, function(a, b) return a.n > b.n end)
    assert(names() == "dcba")
    assert(#sort({}) == 0 and #sort({1}) == 1 and #sort({}, "x") == 0)
end)
---
-- table.sort orders 64-bit integers among numbers.
entry(function()
    local list = {0xffffffffffffffff, 1, 9007199254740993}
    table.sort(list)
    assert(list[1] == 1 and list[3] == 0xffffffffffffffff)
    table.sort(list, function(a, b) return a > b end)
    assert(list[1] == 0xffffffffffffffff)
end)
---
-- A function that contradicts itself orders somehow, but ends.
entry(function()
    local list = {}
    for i = 1, 100 do list[i] = i end
    sort(list, function() return true end)
    assert(#list == 100)
end)
---
entry(function()
    sort({1, "a"}) ### "^sort: element 2 is a string, but that of element 1 is a number$"
end)
---
entry(function()
    sort({{x = 1}, {x = "a"}}, "x") ### `^sort: field "x" of element 2 is a string, but that of element 1 is a number$`
end)
---
entry(function()
    sort({{x = 1}, {y = 1}}, "x") ### `^sort: element 2 has no field "x"$`
end)
---
entry(function()
    sort({{x = {}}}, "x") ### `^sort: field "x" of element 1 is a table, which has no order$`
end)
---
entry(function()
    sort({{}, {}}) ### `^sort: element 1 is a table; say what to order by: sort\(list, "field"\) or`
end)
---
entry(function()
    sort({5}, "x") ### `^sort: element 1 is a number, which has no field "x"$`
end)
---
entry(function()
    sort(5) ### "^sort: expected a list or an event, got a number$"
end)
---
entry(function()
    sort({a = 1}) ### "^sort: expected a list, got a table with names"
end)
---
entry(function()
    sort({1}, 5) ### "^sort: by: expected the name of a field or a function, got a number$"
end)
---
entry(function()
    sort({2, 1}, function() error("no order") end) ### "^no order$"
end)
