package bpf

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// eventSection is where the header that package builder compiles in front of a source leaves what each
// call that sends an event sends, and to which map. Loaders ignore the section. In its order:
//
//	func.__ebpfx_data[.N]     a pointer to the type of the data argument
//	func.__ebpfx_stream[.N]   a char[], "kind:text of the map argument", of the same call
//	func.__ebpfx_reserve[.N]  a char[], the text of the map argument of a bpf_ringbuf_reserve
//
// Kinds are submit, dynptr and seq (whose map text is empty), output, perf, skb and xdp.
const eventSection = ".ebpfx.events"

// Parts of the variables' names, behind the name of the function that holds the call.
const (
	dataVariable    = ".__ebpfx_data"
	streamVariable  = ".__ebpfx_stream"
	reserveVariable = ".__ebpfx_reserve"
)

// site is a call in the source that sends an event.
type site struct {
	function string
	kind     string // as in the section
	mapText  string
	typ      btf.Type // of the data argument
}

// typesFromSource reads the event section. bytes are records of which the source says no more than that they are bytes, which is what they are where nothing else
// is known.
func (o *Object) typesFromSource(section []byte, emissions []emission) (bytes []streamType) {
	sites, reserves := o.readSites(section)
	var ambiguous []*decode.Type
	for _, s := range sites {
		if s.kind == seqSite || s.kind == "dynptr" && len(reserves[s.function]) == 0 {
			continue // of an iterator, or of something else than a record
		}
		t := eventType(s.typ)
		if t == nil {
			continue
		}
		layout, err := decode.New(t)
		if err != nil || layout.Size == 0 {
			continue
		}
		switch stream := o.streamOf(s, reserves, layout.Size, emissions); {
		case stream == nil:
			ambiguous = append(ambiguous, layout)
		case isBytes(layout):
			bytes = append(bytes, streamType{stream, layout})
		default:
			stream.add(layout, MethodSource)
		}
	}
	o.shareTypes(ambiguous, emissions)
	return bytes
}

// streamType is a type that records of a stream may be of.
type streamType struct {
	*StreamInfo
	typ *decode.Type
}

func isBytes(t *decode.Type) bool {
	return t.Kind == decode.String || t.Kind == decode.Array && t.Elem.Size == 1
}

// shareTypes gives types of calls that may send to several streams, such as those of a function to which
// the map is passed, to the streams that got none and send records of that size.
func (o *Object) shareTypes(types []*decode.Type, emissions []emission) {
	for _, s := range o.streams {
		if len(s.Types) > 0 {
			continue
		}
		for _, size := range sizesOf(s, emissions) {
			var fits []*decode.Type
			for _, t := range types {
				if t.Size == size && !slices.ContainsFunc(fits, func(f *decode.Type) bool { return f.Name == t.Name }) {
					fits = append(fits, t)
				}
			}
			if len(fits) == 1 {
				s.add(fits[0], MethodSource)
			}
		}
	}
}

// readSites pairs the variables of the event section. reserves holds the map texts of each function's reservations.
func (o *Object) readSites(section []byte) (sites []site, reserves map[string][]string) {
	var data *btf.Datasec
	if len(section) == 0 || o.spec.Types.TypeByName(eventSection, &data) != nil {
		return nil, nil
	}
	vars := slices.Clone(data.Vars)
	slices.SortFunc(vars, func(a, b btf.VarSecinfo) int { return cmp.Compare(a.Offset, b.Offset) })
	reserves = make(map[string][]string)
	var pending btf.Type // of the data argument of which the variable was just before
	for _, info := range vars {
		v, ok := info.Type.(*btf.Var)
		if !ok {
			continue
		}
		if strings.Contains(v.Name, dataVariable) {
			pending = nil
			if p, ok := v.Type.(*btf.Pointer); ok {
				pending = p.Target
			}
			continue
		}
		text := textAt(section, info)
		if i := strings.Index(v.Name, streamVariable); i >= 0 && pending != nil {
			kind, mapText, _ := strings.Cut(text, ":")
			sites = append(sites, site{v.Name[:i], kind, mapText, pending})
		} else if i := strings.Index(v.Name, reserveVariable); i >= 0 {
			reserves[v.Name[:i]] = append(reserves[v.Name[:i]], text)
			continue
		}
		pending = nil
	}
	return sites, reserves
}

// textAt returns the C string of a variable.
func textAt(section []byte, v btf.VarSecinfo) string {
	start := uint64(v.Offset)
	if start >= uint64(len(section)) {
		return ""
	}
	text := section[start:]
	if uint64(v.Size) < uint64(len(text)) {
		text = text[:v.Size]
	}
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	return string(text)
}

// eventType returns what the data argument of type t points to, or nil where that says nothing: void, or
// the first of some bytes.
func eventType(t btf.Type) btf.Type {
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Pointer:
		_, isStruct := btf.UnderlyingType(t.Target).(*btf.Struct)
		if size, err := btf.Sizeof(t.Target); err != nil || size < 1 || size == 1 && !isStruct {
			return nil
		}
		return t.Target
	case *btf.Array:
		// An array of one struct is a way to have a pointer to it.
		if _, ok := btf.UnderlyingType(t.Type).(*btf.Struct); ok {
			return t.Type
		}
		return t
	}
	return nil
}

// streamOf returns the stream that a site sends to, or nil.
func (o *Object) streamOf(s site, reserves map[string][]string, size int, emissions []emission) *StreamInfo {
	kind := PerfBuffer
	submits := s.kind == "submit" || s.kind == "dynptr"
	if submits || s.kind == "output" {
		kind = RingBuffer
	}
	if !submits {
		if stream := o.streamNamed(s.mapText, kind); stream != nil {
			return stream
		}
	}
	var reserved []*StreamInfo
	if submits {
		for _, text := range reserves[s.function] {
			if stream := o.streamNamed(text, kind); stream != nil && !slices.Contains(reserved, stream) {
				reserved = append(reserved, stream)
			}
		}
		if len(reserved) == 1 {
			return reserved[0]
		}
	}
	if stream := o.only(kind); stream != nil {
		return stream
	}
	var fits *StreamInfo
	for _, stream := range o.streams {
		if stream.Kind != kind || !slices.Contains(sizesOf(stream, emissions), size) ||
			len(reserved) > 0 && !slices.Contains(reserved, stream) {
			continue
		}
		if fits != nil {
			return nil
		}
		fits = stream
	}
	return fits
}

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// streamNamed returns the only stream of that kind which C text names, or nil.
func (o *Object) streamNamed(text, kind string) *StreamInfo {
	var named *StreamInfo
	for _, name := range identifier.FindAllString(text, -1) {
		if stream := o.stream(name); stream != nil && stream.Kind == kind && stream != named {
			if named != nil {
				return nil
			}
			named = stream
		}
	}
	return named
}
