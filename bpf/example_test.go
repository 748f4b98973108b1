package bpf_test

import (
	"fmt"
	"log"
	"os"

	"github.com/ebpfx/ebpfx/bpf"
)

// What an object holds can be asked without privileges.
func ExampleOpen() {
	object, err := bpf.Open("internal/testprog/streams_bpfel.o")
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range object.Programs()[:2] {
		fmt.Printf("%s: %s %s\n", p.Name, p.Kind, p.Target)
	}
	for _, s := range object.Streams()[:2] {
		for _, t := range s.Types {
			fmt.Printf("%s: %s of %d bytes\n", s.Map, t.Name, t.Size)
		}
	}
	// Output:
	// send_plain: tracepoint syscalls/sys_enter_getpid
	// send_several: tracepoint syscalls/sys_enter_getpid
	// plain: struct plain_event of 24 bytes
	// several: struct short_event of 8 bytes
	// several: long_event_t of 24 bytes
}

// Load, attach, read until an interrupt would call Stop, and print.
func ExampleInstance_Start() {
	object, err := bpf.Open("opensnoop.bpf.o")
	if err != nil {
		log.Fatal(err)
	}
	instance, err := object.Load(bpf.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer instance.Close()
	if _, _, err := instance.Attach(); err != nil {
		log.Fatal(err)
	}
	batches := make(chan *bpf.Batch, 4)
	if err := instance.Start(batches); err != nil {
		log.Fatal(err)
	}
	for b := range batches {
		if b.End {
			break
		}
		for i := range b.Len() {
			record := b.Record(i)
			if t := b.Stream.Type(record); t != nil {
				fmt.Printf("%s\n", t.AppendText(nil, record))
			}
		}
		b.Release()
	}
	stats := instance.Stats()
	fmt.Fprintf(os.Stderr, "%d events, %d lost\n", stats.Events, stats.Lost)
}
