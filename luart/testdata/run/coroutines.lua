-- pcall and xpcall are no obstacle to sleep, at any depth.
entry(function()
    assert(pcall(sleep, 1))
    local ok, a, b, c = pcall(function(x) sleep(1) return x, nil, 3 end, "x")
    assert(ok and a == "x" and b == nil and c == 3)
    assert(select("#", pcall(function() end)) == 1)
    assert(select("#", pcall(function() sleep(1) return nil, nil end)) == 3)
    local ok, outer, inner = pcall(function()
        return pcall(function() sleep(1) error("deep") end)
    end)
    assert(ok and outer == false and inner:match(":9: deep$"), inner)
    local ok, message = xpcall(function() sleep(1) error("told") end, function(m) return "handled: " .. m end)
    assert(not ok and message:match("^handled: .*:12: told$"), message)
end)
---
-- Errors keep what was raised and where.
entry(function()
    local thrown = {code = 7}
    local ok, caught = pcall(function() sleep(1) error(thrown) end)
    assert(not ok and caught == thrown)
    local ok, message = pcall(function() sleep(1) local f f() end)
    assert(not ok and message:match(":21: attempt to call"), message)
    local ok, message = pcall(function() error("bare", 0) end)
    assert(message == "bare")
    local ok, message = pcall(sleep, "long")
    assert(not ok and message:match("sleep: expected a number, got a string$"), message)
    local ok, message = pcall(function() sleep(-1) end)
    assert(message:match(":27: sleep: expected a number of milliseconds from 0, got %-1$"), message)
    local ok, message = pcall(5)
    assert(not ok and message:match("attempt to call a non%-function object"), message)
end)
---
-- What an error is raised through knows nothing of it but its position.
entry(function()
    local function inner() sleep(1) error("broken") end ### "^broken$"
    local function outer() inner() end
    outer()
end)
---
entry(function()
    sleep(1)
    local function endless() return 1 + endless() end ### "^stack overflow"
    endless()
end)
---
entry(function()
    error({}) ### "^an error that is a table$"
end)
---
-- A script's own coroutines may sleep, and yield to who resumed them.
entry(function()
    local co = coroutine.create(function(a, b)
        sleep(1)
        local c, d = coroutine.yield(a + b)
        assert(pcall(sleep, 1))
        local ok, e = pcall(coroutine.yield, c .. tostring(d))
        assert(ok and e == "go on")
        return "end", nil
    end)
    assert(coroutine.status(co) == "suspended" and type(co) == "thread")
    local ok, sum = coroutine.resume(co, 1, 2)
    assert(ok and sum == 3 and coroutine.status(co) == "suspended")
    local ok, text = coroutine.resume(co, "c")
    assert(ok and text == "cnil")
    local n = select("#", coroutine.resume(co, "go on"))
    assert(n == 3 and coroutine.status(co) == "dead")
    local ok, message = coroutine.resume(co)
    assert(not ok and message == "cannot resume a dead coroutine")
end)
---
entry(function()
    local co
    co = coroutine.create(function()
        assert(coroutine.running() == co and coroutine.status(co) == "running")
        local ok, message = coroutine.resume(co)
        assert(not ok and message == "cannot resume a running coroutine")
        local inner = coroutine.create(function()
            assert(coroutine.status(co) == "normal")
            local ok, message = coroutine.resume(co)
            assert(not ok and message == "cannot resume a normal coroutine")
            error("inside")
        end)
        local ok, message = coroutine.resume(inner)
        assert(not ok and message:match(":81: inside$"), message)
        return true
    end)
    assert(select(2, coroutine.resume(co)) == true)
    assert(coroutine.running() ~= nil)
end)
---
-- coroutine.wrap, also as an iterator, and its errors.
entry(function()
    local function counter(n)
        return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
    end
    local sum = 0
    for i in counter(10) do sum = sum + i end
    assert(sum == 55)
    local slow = coroutine.wrap(function() for i = 1, 3 do sleep(1) coroutine.yield(i) end return "done" end)
    assert(slow() == 1 and slow() == 2 and slow() == 3 and slow() == "done")
    local ok, message = pcall(slow)
    assert(not ok and message:match("cannot resume a dead coroutine$"), message)
    local ok, message = pcall(coroutine.wrap(function() sleep(1) error("wrapped") end))
    assert(not ok and message:match(":103: wrapped$"), message)
end)
---
entry(function()
    local broken = coroutine.wrap(function()
        error("from within") ### "^from within$"
    end)
    broken()
end)
---
-- Where a Go function waits for a Lua function, nothing can be suspended, and the error says so.
entry(function()
    local refused = "cannot pause here, inside a function that was called by sort"
    local function try(fn, ...)
        local ok, message = pcall(fn, ...)
        assert(not ok and message:find(refused, 1, true), message)
    end
    try(table.sort, {2, 1}, function(a, b) sleep(1) return a < b end)
    try(string.gsub, "x", "x", function() sleep(1) end)
    try(function() return setmetatable({}, {__index = function() sleep(1) end}).x end)
    try(function() return setmetatable({}, {__add = function() sleep(1) end}) + 1 end)
    try(function() for _ in function() sleep(1) end do end end)
    try(table.sort, {2, 1}, coroutine.wrap(function() sleep(1) end))
    try(table.sort, {2, 1}, function() wait() end)
    -- pcall and coroutines themselves work there.
    local list = {3, 1, 2}
    table.sort(list, function(a, b)
        local ok, less = pcall(function() return a < b end)
        assert(ok and not pcall(error, "x"))
        local co = coroutine.wrap(function(v) coroutine.yield(v) end)
        return co(less)
    end)
    assert(table.concat(list, " ") == "1 2 3")
end)
---
entry(function()
    local ok, message = pcall(coroutine.yield, 1)
    assert(not ok and message:match("coroutine.yield: not inside a coroutine of this script"), message)
    local ok, message = pcall(coroutine.resume, 5)
    assert(not ok and message:match("coroutine.resume: expected a coroutine, got a number$"), message)
    coroutine.create(5) ### "^coroutine.create: expected a function, got a number$"
end)
---
-- What a suspended function returns is adjusted to what its caller expects, and leaves other variables alone.
entry(function()
    local before = {}
    local nothing, nor_this = sleep(1)
    local big = 0xffffffffffffffff
    local sum = big + 0
    assert(nothing == nil and nor_this == nil and sum == big and type(before) == "table")
    local ok, none = pcall(sleep, 1)
    local again = big + 0
    assert(ok == true and none == nil and again == big)
    local function tail() return sleep(1) end
    assert(select("#", tail()) == 0)
    return sleep(1)
end)
---
-- What is captured at file level works too.
local pause, protect = sleep, pcall
entry(function()
    assert(protect(pause, 1))
end)
---
-- Coroutines at file level.
local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return a + b end)
assert(co(1) == 2 and co(10) == 11)
assert(not pcall(coroutine.wrap(function() error("x") end)))
local ok, message = pcall(sleep, 1)
assert(not ok and message:match("sleep: belongs inside a function"), message)
entry(function()
    local later = coroutine.create(function() coroutine.yield(coroutine.running()) end)
    local ok, self = coroutine.resume(later)
    assert(ok and self == later)
end)
