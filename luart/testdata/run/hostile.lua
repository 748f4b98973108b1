-- Raising while raising.
entry(function()
    xpcall(function() error("first") end, function(m) error("second") end)
    local ok, e = pcall(function()
        local ok, e = pcall(error, "inner")
        error("outer: " .. e, 0)
    end)
    assert(not ok and e == "outer: inner", e)
    local deep = "bottom"
    for i = 1, 100 do
        local ok, e = pcall(function() error(deep, 0) end)
        deep = e .. "."
    end
    assert(deep == "bottom" .. ("."):rep(100))
end)
---
entry(function()
    error(setmetatable({}, {__tostring = function() error("inside") end})) ### "^an error that is a table$"
end)
---
entry(function()
    print(setmetatable({}, {__tostring = function() error("inside") end})) ### "inside"
end)
---
-- A table that changes while it is walked is walked to some end.
entry(function()
    local t = {}
    for i = 1, 1000 do t["k" .. i] = i end
    local n = 0
    for k in pairs(t) do
        n = n + 1
        t[k] = nil
        if n % 3 == 0 then t["new" .. n] = n end
        if n > 5000 then break end
    end
    assert(n >= 1000)
    local list = {1, 2, 3}
    for i, v in ipairs(list) do
        if i < 100 then list[i + 3] = v end
    end
    assert(#list == 102)
    table.sort(list, function(a, b) list[1] = nil return a < b end)
    local order = {3, 1, 2}
    sort(order, function(a, b) return true end)
    assert(#order == 3)
end)
---
entry(function()
    local t = {}
    t[nil] = 5 ### "nil"
end)
---
entry(function()
    local t = {}
    assert(t[0/0] == nil)
    t[0/0] = 5 ### "NaN"
end)
---
entry(function()
    local function down(n) return 1 + down(n + 1) end ### "^stack overflow"
    for i = 1, 3 do
        local ok, e = pcall(down, 1)
        assert(not ok and e:match("stack overflow"), e)
    end
    down(1)
end)
---
entry(function()
    local co
    co = coroutine.wrap(function() co() end) ### "cannot resume a running coroutine"
    co()
end)
---
entry(function()
    local s = string.rep("x", 1e8)
    s = s:rep(10) ### "^string.rep: the result would be larger than 256 MB$"
end)
---
entry(function()
    local t = {}
    t.t = t
    t[t] = t
    os.print(t)
    assert(tostring(t))
    setmetatable(t, {__index = t})
    return t.nothing.x ### "gettable|index"
end)
---
entry(function()
    local function deeper() return pcall(deeper) end
    local results = {deeper()}
    local last = results[#results]
    assert(#results > 100 and last:match("^stack overflow: more than 200 protected calls and coroutines"), last)
end)
---
entry(function()
    local function inside() coroutine.wrap(inside)() end ### "^stack overflow: more than 200 "
    inside()
end)
---
-- Through functions that call back, too.
entry(function()
    local function inside()
        string.gsub("a", "a", function() coroutine.wrap(inside)() end) ### "^stack overflow"
    end
    inside()
end)
---
-- Texts that double have a bound too.
entry(function()
    local s = "x"
    while true do
        s = s .. s ### `^\.\.: the result would be larger than 256 MB$`
    end
end)
---
entry(function()
    local s = string.rep("x", 2 ^ 27)
    s = string.format("%s%s%s", s, s, s) ### "^string.format: the result would be larger than 256 MB$"
end)
