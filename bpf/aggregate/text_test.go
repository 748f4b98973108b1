package aggregate

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// samples are aggregations of the same events.
func samples(t *testing.T) map[string]*Aggregation {
	options := map[string]Options{
		"count":          {Kind: Count, By: []string{"comm"}},
		"count-all":      {Kind: Count},
		"count-keys":     {Kind: Count, By: []string{"verdict", "at.cpu", "daddr", "mac"}},
		"sum":            {Kind: Sum, By: []string{"comm", "pid"}, Of: "bytes", MaxKeys: 2},
		"avg":            {Kind: Avg, Of: "bytes", Unit: "KB"},
		"hist":           {Kind: Hist, By: []string{"comm"}, Of: "delta", Unit: "us", MaxKeys: 2},
		"hist-all":       {Kind: Hist, Of: "bytes"},
		"lhist":          {Kind: Linear, Of: "load", From: 0, To: 5, Step: 1},
		"quantiles":      {Kind: Quantiles, By: []string{"comm"}, Of: "bytes"},
		"quantiles-none": {Kind: Quantiles, By: []string{"comm"}, Of: "bytes"},
	}
	all := make(map[string]*Aggregation)
	for name, o := range options {
		a := newAggregation(t, o)
		all[name] = a
		take := bind(t, a)
		if name == "quantiles-none" {
			continue
		}
		for i, comm := range []string{"bash", "bash", "日本語", "bash", "nginx: worker", "日本語", "\x1b[2J"} {
			take(event{comm: comm, pid: uint32(i) / 2, bytes: 1 << (9 * i), delta: int64(i*i*i) - 8, verdict: uint32(i % 3), cpu: uint32(i % 2), load: float64(i) * 1.25}.record())
		}
	}
	mixed := newAggregation(t, Options{Kind: Max})
	for i, key := range [][]Value{{TextValue("a"), NumberValue(Int(-1))}, {BoolValue(true), NumberValue(Float(0.5))}, {NumberValue(Uint(math.MaxUint64)), TextValue("z")}} {
		if err := mixed.Add(key, Float(float64(i)+0.125)); err != nil {
			t.Fatal(err)
		}
	}
	all["mixed"] = mixed
	return all
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

func TestText(t *testing.T) {
	for name, a := range samples(t) {
		for _, width := range []int{0, 40, 80, 200} {
			golden(t, fmt.Sprintf("%s-%d.golden", name, width), a.AppendText(nil, width, -1))
		}
	}
}

func TestTextLimit(t *testing.T) {
	got := string(samples(t)["count"].AppendText(nil, 0, 2))
	if want := "COMM    COUNT\nbash        3\n日本語      2\n(2 more)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJSON(t *testing.T) {
	for name, a := range samples(t) {
		text := a.AppendJSON(nil)
		var indented bytes.Buffer
		if err := json.Indent(&indented, text, "", " "); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		golden(t, name+".json", append(indented.Bytes(), '\n'))
	}
}
