package bpf

import (
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

func TestDiscriminator(t *testing.T) {
	u32 := &btf.Int{Name: "__u32", Size: 4}
	kinds := &btf.Enum{Name: "event_type", Size: 4, Values: []btf.EnumValue{{Name: "EVENT_EXEC", Value: 1}, {Name: "EVENT_EXIT", Value: 2}, {Name: "EVENT_FILE_OPEN", Value: 7}}}
	header := &btf.Struct{Name: "header", Size: 8, Members: []btf.Member{{Name: "type", Type: kinds}, {Name: "pid", Type: u32, Offset: 32}}}
	// event returns a struct of 16 bytes that begins with first.
	event := func(name string, first btf.Type) *decode.Type {
		layout, err := decode.New(&btf.Struct{Name: name, Size: 16, Members: []btf.Member{
			{Name: "first", Type: first}, {Name: "last", Type: u32, Offset: 96},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return layout
	}
	for _, tc := range []struct {
		name  string
		types []*decode.Type
		want  map[byte]string // by the first byte of a record
	}{
		{"by names", []*decode.Type{event("exec_event", kinds), event("exit_event", kinds)},
			map[byte]string{1: "struct exec_event", 2: "struct exit_event", 3: "struct exec_event"}},
		{"in a header", []*decode.Type{event("exit_t", header), event("file_open_data", header)},
			map[byte]string{2: "struct exit_t", 7: "struct file_open_data"}},
		{"a type without an enumerator", []*decode.Type{event("exec_event", kinds), event("fork_event", kinds)},
			map[byte]string{1: "struct exec_event", 2: "struct exec_event"}},
		{"two types for one enumerator", []*decode.Type{event("exec", kinds), event("exec_event", kinds)},
			map[byte]string{1: "struct exec", 2: "struct exec"}},
		{"no enum", []*decode.Type{event("exec_event", u32), event("exit_event", u32)},
			map[byte]string{1: "struct exec_event", 2: "struct exec_event"}},
		{"names that say nothing", []*decode.Type{event("event", kinds), event("event_data", kinds)},
			map[byte]string{1: "struct event", 2: "struct event"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &Stream{Info: &StreamInfo{Kind: RingBuffer, Types: tc.types}, discriminator: findDiscriminator(tc.types)}
			for first, want := range tc.want {
				record := make([]byte, 16)
				record[0] = first
				if got := s.Type(record); got == nil || got.Name != want {
					t.Errorf("%d: got %v, want %s", first, got, want)
				}
			}
		})
	}
	t.Run("lengths come first", func(t *testing.T) {
		short, err := decode.New(&btf.Struct{Name: "exit_event", Size: 4, Members: []btf.Member{{Name: "type", Type: kinds}}})
		if err != nil {
			t.Fatal(err)
		}
		types := []*decode.Type{event("exec_event", kinds), short}
		s := &Stream{Info: &StreamInfo{Kind: RingBuffer, Types: types}, discriminator: findDiscriminator(types)}
		if got := s.Type([]byte{1, 0, 0, 0}); got != short {
			t.Errorf("got %s", got.Name)
		}
		// Neither length: a record that was cut.
		if got := s.Type([]byte{1, 0, 0, 0, 0, 0, 0, 0}); got != types[0] {
			t.Errorf("got %s", got.Name)
		}
		if got := s.Type(nil); got == nil {
			t.Error("no type for an empty record")
		}
	})
}
