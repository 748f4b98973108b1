-- Which files are opened, by whom, and with what result.
--
--   sudo ebpfx run                 as the callback below prints it
--   sudo ebpfx run -t 5s           for five seconds
--   sudo ebpfx run raw             every field, as a table
--   sudo ebpfx run -o json raw     every field, as JSON, one event a line

set_project("opensnoop")

target("opensnoop")
    set_description("opened files, one line each")
    add_files("src/opensnoop.bpf.c")

    -- A callback is called for each event. Its argument has the fields of the C struct.
    on_event(function (event)
        local result = "fd " .. event.ret
        if event.ret < 0 then
            result = "error " .. -event.ret
        end
        print(string.format("%7d  %-16s %-9s %s", event.pid, event.comm, result, event.path))
    end)

    on_lost(function (stream, n)
        print(n .. " events did not fit into " .. stream)
    end)

-- The same program without a callback: ebpfx prints the events itself.
target("raw")
    set_description("opened files, every field")
    set_default(false)
    add_files("src/opensnoop.bpf.c")
