entry(function()
    assert(syscall_name(257) ~= "257" and syscall_name(-1) == "-1" and syscall_name(18446744073709551615) == "18446744073709551615")
    assert(errno_name(1) == "EPERM" and errno_name(-1) == "-EPERM" and errno_name(4096) == "4096" and errno_name(-9223372036854775807) == "-9223372036854775807")
    assert(signal_name(15) == "SIGTERM" and signal_name(34) == "SIGRTMIN" and signal_name(64) == "SIGRTMIN+30")
    assert(signal_name(0) == "0" and signal_name(65) == "65" and signal_name(32) == "32" and signal_name(-9) == "-9")
    assert(uid_name(0) == "root" and uid_name(4294967294) == "4294967294" and uid_name(2 ^ 32) == "4294967296" and uid_name(-1) == "-1")
    assert(ifname(1) == "lo" and ifname(0) == "0" and ifname(-1) == "-1" and ifname(2 ^ 40) == "1099511627776")
    assert(#pid_comm(1) > 0 and pid_comm(2 ^ 30) == "1073741824" and pid_comm(-1) == "-1" and pid_comm(0) == "0")
    assert(cgroup_path(0) == "0" and cgroup_path(18446744073709551615) == "18446744073709551615")
    assert(dev_numbers(0) == "0:0" and dev_numbers(4294967295) == "4095:1048575" and dev_name(4294967295) == "4095:1048575")
    assert(ksym(0) == "0x0" and ksym(18446744073709551615):find("^0x") and ksym(-1) == "0xffffffffffffffff")
    assert(usym(0, 0) == "0x0" and usym(-1, 5) == "0x5" and usym(2 ^ 40, 5, true) == "0x5" and usym(2, 4096) == "0x1000")
end)
---
entry(function()
    assert(ntop(0) == "0.0.0.0" and ntop(4294967295) == "255.255.255.255" and ntop(16777343) == "127.0.0.1" and ntop(-1) == "255.255.255.255")
    local v6 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
    assert(ntop(v6) == "fe80::1" and ntop(v6, 10) == "fe80::1" and ntop(v6, 2) == "254.128.0.0")
    assert(ntop({10, 1, 2, 3}, 2) == "10.1.2.3" and ntop("\255\0\0\1") == "255.0.0.1")
    for _, bad in ipairs({"", "\1\2\3", {}, {1, 2, 3}, {1, 2, 3, 256}, {1, 2, 3, -1}, {"a", 2, 3, 4}, 1.5, 0 / 0, 1 / 0, 2 ^ 32, -2 ^ 32, true, print, {1, 2, 3, 4, 5}}) do
        local ok, message = pcall(ntop, bad)
        assert(not ok and message:find("ntop: expected a number of 32 bits, or 4 or 16 bytes"), message)
    end
    assert(not pcall(ntop, nil) and not pcall(ntop))
    assert(select(2, pcall(ntop, "\1\2\3\4", 10)):find("an IPv6 address has 16 bytes, got 4"))
    ntop("\1\2\3\4", 5) ### "^ntop: family: expected 2 .AF_INET. or 10 .AF_INET6., got 5$"
end)
---
entry(function()
    assert(strftime("%%") == "%" and strftime("") == "" and strftime("plain") == "plain")
    assert(strftime("%Y-%m-%d %H:%M:%S", now()) <= strftime("%Y-%m-%d %H:%M:%S"))
    assert(#strftime("%f", 1e9) == 6 and strftime("%N", 0):find("^%d+$") and #strftime("%H:%M:%S.%L", 5) == 12)
    for _, bad in ipairs({-1, 1.5, 0 / 0, 1 / 0, 18446744073709551615, "x", {}, true}) do
        local ok, message = pcall(strftime, "%H", bad)
        assert(not ok and message:find("strftime: ns: "), tostring(bad))
    end
    strftime(5) ### "^strftime: expected a string, got a number$"
end)
---
-- What is no number is an error everywhere.
entry(function()
    for name, f in pairs({syscall_name = syscall_name, errno_name = errno_name, signal_name = signal_name, uid_name = uid_name, ifname = ifname, pid_comm = pid_comm,
            cgroup_path = cgroup_path, dev_name = dev_name, dev_numbers = dev_numbers, ksym = ksym, kstack = kstack}) do
        for _, bad in ipairs({"x", 1.5, 0 / 0, 1 / 0, -1 / 0, true, print}) do
            local ok, message = pcall(function() return (f(bad)) end)
            assert(not ok and message:find("project.lua:%d+: " .. name .. ": .*expected"), name .. ": " .. tostring(message))
        end
        assert(not pcall(f) and not pcall(f, nil) and not pcall(f, 1, 2, 3, 4, 5), name)
    end
    assert(not pcall(dev_name, 2 ^ 32) and not pcall(dev_numbers, -1))
    assert(not pcall(usym, 1) and not pcall(usym, "x", 1) and not pcall(usym, 1, "x") and not pcall(usym, 1.5, 1) and not pcall(usym, 1, 0 / 0))
    assert(not pcall(ustack, 1) and not pcall(ustack, 1, "x") and not pcall(ustack, {}, 0 / 0) and not pcall(ustack, {{build_id = "zz", offset = 1}}, 1))
    assert(not pcall(ustack, {{build_id = "aa", offset = "x"}}, 1) and ustack({{build_id = "aabb", offset = 16}}, 1)[1] == "[buildid:aabb]"
        and ustack({{build_id = "aabb", offset = 16}}, 1, nil, true)[1] == "buildid:aabb+0x10")
    assert(folded() == "" and folded({}) == "" and folded("a;b", 5, {"c\nd"}) == "a:b;5;c d" and not pcall(folded, nil) and not pcall(folded, {1}))
    usym(1, {}) ### "^usym: address: expected a whole number, got a table$"
end)
