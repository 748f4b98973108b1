-- Which IPv4 packets arrive on an interface; "lo" is the machine's talk to itself, "ip link" shows the others.
local function address(bytes)
    return bytes[1] .. "." .. bytes[2] .. "." .. bytes[3] .. "." .. bytes[4]
end

target("xdp")
    set_description("packets that arrive")
    attach_to("on_packet", "lo")
    add_files("src/xdp.bpf.c")
    on_event(function (event)
        print(address(event.source), address(event.destination), event.protocol, event.length)
    end)
