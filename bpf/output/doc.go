// Package output prints records where no script takes them: as a table or as JSON, one object a line.
//
// A [Sink] takes batches as package bpf delivers them. [Table] and [JSON] also take single records, with
// WriteRecord, so that they serve for values that come from elsewhere: map entries, iterators.
// Rows are gathered in memory and written out when there are many, and by Flush; a
// write error is returned once it happens and by every call thereafter.
package output
