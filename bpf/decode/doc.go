// Package decode reads records whose layout a BTF type describes: the events of
// ring and perf buffers, keys and values of maps, global variables.
//
//	btf.Type --New--> Type --Fields--> Field.Bits, Field.Bytes    one member of a record
//	                    |
//	                    +--> AppendText, AppendJSON               the whole record
//
// All that can be known beforehand is worked out by [New], so that reading a member is a bounds
// check and a load. Nothing here keeps or changes the bytes that it is given, and nothing but New allocates,
// save for growing the slice that is appended to.
//
// Bytes are in the order of the machine, as the kernel's are. A record may end before its type does,
// since programs send truncated buffers: what is not there is absent, and never read as zero.
package decode
