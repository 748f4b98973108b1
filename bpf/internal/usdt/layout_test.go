package usdt

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// Types of usdt.bpf.h, as they were up to libbpf 1.6 and are since.

func integer(name string, size uint32) btf.Type { return &btf.Int{Name: name, Size: size} }

func spec(arg []btf.Member, argSize uint32) *btf.Struct {
	return &btf.Struct{Name: "__bpf_usdt_spec", Size: 12*argSize + 16, Members: []btf.Member{
		{Name: "args", Type: &btf.Array{Type: &btf.Struct{Name: "__bpf_usdt_arg_spec", Size: argSize, Members: arg}, Nelems: 12}},
		{Name: "usdt_cookie", Type: integer("__u64", 8), Offset: btf.Bits(12 * argSize * 8)},
		{Name: "arg_cnt", Type: integer("short", 2), Offset: btf.Bits((12*argSize + 8) * 8)},
	}}
}

func common() []btf.Member {
	return []btf.Member{
		{Name: "val_off", Type: integer("__u64", 8)},
		{Name: "reg_off", Type: integer("short", 2), Offset: 96},
		{Name: "arg_signed", Type: integer("_Bool", 1), Offset: 112},
		{Name: "arg_bitshift", Type: integer("char", 1), Offset: 120},
	}
}

func before17() []btf.Member {
	return append(common(), btf.Member{Name: "arg_type", Type: &btf.Enum{Name: "__bpf_usdt_arg_type", Size: 4}, Offset: 64})
}

func since17() []btf.Member {
	return append(common(),
		btf.Member{Name: "arg_type", Type: &btf.Enum{Name: "__bpf_usdt_arg_type", Size: 4}, Offset: 64, BitfieldSize: 8},
		btf.Member{Name: "idx_reg_off", Type: integer("__u16", 2), Offset: 72, BitfieldSize: 12},
		btf.Member{Name: "scale_bitshift", Type: integer("__u16", 2), Offset: 84, BitfieldSize: 4},
	)
}

func TestLayoutEncode(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("what is expected is little-endian")
	}
	args := []Arg{
		{Kind: Const, Size: 4, Signed: true, Value: -9},
		{Kind: Register, Size: 1, Reg: 81},
		{Kind: Memory, Size: 8, Value: -16, Reg: 32},
		{Kind: Indexed, Size: 2, Value: 8, Reg: 32, Index: 0xabc, Shift: 3},
		{Kind: Unreadable, Size: 4, Value: 5},
	}
	for _, tc := range []struct {
		name    string
		arg     []btf.Member
		indexes bool
		want    []string // type, index and scale, register, signed, shift; and the value before
	}{
		{"before 1.7", before17(), false, []string{
			"f7ffffffffffffff 00000000 0000 01 20", "0000000000000000 01000000 5100 00 38", "f0ffffffffffffff 02000000 2000 00 00",
			"0000000000000000 7f000000 0000 00 30", "0000000000000000 7f000000 0000 00 20",
		}},
		{"since 1.7", since17(), true, []string{
			"f7ffffffffffffff 00000000 0000 01 20", "0000000000000000 01000000 5100 00 38", "f0ffffffffffffff 02000000 2000 00 00",
			"0800000000000000 03bc3a00 2000 00 30", "0000000000000000 7f000000 0000 00 20",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := NewLayout(&btf.Typedef{Type: spec(tc.arg, 16)})
			if err != nil {
				t.Fatal(err)
			}
			if l.Indexes() != tc.indexes || l.MaxArgs() != 12 {
				t.Errorf("%+v", l)
			}
			b := l.Encode(args, 0x1122334455667788)
			for i, want := range tc.want {
				if got := fmt.Sprintf("%x", b[16*i:16*i+16]); got != strings.ReplaceAll(want, " ", "") {
					t.Errorf("argument %d is %s, want %s", i, got, want)
				}
			}
			if got, want := fmt.Sprintf("%x", b[12*16:]), "8877665544332211"+"0500000000000000"; got != want {
				t.Errorf("cookie and count are %s, want %s", got, want)
			}
			if n := len(l.Encode(make([]Arg, 20), 0)); n != 12*16+16 {
				t.Errorf("%d bytes", n)
			}
		})
	}
}

func TestLayoutOfOthers(t *testing.T) {
	missing := before17()[1:]
	outside := before17()
	outside[0].Offset = 100
	for _, tc := range []struct {
		name string
		typ  btf.Type
	}{
		{"nothing", nil},
		{"a number", integer("int", 4)},
		{"no member", spec(missing, 16)},
		{"beyond the end", spec(outside, 16)},
		{"short", spec(before17(), 8)},
		{"another struct", &btf.Struct{Size: 8, Members: []btf.Member{{Name: "args", Type: integer("int", 4)}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := NewLayout(tc.typ); err == nil || !strings.Contains(err.Error(), "usdt.bpf.h") {
				t.Errorf("got %v", err)
			}
		})
	}
}
