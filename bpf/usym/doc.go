// Package usym names addresses of processes: by the symbols of the binaries that are mapped there, and by the maps that
// just-in-time compilers write.
//
//	pid, address --/proc/PID/maps--> binary, offset --symtab--> function
//	                      \--anonymous memory--> /tmp/perf-PID.map --> function
//
// Binaries are opened as the process has them: deleted ones and those of containers too. What was learnt of a process is kept when it
// is gone, so that its addresses can be named afterwards as long as one was named before.
package usym
