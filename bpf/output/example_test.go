package output_test

import (
	"fmt"
	"os"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/output"
)

func Example() {
	char := &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	exec, err := decode.New(&btf.Struct{Name: "exec", Size: 9, Members: []btf.Member{
		{Name: "tty", Type: &btf.Int{Name: "__u8", Size: 1}},
		{Name: "comm", Type: &btf.Array{Type: char, Nelems: 8}, Offset: 8},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	table := output.NewTable(os.Stdout, 0)
	for _, rec := range []string{"\x01ls\x00\x00\x00\x00\x00\x00", "\x0bclang-14"} {
		if err := table.WriteRecord(output.Tag{}, exec, []byte(rec)); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := table.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// TTY  COMM
	//   1  ls
	//  11  clang-14
}
