-- Where the CPUs spend their time, as folded stacks for flame graphs.
--
--   sudo ebpfx run -t 10s > stacks.txt && flamegraph.pl stacks.txt > cpu.svg

set_project("profile")

local samples = count()

target("profile")
    set_description("stacks of what runs, sampled 99 times a second on each CPU")
    add_files("src/profile.bpf.c")
    attach_to("on_sample", "profile:hz:99")

    -- Names are looked up while the process is still there.
    on_event(function (event)
        samples:add(folded(event.comm, ustack(event.user, event.pid), kstack(event.kernel)))
    end)
    on_exit(function ()
        for stack, n in samples:items() do
            print(stack .. " " .. n)
        end
    end)
