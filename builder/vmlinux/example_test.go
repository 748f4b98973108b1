package vmlinux_test

import (
	"fmt"

	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

func ExampleVariant_Retry() {
	header := []byte(`
struct folio {
	long flags;
};
`)
	stderr := []byte("x.bpf.c:4:8: error: redefinition of 'folio'\n")

	variant, ok := vmlinux.Variant{}.Retry(header, stderr)
	fmt.Println(ok, variant.Own)
	fmt.Printf("%s", variant.Apply(header))
	// Output:
	// true [folio]
	//
	// struct folio;
	//
	// struct folio___vmlinux {
	// 	long flags;
	// };
}
