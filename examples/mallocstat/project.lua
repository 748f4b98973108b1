-- How much memory programs ask malloc for: a histogram of sizes for each, and who asked for most.
--
--   sudo ebpfx run -t 5s

set_project("mallocstat")

target("mallocstat")
    set_description("sizes that programs ask malloc for")
    set_binary("libc.so.6")
    add_files("src/mallocstat.bpf.c")
    attach_to("on_malloc", "malloc")

    -- Aggregations take events without any Lua, and are shown in the end.
    on_event(hist { by = "comm", of = "size", unit = "bytes" })
    on_event(top { by = { "comm", "pid" }, of = "size", n = 5 })
