package output_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/bpftest"
	"github.com/ebpfx/ebpfx/bpf/output"
)

// Records of a kernel that come through several streams are all printed, and say which stream they are of.
func TestBatches(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("EBPFX_REQUIRE_KERNEL") == "1" {
			t.Fatal("not root")
		}
		t.Skip("needs root to load programs")
	}
	object, err := bpf.OpenReader("producer.o", bytes.NewReader(bpftest.Object()))
	if err != nil {
		t.Fatal(err)
	}
	instance, err := object.Load(bpf.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	if _, skipped, err := instance.Attach(); err != nil || len(skipped) > 0 {
		t.Fatal(err, skipped)
	}
	batches := make(chan *bpf.Batch, 4)
	if err := instance.Start(batches); err != nil {
		t.Fatal(err)
	}
	const events = 100
	transports := map[string]bpftest.Transport{"events": bpftest.Reserve, "copies": bpftest.Output, "samples": bpftest.Perf}
	for _, transport := range transports {
		if err := bpftest.Produce(transport, events); err != nil {
			t.Fatal(err)
		}
	}
	instance.Stop()

	var lines, rows bytes.Buffer
	sinks := []output.Sink{output.NewJSON(&lines), output.NewTable(&rows, 0), output.Discard()}
	got := make(map[string]int)
	for end := false; !end; {
		b := <-batches
		if end = b.End; b.Err != nil {
			t.Error(b.Err)
		}
		lines.Reset()
		rows.Reset()
		for _, sink := range sinks {
			if err := sink.Write(b); err != nil {
				t.Error(err)
			}
			if err := sink.Flush(); err != nil {
				t.Error(err)
			}
		}
		for line := range strings.Lines(lines.String()) {
			var event struct {
				Stream string `json:"_stream"`
				Comm   string
			}
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if event.Comm != "producer" || event.Stream != b.Stream.Name() {
				t.Errorf("an event of %s is printed as %s", b.Stream.Name(), line)
			}
			got[event.Stream]++
		}
		if n := strings.Count(rows.String(), "producer"); n != b.Len() {
			t.Errorf("%d rows for %d events", n, b.Len())
		}
		b.Release()
	}
	// Other tests on this machine may use the system call too, so that there may be more, or no room.
	for stream := range transports {
		if got[stream] < events && instance.Stats().Lost == 0 {
			t.Errorf("%d events of %s, want %d", got[stream], stream, events)
		}
	}
}
