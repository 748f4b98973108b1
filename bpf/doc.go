// Package bpf is the kernel side: it opens an object, loads its programs,
// attaches them, reads what they send, and counts what was lost.
//
//	Open --> Object --Load--> Instance --Attach--> programs run
//	                             |
//	                           Start --> Batch, Batch, ... --Stop--> the last Batch (End) --Close
//
// An Object is a file, understood: nothing of it is in the kernel yet, and globals and event
// types can still be set. An Instance holds file descriptors alone, so that its programs
// vanish with the process, whatever ends it.
package bpf
