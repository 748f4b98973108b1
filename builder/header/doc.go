// Package header makes the C headers that ebpfx adds to a build and keeps them in the user's cache: the one in front
// of every source that leaves the types of events in the object, and vmlinux.h.
package header
