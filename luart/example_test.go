package luart_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart"
)

func ExampleLoad() {
	file := writeExample(`
target("opensnoop")
    set_description("every open() of the machine")
    add_files("src/*.bpf.c")
`)
	defer os.RemoveAll(filepath.Dir(file))

	s, err := luart.Load(file, luart.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for _, t := range s.Project().Targets {
		fmt.Println(t.Name, "-", t.Description)
	}
	// Output: opensnoop - every open() of the machine
}

// What is wrong in a script is a diagnostic with its place.
func ExampleLoad_error() {
	file := writeExample("set_knd(\"xdp\")\n")
	defer os.RemoveAll(filepath.Dir(file))

	_, err := luart.Load(file, luart.LoadOptions{})
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		fmt.Printf("line %d: %s\n", d.Line, d.Text)
	}
	// Output: line 1: unknown function set_knd (did you mean set_kind?)
}

func writeExample(text string) (file string) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	file = filepath.Join(dir, "project.lua")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}
	return file
}
