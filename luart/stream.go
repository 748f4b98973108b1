package luart

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// route is where the records of a stream go: to a sink, or to callbacks.
type route struct {
	stream *bpf.Stream
	sink   output.Sink // nil: to callbacks
	// byType has a row for each type that the stream's records may have.
	byType []typeRoute
	// sole is the row of every record, if there is only one.
	sole *typeRoute
	// consumed: no record goes to a Lua function.
	consumed bool

	misfits uint64 // records that are of none of the types
	lost    uint64 // records lost, as on_lost was told
}

// typeRoute are the callbacks for records of a type, in the order of their on_event.
type typeRoute struct {
	typ       *decode.Type
	layout    *layout
	callbacks []callback
}

// callback is a function for records of a type, or takes them without Lua.
type callback struct {
	fn          *lua.LFunction
	specialized *specialized        // nil: fn is called with an event
	take        func(record []byte) // nil: fn is called
}

// take returns who gets a record; nil where it is of none of the types.
func (r *route) take(record []byte) *typeRoute {
	row := r.rowOf(record)
	if row == nil {
		r.misfits++
	}
	return row
}

func (r *route) rowOf(record []byte) *typeRoute {
	if r.sole != nil {
		return r.sole
	}
	t := r.stream.Type(record)
	for i := range r.byType {
		if row := &r.byType[i]; row.typ == t {
			return row
		}
	}
	return nil
}

// routes returns where the streams of i go.
func (l *loop) routes(i *instance) (map[*bpf.Stream]*route, error) {
	routes := make(map[*bpf.Stream]*route)
	for _, stream := range i.kernel.Streams() {
		r := &route{stream: stream}
		routes[stream] = r
		if !hasCallback(i.handlers.events, stream.Info) {
			r.sink = l.opts.Sink(stream)
			continue
		}
		for _, t := range stream.Info.Types {
			row := typeRoute{typ: t, layout: l.script.values.layout(t)}
			for _, h := range callbacks(i.handlers.events, stream.Info, t) {
				c, err := l.script.callback(h, row.layout)
				if err != nil {
					return nil, err
				}
				row.callbacks = append(row.callbacks, c)
			}
			r.byType = append(r.byType, row)
		}
		r.settle()
	}
	return routes, nil
}

// settle decides once what is the same for all records, when the rows are complete.
func (r *route) settle() {
	if r.stream.SoleType() != nil {
		r.sole = &r.byType[0]
	}
	r.consumed = !slices.ContainsFunc(r.byType, func(row typeRoute) bool {
		return slices.ContainsFunc(row.callbacks, func(c callback) bool { return c.take == nil })
	})
}

// consume hands the records from first on to those who take them without Lua.
func (r *route) consume(batch *bpf.Batch, first int) {
	if r.sole != nil && len(r.sole.callbacks) == 1 {
		take := r.sole.callbacks[0].take
		for i := first; i < batch.Len(); i++ {
			take(batch.Record(i))
		}
		return
	}
	for i := first; i < batch.Len(); i++ {
		record := batch.Record(i)
		row := r.take(record)
		if row == nil {
			continue
		}
		for j := range row.callbacks {
			row.callbacks[j].take(record)
		}
	}
}

// callback prepares what h does with records of layout l.
func (s *Script) callback(h eventHandler, l *layout) (callback, error) {
	if h.consumer == nil {
		return callback{fn: h.fn, specialized: s.specialize(h.fn, l)}, nil
	}
	take, err := h.consumer.consume(l.Type)
	if err != nil {
		return callback{}, diag.Errorf(h.pos, "on_event: %w", err)
	}
	return callback{take: take}, nil
}

// callbacks returns the handlers for records of type t in a stream, nil where the object does not tell the type: those that name the
// type or the stream or, if none does, those that name nothing. What takes records without Lua takes only those that have its fields.
func callbacks(handlers []eventHandler, stream *bpf.StreamInfo, t *decode.Type) []eventHandler {
	var named, others []eventHandler
	for _, h := range handlers {
		switch {
		case t != nil && !h.fits(t):
		case h.names(stream, t):
			named = append(named, h)
		case h.stream == "" && (t != nil || h.consumer == nil):
			others = append(others, h)
		}
	}
	if len(named) > 0 {
		return named
	}
	return others
}

// names reports whether h names the stream, or the type of records in it.
func (h *eventHandler) names(stream *bpf.StreamInfo, t *decode.Type) bool {
	return h.stream == stream.Map || t != nil && h.stream == structName(t)
}

// fits reports whether h can do with records of type t.
func (h *eventHandler) fits(t *decode.Type) bool {
	if h.consumer == nil {
		return true
	}
	_, err := h.consumer.consume(t)
	return err == nil
}

