-- How long TCP connections take to be established, each and over all.
--
--   sudo ebpfx run

set_project("tcpconnlat")

local all = quantiles { by = "comm", unit = "us" }

target("tcpconnlat")
    set_description("latency of TCP connects")
    add_files("src/tcpconnlat.bpf.c")
    on_event(function (event)
        local us = event.latency_ns / 1000
        all:add(event.comm, us)
        printf("%7d  %-16s %-15s %5d %10.1f us\n", event.pid, event.comm, ntop(event.daddr), event.dport, us)
    end)
    on_exit(function () all:print() end)
