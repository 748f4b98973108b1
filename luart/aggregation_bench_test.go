package luart

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
)

// BenchmarkAggregation measures aggregations that on_event is given, as BenchmarkCallback does callbacks.
func BenchmarkAggregation(b *testing.B) {
	object := writeProducer(b)
	script := func(handler string) func(*testing.B, string) (float64, float64) {
		return ofScript(`target("producer") add_files("producer.bpf.o") on_event("events", `+handler+`)`, nil)
	}
	paths := []struct {
		name    string
		measure func(b *testing.B, object string) (perSecond, allocations float64)
	}{
		{"raw reader", rawRate},
		{`count{by={"comm"}}`, script(`count{by={"comm"}}`)},
		{`hist{by={"comm"}, of="sequence"}`, script(`hist{by={"comm"}, of="sequence"}`)},
		{`quantiles{by={"comm"}, of="sequence"}`, script(`quantiles{by={"comm"}, of="sequence"}`)},
		{`count{by="sequence"}: a key an event, up to a million`, script(`count{by="sequence"}`)},
		{"c:add(event) in a callback, the same keys", ofScript(`local c = count{by="sequence"}
			target("producer") add_files("producer.bpf.o") on_event("events", function(event) c:add(event) end)`, nil)},
	}
	rates, allocations := make([]float64, len(paths)), make([]float64, len(paths))
	rounds := 0
	for b.Loop() {
		rounds++
		for i, p := range paths {
			r, a := p.measure(b, object)
			rates[i] += r
			allocations[i] += a
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rates[1]/rates[0], "count/raw")
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "M events/s\tof raw\tallocations\t  of an event")
	for i, p := range paths {
		n := float64(rounds)
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t  %s\n", rates[i]/n/1e6, rates[i]/rates[0], allocations[i]/n, p.name)
	}
	w.Flush()
	b.Log(strings.TrimSpace(table.String()))
}
