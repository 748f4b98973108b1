// Package luart runs project.lua.
//
// [Load] executes the file's description scope and returns a [Script]: the plain builder.Project that it describes,
// and the Lua functions that it set. [Script.Run] executes its script scope: the
// entry function, timers and callbacks, all on one goroutine that owns the Lua state, while records arrive from package bpf.
package luart
