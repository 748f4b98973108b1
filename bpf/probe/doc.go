// Package probe tells what this kernel, and this process on it, can do with eBPF.
//
// [Kernel] is a summary in a line, [Checks] a list for people with what to do about each item. The rest are the
// questions that package bpf asks to explain an error. Nothing here changes the machine, save for [MountTracefs].
package probe
