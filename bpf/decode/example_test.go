package decode_test

import (
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

func Example() {
	// As btf.LoadSpec reads it from an object: struct login { char comm[8]; unsigned char tries; enum { DENIED, ALLOWED } verdict; } packed
	byt := &btf.Int{Name: "unsigned char", Size: 1}
	char := &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	verdict := &btf.Enum{Size: 1, Values: []btf.EnumValue{{Name: "DENIED", Value: 0}, {Name: "ALLOWED", Value: 1}}}
	typ, err := decode.New(&btf.Struct{Name: "login", Size: 10, Members: []btf.Member{
		{Name: "comm", Type: &btf.Array{Type: char, Nelems: 8}},
		{Name: "tries", Type: byt, Offset: 64},
		{Name: "verdict", Type: verdict, Offset: 72},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	record := []byte("sshd\x00\x00\x00\x00\x03\x01")

	fmt.Println(string(typ.AppendText(nil, record)))
	fmt.Println(string(typ.AppendJSON(nil, record)))
	tries, ok := typ.Field("tries").Bits(record)
	fmt.Println(tries, ok)
	// Output:
	// {comm="sshd", tries=3, verdict=ALLOWED}
	// {"comm":"sshd","tries":3,"verdict":"ALLOWED"}
	// 3 true
}
