package testprog

// The objects, by the names of their sources.
var (
	Attach       = _AttachBytes
	Bare         = _BareBytes
	Calls        = _CallsBytes
	Event        = _EventBytes
	Globals      = _GlobalsBytes
	Missing      = _MissingBytes
	Refused      = _RefusedBytes
	RefusedAlone = _RefusedAloneBytes
	Sections     = _SectionsBytes
	Streams      = _StreamsBytes
)
