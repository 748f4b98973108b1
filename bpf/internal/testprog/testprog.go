package testprog

// The objects, by the names of their sources.
var (
	Access          = _AccessBytes
	AccessLater     = _AccessLaterBytes
	AccessNamed     = _AccessNamedBytes
	AccessNewest    = _AccessNewestBytes
	Alternatives    = _AlternativesBytes
	Attach          = _AttachBytes
	Bare            = _BareBytes
	Calls           = _CallsBytes
	Event           = _EventBytes
	Functions       = _FunctionsBytes
	Globals         = _GlobalsBytes
	Kinds           = _KindsBytes
	Maps            = _MapsBytes
	Missing         = _MissingBytes
	Refused         = _RefusedBytes
	RefusedAlone    = _RefusedAloneBytes
	Relocated       = _RelocatedBytes
	RelocatedBeyond = _RelocatedBeyondBytes
	Sections        = _SectionsBytes
	Streams         = _StreamsBytes
	Uprobe          = _UprobeBytes
	Usdt            = _UsdtBytes
	UsdtIndexed     = _UsdtIndexedBytes
)
