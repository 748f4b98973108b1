// Command make writes the reference page.
package main

import (
	"log"
	"os"

	"github.com/ebpfx/ebpfx/luart/reference"
)

func main() {
	if err := os.WriteFile(os.Args[1], []byte(reference.Markdown()), 0o644); err != nil {
		log.Fatal(err)
	}
}
