package bpf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// Kinds of streams.
const (
	RingBuffer = "ringbuf" // BPF_MAP_TYPE_RINGBUF: one for all CPUs, in order
	PerfBuffer = "perf"    // BPF_MAP_TYPE_PERF_EVENT_ARRAY: one for each CPU, padded records
	Iterator   = "iter"    // an iterator that writes records rather than text: read once, nothing is lost
)

// Methods to find the types of a stream's records, from what is certain to what is a guess.
const (
	MethodOverride = "override"       // SetStreamType
	MethodSource   = "source"         // what each call in the source sends, left in the object by package builder
	MethodDebug    = "debug info"     // what the debug information says of the variables that point to records
	MethodMap      = "map definition" // __type(value, struct x) of the map
	MethodEvent    = "struct event"   // the only stream, and a struct of that name
	MethodSize     = "size"           // the only struct of the program's own that is as large as the records
)

// StreamInfo describes a map through which programs send records, or an iterator that writes some.
type StreamInfo struct {
	Map    string         // of an Iterator the program, which shares the maps' space of names
	Kind   string         // RingBuffer, PerfBuffer or Iterator
	Types  []*decode.Type // what the records may be: none when unknown; by record length where several
	Method string         // how the types were found: one of the Methods, or two with a comma between them; "" when unknown
	// Candidates are the names of types that fit equally well, when Types is empty.
	Candidates []string
}

// Streams returns the ring and perf buffers in the order of the file, and behind them the iterators that write records.
func (o *Object) Streams() []*StreamInfo { return slices.Clone(o.streams) }

func (o *Object) listStreams(l *layout) {
	o.listBuffers(l)
	o.listIterators(l.events)
}

func (o *Object) listBuffers(l *layout) {
	for name, m := range o.spec.Maps {
		if kind := streamKind(m.Type); kind != "" {
			o.streams = append(o.streams, &StreamInfo{Map: name, Kind: kind})
		}
	}
	if len(o.streams) == 0 {
		return
	}
	slices.SortFunc(o.streams, func(a, b *StreamInfo) int {
		return l.compare(l.maps, a.Map, b.Map)
	})
	emissions := o.emissions()
	bytes := o.typesFromSource(l.events, emissions)
	o.typesFromDebug()
	o.typesFromMaps()
	for _, b := range bytes {
		if b.Method == "" || b.Method == MethodSource {
			b.add(b.typ, MethodSource)
		}
	}
	if l.events == nil {
		o.typesFromSize(emissions)
	}
	o.markPorts()
}

func streamKind(t ebpf.MapType) string {
	switch t {
	case ebpf.RingBuf:
		return RingBuffer
	case ebpf.PerfEventArray:
		return PerfBuffer
	}
	return ""
}

// stream returns the stream of the map called name, or nil.
func (o *Object) stream(name string) *StreamInfo {
	i := slices.IndexFunc(o.streams, func(s *StreamInfo) bool { return s.Map == name })
	if i < 0 {
		return nil
	}
	return o.streams[i]
}

// only returns the stream of that kind if there is just one.
func (o *Object) only(kind string) *StreamInfo {
	var one *StreamInfo
	for _, s := range o.streams {
		if s.Kind != kind {
			continue
		}
		if one != nil {
			return nil
		}
		one = s
	}
	return one
}

// add notes that records may be of type t. Of what is certain both methods are taken, of guesses only the first that had an answer.
func (s *StreamInfo) add(t *decode.Type, method string) {
	switch {
	case s.Method == "", s.Method == method:
		s.Method = method
	case s.Method == MethodSource && method == MethodDebug:
		if slices.ContainsFunc(s.Types, func(have *decode.Type) bool { return sameRecord(have, t) }) {
			return
		}
		s.Method += ", " + MethodDebug
	case s.Method != MethodSource+", "+method:
		return
	}
	if !slices.ContainsFunc(s.Types, func(have *decode.Type) bool { return sameRecord(have, t) }) {
		s.Types = append(s.Types, t)
	}
}

// sameRecord reports whether two types describe the same records, be it under the names of a struct and of its typedef.
func sameRecord(a, b *decode.Type) bool {
	return a.Size == b.Size && (a.Name == b.Name || len(a.Fields) > 0 && slices.EqualFunc(a.Fields, b.Fields, func(f, g decode.Field) bool {
		return f.Name == g.Name && f.Offset == g.Offset && f.Type.Kind == g.Type.Kind && f.Type.Size == g.Type.Size
	}))
}

// SetStreamType says that the records of the stream (the name of a map, or of an iterator's program) are of the struct or typedef called typ.
func (o *Object) SetStreamType(stream, typ string) error {
	s := o.stream(stream)
	if s == nil {
		var names []string
		for _, s := range o.streams {
			names = append(names, s.Map)
		}
		return fmt.Errorf("no ring or perf buffer named %s in %s%s", stream, o.name, near.Hint(near.Names(stream, names)))
	}
	t, err := o.Type(typ)
	if err != nil {
		return err
	}
	s.Types, s.Method, s.Candidates = []*decode.Type{t}, MethodOverride, nil
	o.markPorts()
	return nil
}

// Type returns what a record of this length is: the only type that the stream carries, or of several the
// one with the length, or else the smallest that a record cut short may be. nil when it is unknown.
func (s *StreamInfo) Type(length int) *decode.Type {
	switch len(s.Types) {
	case 0:
		return nil
	case 1:
		return s.Types[0]
	}
	var fits, largest *decode.Type
	for _, t := range s.Types {
		size := s.length(t)
		switch {
		case size == length:
			return t
		case size > length && (fits == nil || t.Size < fits.Size):
			fits = t
		}
		if largest == nil || t.Size > largest.Size {
			largest = t
		}
	}
	if fits != nil {
		return fits
	}
	return largest
}

// length returns how long records of type t are.
func (s *StreamInfo) length(t *decode.Type) int {
	if s.Kind == PerfBuffer {
		return perfLength(t.Size)
	}
	return t.Size
}

// ofLength returns how many types have records of a length.
func (s *StreamInfo) ofLength(length int) int {
	n := 0
	for _, t := range s.Types {
		if s.length(t) == length {
			n++
		}
	}
	return n
}

// noticeAlike tells of streams whose records cannot be told apart.
func (o *Object) noticeAlike(notice func(string)) {
	for _, s := range o.streams {
		if alike := s.alike(); len(alike) > 0 {
			notice(fmt.Sprintf("%s: records of %s arrive with one length, and they do not begin with an enum that has their names; taking all of them for %s; run FILE --event %[1]s=TYPE takes them for another",
				s.Map, strings.Join(alike, " and "), alike[0]))
		}
	}
}

// alike returns the names of types of s that nothing tells apart, the first being what their records are taken for.
func (s *StreamInfo) alike() []string {
	if findDiscriminator(s.Types) != nil {
		return nil
	}
	for _, t := range s.Types {
		if s.ofLength(s.length(t)) < 2 {
			continue
		}
		var names []string
		for _, other := range s.Types {
			if s.length(other) == s.length(t) {
				names = append(names, other.Name)
			}
		}
		return names
	}
	return nil
}

// perfLength is the length with which a record of size bytes arrives through a perf buffer: it and
// the 32 bits of its length are padded to eight bytes (perf_event_output in kernel/events/core.c).
func perfLength(size int) int { return (size+4+7)&^7 - 4 }
