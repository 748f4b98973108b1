package decode

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/cilium/ebpf/btf"
)

// maker makes BTF types from the bytes of a fuzzer, among them ones that no compiler
// makes: sizes that are wrong, members that overlap, types that contain themselves.
type maker struct {
	bytes []byte
	types []btf.Type // to be used again
}

func (m *maker) next() int {
	if len(m.bytes) == 0 {
		return 0
	}
	c := m.bytes[0]
	m.bytes = m.bytes[1:]
	return int(c)
}

func (m *maker) make(depth int) btf.Type {
	op := m.next()
	if len(m.bytes) == 0 || depth > 40 {
		return &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}
	}
	switch op % 16 {
	case 0, 1:
		encodings := []btf.IntEncoding{btf.Unsigned, btf.Signed, btf.Bool, btf.Char}
		return &btf.Int{Name: "int", Size: 1 << (m.next() % 6), Encoding: encodings[m.next()%4]}
	case 2:
		return &btf.Int{Name: "odd", Size: uint32(m.next() << (m.next() % 25))}
	case 3:
		return &btf.Float{Name: "float", Size: 2 << (m.next() % 4)}
	case 4:
		e := &btf.Enum{Name: "e", Size: 1 << (m.next() % 5), Signed: op&16 != 0}
		for i := range m.next() % 12 {
			e.Values = append(e.Values, btf.EnumValue{Name: fmt.Sprintf("E%d", i), Value: uint64(int8(m.next()))})
		}
		return e
	case 5:
		return &btf.Pointer{Target: m.make(depth + 1)}
	case 6, 7:
		return &btf.Array{Type: m.make(depth + 1), Nelems: uint32(m.next() >> 2 << (max(0, m.next()-230) % 26))}
	case 8:
		return &btf.Array{Type: &btf.Const{Type: &btf.Int{Name: "char", Size: 1}}, Nelems: uint32(m.next())}
	case 9:
		return &btf.Typedef{Name: "t", Type: m.make(depth + 1)}
	case 10:
		return []btf.Type{nil, (*btf.Void)(nil), &btf.Fwd{Name: "f"}, &btf.FuncProto{}, &btf.Datasec{}}[m.next()%5]
	case 11:
		if len(m.types) > 0 {
			return m.types[m.next()%len(m.types)]
		}
		return nil
	case 12:
		u := &btf.Union{Name: "u", Size: uint32(m.next())}
		m.types = append(m.types, u)
		u.Members = m.members(u.Size, true, depth)
		return u
	}
	s := &btf.Struct{Name: "s", Size: uint32(m.next())}
	m.types = append(m.types, s)
	s.Members = m.members(s.Size, false, depth)
	return s
}

// members makes members that mostly lie within size bytes.
func (m *maker) members(size uint32, union bool, depth int) []btf.Member {
	var list []btf.Member
	bit := 0
	for i := range m.next() % 12 {
		how := m.next()
		mem := btf.Member{Name: fmt.Sprintf("m%d", i), Type: m.make(depth + 1), Offset: btf.Bits(bit)}
		n, err := btf.Sizeof(mem.Type)
		if err != nil {
			n = 0
		}
		n *= 8
		switch how % 8 {
		case 0:
			mem.BitfieldSize = btf.Bits(1 + m.next()%65)
			n = int(mem.BitfieldSize)
		case 1:
			mem.Name = ""
		case 2:
			mem.Name = "same"
		case 3:
			mem.Offset = btf.Bits(m.next() * 2)
		default:
			bit = (bit + 7) / 8 * 8
			mem.Offset = btf.Bits(bit)
		}
		if !union && bit+n <= 8*int(size) {
			bit += n
		}
		list = append(list, mem)
	}
	return list
}

// Whatever the type and the bytes: nothing panics, JSON is JSON, text is one line, and what
// is read member by member is within the bytes.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{13, 24, 3, 4, 0, 3, 1, 4, 0, 2, 0, 4, 8, 16}, record())
	f.Add([]byte{13, 16, 3, 0, 0, 2, 0, 3, 0, 0, 2, 0, 17, 1, 12, 4, 2, 4, 0, 0, 0, 4, 4, 2}, []byte("\x01\x02\x03\x04\xff\xff\xff\xff\x00\x80"))
	f.Add([]byte{13, 8, 2, 4, 0, 2, 0, 4, 8, 0, 0, 0}, []byte("\x05\x00\x00\x00\"\\\n\xff"))
	f.Add([]byte{13, 8, 1, 4, 9, 11, 0, 0, 0}, []byte{})
	f.Fuzz(func(t *testing.T, shape, b []byte) {
		if len(shape) > 4096 || len(b) > 4096 {
			return
		}
		m := maker{bytes: shape}
		typ, err := New(m.make(0))
		if err != nil {
			if strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("the error is not one line: %q", err)
			}
			return
		}
		if typ.values > maxValues+maxValuesPerByte*typ.Size {
			t.Fatalf("%d values in %d bytes", typ.values, typ.Size)
		}
		b = b[:len(b):len(b)]
		if text := typ.AppendJSON(nil, b); !json.Valid(text) {
			t.Errorf("not valid JSON: %s", text)
		}
		if text := typ.AppendText(nil, b); strings.ContainsFunc(string(text), unicode.IsControl) {
			t.Errorf("not one line: %q", text)
		}
		read(t, typ, b)
	})
}

// read reads b as a script does, member by member.
func read(t *testing.T, typ *Type, b []byte) {
	typ.Bits(b)
	typ.Float(b)
	switch typ.Kind {
	case Array:
		if n := typ.Elements(b); n*typ.Elem.Size > len(b) {
			t.Fatalf("%d elements of %d bytes in %d bytes", n, typ.Elem.Size, len(b))
		} else if n > 0 {
			read(t, typ.Elem, b[(n-1)*typ.Elem.Size:])
		}
	case Struct, Union:
		for i := range typ.Fields {
			f := &typ.Fields[i]
			if typ.Field(f.Name) != f {
				t.Errorf("%s is not found by its name", f.Name)
			}
			if text := string(f.AppendText(nil, b)); strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%s is not one line: %q", f.Name, text)
			}
			v, ok := f.Bits(b)
			if ok && f.BitSize > 0 && f.BitSize < 64 && !f.Type.signed() && v>>f.BitSize != 0 {
				t.Errorf("%s has %#x in %d bits", f.Name, v, f.BitSize)
			}
			if p := f.Bytes(b); p != nil && f.BitSize == 0 {
				read(t, f.Type, p)
			}
		}
	}
}
