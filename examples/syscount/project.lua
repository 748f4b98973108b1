-- Who calls the kernel most: system calls a second, by program.
--
--   sudo ebpfx run
--   sudo ebpfx run 5               show five

set_project("syscount")

local shown = 10
local calls = {} -- program -> number of system calls since the last report

-- The programs with the most calls, most first.
local function ranking()
    local list = {}
    for comm, n in pairs(calls) do
        table.insert(list, { comm = comm, n = n })
    end
    return sort(list, "-n")
end

target("syscount")
    set_description("system calls a second, by program")
    add_files("src/syscount.bpf.c")

    on_event(function (event)
        calls[event.comm] = (calls[event.comm] or 0) + 1
    end)

    every(1000, function ()
        print("---- " .. os.date("%H:%M:%S"))
        for i, row in ipairs(ranking()) do
            if i > shown then
                break
            end
            print(string.format("%9d  %s", row.n, row.comm))
        end
        calls = {}
    end)

entry(function (n)
    shown = tonumber(n) or shown
    run("syscount")
end)
