-- How long Python's garbage collector takes, in every process that runs Debian's Python.
--
--   sudo ebpfx run          and meanwhile, elsewhere: python3 -c 'import gc; gc.collect()'
--
-- The interpreter has static probes (usdt) where a collection begins and ends.

set_project("usdt")

target("pygc")
    set_kind("usdt")
    set_binary("/usr/bin/python3")
    attach_to("on_start", "python:gc__start")
    attach_to("on_done", "python:gc__done")
    add_files("src/pygc.bpf.c")
    on_event(function (event)
        print(string.format("%-8d %-16s generation %d: %8.1f us, %d objects",
            event.pid, event.comm, event.generation, event.nanoseconds / 1000, event.collected))
    end)
