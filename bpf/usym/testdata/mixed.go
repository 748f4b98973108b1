// Tells where its function is, and waits for its input to end. C lies in front of it.
package main

// static int more(int n) { return n + 1; }
import "C"

import (
	"fmt"
	"io"
	"os"
	"reflect"
)

//go:noinline
func total(n int) int { return int(C.more(C.int(n))) }

func main() {
	fmt.Printf("free %#x\n\n", reflect.ValueOf(total).Pointer())
	total(1)
	io.Copy(io.Discard, os.Stdin)
}
