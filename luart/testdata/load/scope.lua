sleep(1) ### `^sleep: belongs inside a function: entry\(function\(\) \.\.\. end\)$`
---
target("a")
    run("a") ### `^run: belongs inside a function`
---
stop() ### `^stop: belongs inside a function`
---
wait() ### `^wait: belongs inside a function`
---
local t = now() ### `^now: belongs inside a function`
---
os.exit(1) ### `^os.exit: belongs inside a function`
---
-- Inside of functions they are right.
entry(function() sleep(1) run("a") stop() wait() os.exit(now()) end)
