-- sleep waits at least as long as it says.
entry(function()
    local before = now()
    sleep(20)
    assert(now() - before >= 20e6)
    sleep(0)
    sleep(0.5)
    wait()
end)
---
entry(function()
    run("nobody") ### `^no target named "nobody" \(the project has none\)$`
end)
---
target("one") add_files("*.bpf.c")
entry(function()
    run("two") ### `^no target named "two" \(there is: one\)$`
end)
---
target("one") add_files("*.bpf.c")
target("two") add_files("*.bpf.c")
entry(function()
    stop("three") ### `^no target named "three" \(there are: one, two\)$`
end)
---
target("one") add_files("*.bpf.c")
entry(function()
    -- What does not run can be stopped and waited for.
    stop("one")
    wait("one")
    stop("one")
    assert(not pcall(wait, "three"))
    run() ### "^run: missing argument name$"
end)
---
entry(function()
    assert(wait(5) and wait() and wait(0)) -- nothing runs
    wait(-1) ### "^wait: expected a number of milliseconds from 0, got -1$"
end)
---
target("one") add_files("*.bpf.c")
entry(function()
    assert(wait("one", 5))
    assert(not pcall(wait, "one", "x") and not pcall(wait, {}) and not pcall(wait, nil))
    wait("one", 0 / 0) ### "^wait: expected a number of milliseconds from 0, got NaN$"
end)
---
-- After stop() the script goes on until it waits.
entry(function()
    stop()
    stop()
    local ok, message = pcall(run, "x")
    assert(not ok)
    sleep(1)
    error("not reached")
end)
---
target("one") add_files("*.bpf.c")
entry(function()
    stop()
    run("one") ### "^run one: the run is ending$"
end)
---
entry(function()
    os.exit(0)
    error("not reached")
end)
---
-- Nothing catches os.exit.
entry(function()
    pcall(function()
        sleep(1)
        table.sort({2, 1}, function() pcall(os.exit) xpcall(os.exit, function() error("caught") end) end)
        error("not reached")
    end)
    error("not reached")
end)
---
entry(function()
    coroutine.wrap(function() pcall(coroutine.wrap(function() os.exit() end)) end)()
    error("not reached")
end)
---
entry(function()
    os.exit(256) ### "^os.exit: expected a code from 0 to 255, got 256$"
end)
---
entry(function()
    os.exit("x") ### "^os.exit: expected a number, got a string$"
end)
---
entry(function(...)
    assert(select("#", ...) == 2 and (...) == "first" and select(2, ...) == "--second")
end)
---
-- A name that is nil is a mistake, and does not mean all.
entry(function()
    local ok, message = pcall(wait, nil)
    assert(not ok and message:match("wait: expected a string, got nil$"), message)
    stop(nil) ### "^stop: expected a string, got nil$"
end)
---
-- What is handed to a builtin by mistake is named as what it is.
entry(function()
    sleep(coroutine.create(function() end)) ### "^sleep: expected a number, got a thread$"
end)
