-- Packets and bytes that arrive on an interface, by protocol, counted in the kernel and read four times a second.
--
--   sudo ebpfx run

set_project("packets")

local names = { [1] = "ICMP", [6] = "TCP", [17] = "UDP" }

target("packets")
    set_description("packets by protocol")
    add_files("src/packets.bpf.c")
    attach_to("on_packet", "lo")
    screen(250, function (handle)
        local rows = {}
        for protocol, cpus in handle.maps.counters:items() do
            local row = { protocol = names[protocol] or protocol, packets = 0, bytes = 0 }
            for _, c in ipairs(cpus) do
                row.packets, row.bytes = row.packets + c.packets, row.bytes + c.bytes
            end
            table.insert(rows, row)
        end
        printtable(top(rows, 10, "packets"), { "protocol", "packets", "bytes" })
    end)
