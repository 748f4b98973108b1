-- Which programs are started, with which arguments, and by whom.
--
--   sudo ebpfx run
--   sudo ebpfx run -o json events | jq -r .args

set_project("execsnoop")

target("execsnoop")
    set_description("started programs as a tree would show them")
    add_files("src/execsnoop.bpf.c")

    -- Lua remembers what the kernel tells once: who is whose parent. map() is a table for keys as large as PIDs.
    local name = map()
    on_event(function (event)
        name[event.pid] = event.comm
        local parent = name[event.ppid] or event.ppid
        print(string.format("%7d  %s > %s", event.pid, parent, event.args))
    end)

target("events")
    set_description("the same, every field")
    set_default(false)
    add_files("src/execsnoop.bpf.c")
