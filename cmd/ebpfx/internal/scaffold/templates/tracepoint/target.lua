-- Which files are opened, and by whom. All tracepoints: sudo ls /sys/kernel/tracing/events
target("tracepoint")
    set_description("files that are opened")
    add_files("src/tracepoint.bpf.c")
    on_event(function (event)
        print(event.pid, event.comm, event.path)
    end)
