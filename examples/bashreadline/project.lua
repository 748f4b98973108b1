-- Which command lines are typed into bash, in all its shells.
--
--   sudo ebpfx run

set_project("bashreadline")

target("bashreadline")
    set_description("command lines of bash")
    add_files("src/bashreadline.bpf.c")
    attach_to("on_line", "/bin/bash:readline", { retprobe = true })
    on_event(function (event)
        printf("%.8t %7d  %s\n", event.time, event.pid, event.line)
    end)
