-- Who calls the kernel most: system calls a second, by program.
--
--   sudo ebpfx run
--   sudo ebpfx run 5               show five

set_project("syscount")

local calls, shown = count { by = "comm" }, 10

target("syscount")
    set_description("system calls a second, by program")
    add_files("src/syscount.bpf.c")

    -- An aggregation takes events without any Lua: there are many.
    on_event(calls)
    every(1000, function ()
        print("---- " .. strftime("%H:%M:%S"))
        calls:print(shown)
        calls:clear()
    end)

entry(function (n)
    shown = tonumber(n) or shown
    run("syscount")
end)
