-- Where the CPUs spend their time: each is sampled 49 times a second, and every second the samples are counted.
local samples = {}

target("perf_event")
    set_description("who uses the CPUs")
    attach_to("on_sample", "profile:hz:49")
    add_files("src/perf_event.bpf.c")
    on_event(function (event)
        samples[event.comm] = (samples[event.comm] or 0) + 1
    end)
    every(1000, function ()
        print("---")
        for comm, n in pairs(samples) do
            print(n, comm)
        end
        samples = {}
    end)
