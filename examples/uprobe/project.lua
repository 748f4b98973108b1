-- Looks into a running program: the calls of lua_pcall in Debian's Lua interpreter.
--
--   sudo apt-get install lua5.1
--   sudo ebpfx run uprobe          and meanwhile, elsewhere: lua5.1 -e 'print(pcall(error))'
--
-- The first call of lua_pcall is shown, then the time that the next ones take.

set_project("uprobe")

-- Programs are searched in PATH, libraries as the dynamic loader does. All targets below use this one.
set_binary("lua5.1")

target("first_call")
    set_description("the arguments of one lua_pcall")
    set_kind("uprobe")
    attach_to("handler_entry_uprobe", "lua_pcall")
    add_files("src/first_call.bpf.c")
    on_event(function (event)
        sort(event) -- its fields by name
        os.print("uprobe event: ", event)
        stop("first_call")
    end)

target("latency")
    set_description("how long calls of lua_pcall take")
    set_default(false)
    attach_to("on_call", "lua_pcall")
    attach_to("on_return", "lua_pcall")
    add_files("src/latency.bpf.c")

    local seen = 0
    on_event(function (event)
        os.print(event.comm, " spent ", event.nanoseconds, " ns in lua_pcall, status ", event.status)
        seen = seen + 1
        if seen == 3 then
            stop() -- everything, and the run ends
        end
    end)

entry(function (arg)
    if arg == "uprobe" then
        run("first_call")
        wait("first_call") -- until its callback stops it
        run("latency")
    else
        run("first_call")
    end
end)
