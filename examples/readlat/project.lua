-- How long read takes, as a histogram for each program: biolatency, one layer above the disks.
--
--   sudo ebpfx run -t 5s

set_project("readlat")

target("readlat")
    set_description("latency of read, by program")
    add_files("src/readlat.bpf.c")
    on_event(hist { by = "comm", of = "latency_ns", unit = "us" })
