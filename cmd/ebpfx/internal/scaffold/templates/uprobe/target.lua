-- Which host names are looked up: every program of this machine that calls libc's getaddrinfo.
target("uprobe")
    set_description("host names that are looked up")
    set_binary("libc.so.6")
    attach_to("on_lookup", "getaddrinfo")
    add_files("src/uprobe.bpf.c")
    on_event(function (event)
        print(event.pid, event.comm, event.host)
    end)