// hasCallback reports whether any record of the stream goes to a callback.
func hasCallback(handlers []eventHandler, stream *bpf.StreamInfo) bool {
	if len(callbacks(handlers, stream, nil)) > 0 {
		return true
	}
	return slices.ContainsFunc(stream.Types, func(t *decode.Type) bool { return len(callbacks(handlers, stream, t)) > 0 })
}

// structName returns the name of t as on_event takes it: without struct.
func structName(t *decode.Type) string {
	for _, keyword := range []string{"struct ", "union "} {
		if name, ok := strings.CutPrefix(t.Name, keyword); ok {
			return name
		}
	}
	return t.Name
}

// bindEvents checks that every handler has a stream of o to listen to, and that the types of records are known
// where a callback takes them. A handler may name a struct that no stream is known to carry: then it says so of the
// stream without a type or, if there is only one stream, of that.
func bindEvents(o *bpf.Object, target string, handlers []eventHandler) error {
	for _, h := range handlers {
		if h.stream == "" || slices.ContainsFunc(o.Streams(), func(s *bpf.StreamInfo) bool { return carries(s, h.stream) }) {
			continue
		}
		if err := overrideType(o, target, h); err != nil {
			return err
		}
	}
	for _, s := range o.Streams() {
		taking := callbacks(handlers, s, nil)
		if len(s.Types) == 0 && len(taking) > 0 {
			return untyped(s, taking[0].pos)
		}
	}
	for i := range handlers {
		if h := &handlers[i]; h.consumer != nil {
			if err := fitsSome(o.Streams(), h); err != nil {
				return err
			}
		}
	}
	return nil
}

// fitsSome checks that h, which takes records without Lua, fits some of those that it is for. The error is about the first that it does not fit.
func fitsSome(streams []*bpf.StreamInfo, h *eventHandler) error {
	var first error
	var unknown *bpf.StreamInfo
	for _, s := range streams {
		if len(s.Types) == 0 {
			unknown = s
		}
		for _, t := range s.Types {
			if h.stream != "" && !h.names(s, t) {
				continue
			}
			_, err := h.consumer.consume(t)
			if err == nil {
				return nil
			}
			if first == nil {
				first = diag.Errorf(h.pos, "on_event: %w", err)
			}
		}
	}
	if first == nil && unknown != nil {
		return untyped(unknown, h.pos)
	}
	return first
}

// carries reports whether name is the stream's map or one of its types.
func carries(s *bpf.StreamInfo, name string) bool {
	return s.Map == name || slices.ContainsFunc(s.Types, func(t *decode.Type) bool { return structName(t) == name })
}

// overrideType gives the type that h names to the stream that it must mean.
func overrideType(o *bpf.Object, target string, h eventHandler) error {
	streams := o.Streams()
	if len(streams) == 0 {
		return diag.Errorf(h.pos, "on_event: %s has no ring or perf buffer to take events from", target)
	}
	if _, err := o.Type(h.stream); err != nil {
		var names []string
		for _, s := range streams {
			names = append(names, s.Map)
			for _, t := range s.Types {
				names = append(names, structName(t))
			}
		}
		return diag.Errorf(h.pos, "on_event: %s has no stream or event type %q%s; it has %s", target, h.stream, diag.DidYouMean(h.stream, names), describeStreams(streams))
	}
	if len(streams) > 1 {
		streams = slices.DeleteFunc(slices.Clone(streams), func(s *bpf.StreamInfo) bool { return len(s.Types) > 0 })
	}
	if len(streams) != 1 {
		return diag.Errorf(h.pos, "on_event: %q could be the type of several streams; it has %s", h.stream, describeStreams(o.Streams()))
	}
	if err := o.SetStreamType(streams[0].Map, h.stream); err != nil {
		return diag.Errorf(h.pos, "on_event: %w", err)
	}
	return nil
}

// untyped is the error about a callback for records of unknown type.
func untyped(s *bpf.StreamInfo, pos diag.Pos) error {
	candidates := ""
	if len(s.Candidates) > 0 {
		candidates = ", which may be " + strings.Join(s.Candidates, " or ")
	}
	return diag.Errorf(pos, "on_event: the object does not tell the type of the records in %s%s; name it: on_event(\"NAME\", function(event) ... end)", s.Map, candidates)
}

// describeStreams lists streams with their types: events (struct event).
func describeStreams(streams []*bpf.StreamInfo) string {
	list := make([]string, len(streams))
	for i, s := range streams {
		list[i] = s.Map
		if len(s.Types) > 0 {
			list[i] += " (" + typeNames(s.Types) + ")"
		}
	}
	return strings.Join(list, ", ")
}

func typeNames(types []*decode.Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return strings.Join(names, " or ")
}
