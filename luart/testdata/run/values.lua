-- 64-bit integers behave as numbers.
entry(function()
    local big = 0xffffffffffffffff
    assert(tostring(big) == "18446744073709551615" and big .. "" == "18446744073709551615" and "x" .. big == "x18446744073709551615")
    assert(big == big + 0 and big - 1 < big and big % 10 == 5 and big - big == 0)
    assert(big + 1 == 0 and 0 - big == 1, "sums wrap at 2^64")
    assert(big / 5 == 3689348814741910323 and big / big == 1)
    assert(tostring(-9223372036854775807 - 1) == "-9223372036854775808")
    assert(9007199254740993 * 2 == 18014398509481986 and 9007199254740993 - 2 == 9007199254740991)
    assert("1" + big == 0 and big * 0.5 == 2 ^ 63 and big ^ 0 == 1)
    assert(-(9007199254740993) == -9007199254740993)
    assert(big:hex() == "0xffffffffffffffff" and (255):hex() == "0xff" and (-1):hex() == "0xffffffffffffffff")
    assert(tonumber("18446744073709551615") == big and tonumber(big) == big and tonumber("0x10") == 16 and tonumber("x") == nil)
    assert(tonumber("ff", 16) == 255 and tonumber("1e3") == 1000 and tonumber("") == nil and tonumber("inf") == nil and tonumber("nan") == nil)
    assert(math.max(1, big, 5) == big and math.min(big, 7) == 7 and math.floor(big) == big and math.abs(-9007199254740993) == 9007199254740993)
    assert(math.max("10", 9) == 10 and math.floor(1.5) == 1)
    local seen = {[big] = 1}
    seen[big - 1] = 2
    seen[big] = seen[big] + 1
    assert(seen[0xffffffffffffffff] == 2 and seen[0xfffffffffffffffe] == 2)
    assert(getmetatable(big) == false and not pcall(setmetatable, big, {}))
end)
---
-- It makes no difference where an integer comes from.
entry(function()
    local function same(a, b)
        local t = {}
        t[a] = "found"
        return a == b and not (a ~= b) and t[b] == "found" and a <= b and not (a < b)
    end
    local ten19 = 0x8ac7230489e80000
    assert(same(ten19, 1e19) and same(ten19, tonumber("1e19")) and same(ten19, "10000000000000000000" * 1) and same(ten19, 1e10 * 1e9))
    assert(same(0x8000000000000000, 2 ^ 63) and same(9007199254740993, (2 ^ 53 - 1) + 2 * 1 + 0 * 5))
    assert(same(-0x8000000000000000, (-2) ^ 63) and same(0xffffffffffffffff, tonumber("ffffffffffffffff", 16)))
    assert(same(tonumber("zz", 36), 1295) and tonumber("12", 2) == nil and tonumber("-ff", 16) == -255 and tonumber("0xff", 16) == 255)
    -- What two fields of 32 bits make, and seconds and nanoseconds.
    local high, low, seconds = 0xffffffff, 0xfffffffe, 1700000000
    assert(same(high * 4294967296 + low, 0xfffffffffffffffe) and same(high * 2 ^ 32 + low, 18446744073709551614))
    assert(tostring(seconds * 1000000000 + 123456789) == "1700000000123456789")
    assert(same(-seconds * 1000000000, -1700000000000000000))
    -- What 64 bits cannot mean is a float, as ever.
    assert(1e10 * 1e10 == 1e20 and 2 ^ 64 == 4294967296 * 4294967296 and 2 ^ 0.5 < 1.5 and 3 ^ -1 < 0.34 and (-2) ^ 65 < -1e19)
    assert(0.5 * 2 ^ 62 == 2 ^ 61 and 1 / 0 * 2 == 1 / 0 and 0 / 0 * 5 ~= 0 / 0 and 2 ^ 1024 == 1 / 0)
    assert(1e19 ~= "10000000000000000000" and 1e19 ~= nil and 1e19 ~= {} and ten19 == ten19 and not (ten19 == 1e18))
    local mt = {__mul = function(a, b) return "mul" end, __pow = function() return 2 ^ 60 end, __eq = function() return true end}
    local x, y = setmetatable({}, mt), setmetatable({}, mt)
    assert(x * 2 == "mul" and 2 * x == "mul" and x ^ 5 == 2 ^ 60 and x == y and not (x ~= y) and "3" * "4" == 12 and "2" ^ 3 == 8)
    local function product(a) a = a * 3 return a end
    local function last(b, a) a = b and a ^ 2 or a * a return a end
    assert(product(5) == 15 and last(true, 5) == 25 and last(false, 5) == 25 and select("#", product(1)) == 1)
end)
---
entry(function()
    local n = nil * 2 ### "^cannot perform mul operation between nil and number$"
end)
---
entry(function()
    local n = 2 ^ {} ### "^cannot perform pow operation between number and table$"
end)
---
entry(function()
    local n = 0xffffffffffffffff + {} ### "^cannot perform add operation between number and table$"
end)
---
entry(function()
    local n = 0xffffffffffffffff .. {} ### "^cannot perform concat operation between number and table$"
end)
---
entry(function()
    local n = (0xffffffffffffffff).x ### "^attempt to index a number with key 'x'$"
end)
---
entry(function()
    local less = 0xffffffffffffffff < {} ### "^attempt to compare userdata with table$"
end)
---
entry(function()
    math.max() ### "^math.max: argument 1: expected a number, got nil$"
end)
---
-- string.format is C's, and exact.
entry(function()
    local big, low = 0xffffffffffffffff, -9223372036854775808
    local function is(want, ...)
        local got = string.format(...)
        assert(got == want, "got " .. got .. ", want " .. want)
    end
    is("18446744073709551615 18446744073709551615 ffffffffffffffff FFFFFFFFFFFFFFFF", "%d %u %x %X", big, big, big, big)
    is("-9223372036854775808 8000000000000000 -9223372036854775808", "%d %x %i", low, low, low)
    is("  42|42   |00042|+42| 42|0x2a|052", "%4d|%-5d|%05d|%+d|% d|%#x|%#o", 42, 42, 42, 42, 42, 42, 42)
    is("18446744073709551615  |", "%-22d|", big)
    is("3|-3|18446744073709551615", "%d|%d|%u", 3.7, -3.7, -1)
    is("3.14|  3.1|3.141590|3.14159|1e+20|1e-05", "%.2f|%5.1f|%f|%g|%g|%g", 3.14159, 3.14159, 3.14159, 3.14159, 1e20, 1e-5)
end)
---
entry(function()
    local function is(want, ...)
        local got = string.format(...)
        assert(got == want, "got " .. got .. ", want " .. want)
    end
    is("inf|-inf|  nan|1.844674e+19", "%f|%g|%5f|%e", math.huge, -math.huge, 0 / 0, 0xffffffffffffffff)
    is("a|    a|a    |ab|nil|true|12|100%", "%s|%5s|%-5s|%.2s|%s|%s|%s|100%%", "a", "a", "a", "abc", nil, true, 12)
    is('"a\\"b\\\\\\\nc\\000"', "%q", 'a"b\\\nc\0')
    is("A|007", "%c|%.3d", 65, 7)
    is("12", "%d", "12")
end)
---
entry(function()
    string.format("%d", "x") ### `^string.format: argument 2: expected a number, got a string$`
end)
---
entry(function()
    string.format("%d") ### `^string.format: no argument for %d$`
end)
---
entry(function()
    string.format("%y", 1) ### `^string.format: invalid conversion %y$`
end)
---
entry(function()
    string.format("%123d", 1) ### `^string.format: invalid conversion %123$`
end)
---
entry(function()
    string.format("%d", 1 / 0) ### `^string.format: argument 2: \+?[Ii]nf is no integer of 64 bits$`
end)
---
-- A loop counts exactly, or says that it does not.
entry(function()
    local function steps(...)
        local list, first, limit, step = {}, ...
        for i = first, limit, step or 1 do
            if #list == 4 then break end
            list[#list + 1] = i
        end
        return table.concat(list, " ")
    end
    assert(steps(1, 3) == "1 2 3" and steps(10, 1, -3) == "10 7 4 1" and steps(1, 2, 0.5) == "1 1.5 2" and steps("1", "3") == "1 2 3")
    assert(steps(1, 0xffffffffffffffff) == "1 2 3 4" and steps(0, -0xfffffffffffff, -1) == "0 -1 -2 -3" and steps(1, math.huge) == "1 2 3 4")
    assert(steps(2 ^ 60, 5) == "" and steps(5, 2 ^ 60, -1) == "" and steps(1, 0 / 0) == "" and steps(2 ^ 52 - 1, 2 ^ 52) == "4503599627370495 4503599627370496")
    assert(steps(1, 4503599627370497, 2 ^ 11) == "1 2049 4097 6145")
end)
---
entry(function()
    for i = 0xffff888000000000, 0xffff888000000010, 8 do end ### `^for: 18446612682070032384 is more than a loop counts to exactly \(2\^52\); count from 0, and add the first value inside of the loop$`
end)
---
entry(function()
    for i = 1, 1e18, 1e15 do end ### `^for: 1000000000000000000 is more than a loop counts to exactly`
end)
---
entry(function()
    for i = 1, {} do end ### `^for: the limit: expected a number, got a table$`
end)
---
entry(function()
    for i = nil, 2 do end ### `^for: the first value: expected a number, got nil$`
end)
