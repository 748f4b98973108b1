// Package aggregate counts, sums up and measures values by key: those of records as they come out of the kernel, and any others.
//
//	New(Options) --> Aggregation --Bind(type)--> take(record)     a record of that type, millions a second
//	                      |      --Add(key, number)              a value from elsewhere
//	                      |
//	                      +--> Get, Entries, Other, AppendText, AppendJSON
//
// Keys are fields of records, several if need be. An Aggregation has room for so many keys; what has a key beyond them is dealt with
// too, in one bucket for all others, so that sums over everything are right. Counts and sums of integers are exact.
package aggregate
