-- Two targets, the second of which waits for the first: once a program starts, the files that it opens are shown.
--
--   sudo ebpfx run cat             waits for cat, and then shows ten files that cats open

set_project("pipeline")

local wanted, shown = "cat", 0

target("starts")
    set_default(false)
    add_files("src/starts.bpf.c")
    on_event(function (event)
        if event.comm == wanted then
            print(wanted .. " was started")
            stop("starts")
            run("opens")
        end
    end)

target("opens")
    set_default(false)
    add_files("src/opens.bpf.c")
    on_event(function (event)
        if event.comm ~= wanted then return end
        printf("%7d  %s\n", event.pid, event.path)
        shown = shown + 1
        if shown == 10 then stop() end
    end)

entry(function (program)
    wanted = program or wanted
    run("starts")
end)
