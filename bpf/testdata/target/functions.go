// A function that is called once for each line of input, with the number of the line.
package main

import (
	"bufio"
	"fmt"
	"os"
)

//go:noinline
func ebpfxTwice(n int) int { return 2 * n }

func main() {
	n := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		n++
		fmt.Println(ebpfxTwice(n))
	}
}
