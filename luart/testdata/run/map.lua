-- A map reads as a table.
entry(function()
    local m = map()
    assert(#m == 0 and next(m) == nil and m[1] == nil and m.name == nil and m[nil] == nil)
    m[5], m.name, m[-1], m[1.5], m[true], m[m] = "five", "text", "minus", "half", "yes", "self"
    assert(m[5] == "five" and m.name == "text" and m["name"] == "text" and m[-1] == "minus" and m[1.5] == "half" and m[true] == "yes" and m[m] == "self")
    assert(#m == 6 and m["5"] == nil)
    m[5] = "again"
    assert(#m == 6 and m[5] == "again")
    m[5] = nil
    m[6] = nil
    assert(#m == 5 and m[5] == nil)
    m[5] = false
    assert(#m == 6 and m[5] == false)
end)
---
-- Keys of any size are themselves, whatever they were computed from.
entry(function()
    local m = map()
    m[0xffff888000000040] = "address"
    m[9007199254740993] = "odd"
    m[9007199254740992] = "even"
    m[-9007199254740993] = "minus"
    m[4000000] = "pid"
    assert(m[0xffff888000000000 + 64] == "address" and m[9007199254740994 - 1] == "odd" and m[2^53] == "even")
    assert(m[-9007199254740994 + 1] == "minus" and m[4e6] == "pid" and #m == 5)
    assert(m[18446744073709551615] == nil and m[-1] == nil)
    m[18446744073709551615] = 1
    assert(m[18446744073709551615] == 1 and m[-1] == nil)
end)
---
-- pairs gives the keys in the order in which they came, integers first; they may be deleted and changed on the way.
entry(function()
    local m = map()
    for i = 100, 1, -1 do m[i * 1000] = i end
    m.text = "t"
    local n, last = 0, 1e9
    for k, v in pairs(m) do
        n = n + 1
        if k ~= "text" then
            assert(v * 1000 == k and k < last)
            last = k
            if v % 2 == 0 then m[k] = nil else m[k] = "odd" end
        end
    end
    assert(n == 101 and #m == 51 and m[1000] == "odd" and m[2000] == nil)
    local count = 0
    for k, v in next, m do count = count + 1 end
    assert(count == 51)
    for k in next, m do m[k] = nil m.gone = 1 m.gone = nil end
    assert(#m == 0 and next(m) == nil)
    for i, v in ipairs(m) do error("not reached") end
    m[1], m[2], m[4] = "a", "b", "d"
    local list = {}
    for i, v in ipairs(m) do list[i] = v end
    assert(table.concat(list) == "ab")
end)
---
-- Deleting makes room: what comes and goes for ever takes no more than what is there.
entry(function()
    local m = map()
    for i = 1, 200000 do m[i * 12345] = i m[(i - 10) * 12345] = nil end
    assert(#m == 10)
    local n = 0
    for k, v in pairs(m) do n = n + 1 assert(k == v * 12345) end
    assert(n == 10)
end)
---
entry(function()
    local m = map()
    m[nil] = 1 ### "^cannot set element nil of a map: it is no key$"
end)
---
entry(function()
    local m = map()
    m[0/0] = 1 ### "^cannot set element (nan|NaN|-nan) of a map: it is no key$"
end)
---
entry(function()
    next(map(), 5) ### "^next: the map has no key 5$"
end)
---
entry(function()
    return map() + 1 ### "^cannot perform add operation between map and number$"
end)
---
entry(function()
    map(5) ### "^map: takes no arguments, got 1$"
end)
---
entry(function()
    local t = {}
    t[nil] = 1 ### "nil"
end)
