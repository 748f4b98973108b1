package aggregate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// event is struct event { s64 delta; u64 bytes; u32 pid; char comm[16]; enum verdict; struct { u32 cpu; } at; double load; u8 mac[6]; }.
const eventSize = 72

func eventType(tb testing.TB) *decode.Type {
	tb.Helper()
	integer := func(size uint32, enc btf.IntEncoding) btf.Type {
		return &btf.Int{Name: "int", Size: size, Encoding: enc}
	}
	at := &btf.Struct{Name: "at", Size: 4, Members: []btf.Member{{Name: "cpu", Type: integer(4, btf.Unsigned)}}}
	verdict := &btf.Enum{Name: "verdict", Size: 4, Values: []btf.EnumValue{{Name: "ALLOW", Value: 0}, {Name: "DROP", Value: 1}}}
	t, err := decode.New(&btf.Struct{Name: "event", Size: eventSize, Members: []btf.Member{
		{Name: "delta", Type: integer(8, btf.Signed), Offset: 0},
		{Name: "bytes", Type: integer(8, btf.Unsigned), Offset: 8 * 8},
		{Name: "pid", Type: integer(4, btf.Unsigned), Offset: 16 * 8},
		{Name: "comm", Type: &btf.Array{Type: &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}, Nelems: 16}, Offset: 20 * 8},
		{Name: "verdict", Type: verdict, Offset: 36 * 8},
		{Name: "at", Type: at, Offset: 40 * 8},
		{Name: "daddr", Type: integer(4, btf.Unsigned), Offset: 44 * 8},
		{Name: "load", Type: &btf.Float{Name: "double", Size: 8}, Offset: 48 * 8},
		{Name: "mac", Type: &btf.Array{Type: &btf.Int{Name: "unsigned char", Size: 1, Encoding: btf.Unsigned}, Nelems: 6}, Offset: 56 * 8},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

type event struct {
	delta   int64
	bytes   uint64
	pid     uint32
	comm    string
	verdict uint32
	cpu     uint32
	load    float64
}

func (e event) record() []byte {
	b := make([]byte, eventSize)
	binary.NativeEndian.PutUint64(b, uint64(e.delta))
	binary.NativeEndian.PutUint64(b[8:], e.bytes)
	binary.NativeEndian.PutUint32(b[16:], e.pid)
	copy(b[20:36], e.comm)
	binary.NativeEndian.PutUint32(b[36:], e.verdict)
	binary.NativeEndian.PutUint32(b[40:], e.cpu)
	copy(b[44:], []byte{10, 0, 0, 1})
	binary.NativeEndian.PutUint64(b[48:], math.Float64bits(e.load))
	copy(b[56:], []byte{2, 0, 0, 0, 0, 1})
	return b
}

func newAggregation(tb testing.TB, o Options) *Aggregation {
	tb.Helper()
	a, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func bind(tb testing.TB, a *Aggregation) func([]byte) {
	tb.Helper()
	take, err := a.Bind(eventType(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return take
}

// Whatever is counted by whatever, it is what a map would have counted; records and values from elsewhere share keys.
func TestAgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a := newAggregation(t, Options{Kind: Sum, By: []string{"comm", "at.cpu", "delta"}, Of: "bytes"})
	take := bind(t, a)
	want := make(map[string]uint64)
	values := make(map[string]uint64)
	for range 50_000 {
		e := event{comm: fmt.Sprint("c", rng.IntN(50)), cpu: rng.Uint32N(3), delta: rng.Int64N(5) - 2, bytes: rng.Uint64N(1000)}
		k := fmt.Sprint(e.comm, "/", e.cpu, "/", e.delta)
		want[k] += e.bytes
		values[k]++
		if rng.IntN(2) == 0 {
			take(e.record())
			continue
		}
		key := []Value{TextValue(e.comm), NumberValue(Float(float64(e.cpu))), NumberValue(Int(e.delta))}
		if err := a.Add(key, Uint(e.bytes)); err != nil {
			t.Fatal(err)
		}
	}
	for e := range a.All() {
		comm, _ := e.Key[0].Text()
		cpu, _ := e.Key[1].Number()
		delta, _ := e.Key[2].Number()
		k := fmt.Sprintf("%s/%s/%s", comm, cpu.AppendText(nil), delta.AppendText(nil))
		if got, _ := e.Number.Uint64(); got != want[k] || e.Values != values[k] {
			t.Errorf("%s: %d of %d values, want %d of %d", k, got, e.Values, want[k], values[k])
		}
		delete(want, k)
	}
	if len(want) > 0 {
		t.Errorf("no entries for %v", want)
	}
}

// Every kind of aggregation gives what the definition says, for integers of all sizes.
func TestKinds(t *testing.T) {
	values := []Number{Int(-5), Uint(0), Uint(math.MaxUint64), Uint(1 << 63), Float(0.5), Int(math.MinInt64), Uint(7), Uint(7)}
	sum := new(big.Float)
	for _, test := range []struct {
		kind Kind
		want string
	}{
		{Min, "-9223372036854775808"},
		{Max, "18446744073709551615"},
		{Distinct, "7"},
		{Hist, "8"},
	} {
		a := newAggregation(t, Options{Kind: test.kind, Of: "x"})
		for _, n := range values {
			if err := a.Add(nil, n); err != nil {
				t.Fatal(err)
			}
		}
		r, ok := a.Get(nil)
		if got := string(r.Number.AppendText(nil)); !ok || got != test.want || r.Values != uint64(len(values)) {
			t.Errorf("%s: %s of %d values, want %s", test.kind, got, r.Values, test.want)
		}
	}
	for _, n := range values {
		sum.Add(sum, big.NewFloat(n.Float64()))
	}
	whole, _ := sum.Float64()
	for kind, want := range map[Kind]float64{Sum: whole, Avg: whole / 8} {
		a := newAggregation(t, Options{Kind: kind})
		for _, n := range values {
			_ = a.Add(nil, n)
		}
		if r, _ := a.Get(nil); math.Abs(r.Number.Float64()-want) > 1e-15*math.Abs(want) {
			t.Errorf("%s: %v, want %v", kind, r.Number.Float64(), want)
		}
	}
}

// Sums of integers are exact as long as 64 bits hold them, whatever they were in between.
func TestSumIsExact(t *testing.T) {
	for _, test := range []struct {
		values []Number
		want   string
	}{
		{[]Number{Uint(1 << 53), Uint(1)}, "9007199254740993"},
		{[]Number{Uint(math.MaxUint64), Uint(5), Int(-5)}, "18446744073709551615"},
		{[]Number{Int(math.MinInt64), Int(-1), Uint(1)}, "-9223372036854775808"},
		{[]Number{Uint(math.MaxUint64), Uint(1)}, "1.8446744073709552e+19"},
		{[]Number{Int(-1), Int(-2)}, "-3"},
		{[]Number{Int(-3), Float(0.5)}, "-2.5"},
		{[]Number{Int(math.MinInt64), Int(math.MinInt64)}, "-1.8446744073709552e+19"},
		{[]Number{Float(0.5), Uint(2)}, "2.5"},
	} {
		a := newAggregation(t, Options{Kind: Sum})
		for _, n := range test.values {
			if err := a.Add(nil, n); err != nil {
				t.Fatal(err)
			}
		}
		r, _ := a.Get(nil)
		if got := string(r.Number.AppendText(nil)); got != test.want {
			t.Errorf("%v: %s, want %s", test.values, got, test.want)
		}
	}
}

// The mean of small integers of either sign is exact, whatever their sum passes through.
func TestAvg(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 1000 {
		a := newAggregation(t, Options{Kind: Avg})
		sum, n := new(big.Int), 1+rng.IntN(5)
		for range n {
			v := int64(rng.Uint64()) >> rng.UintN(64)
			sum.Add(sum, big.NewInt(v))
			_ = a.Add(nil, Int(v))
		}
		want, _ := new(big.Rat).SetFrac(sum, big.NewInt(int64(n))).Float64()
		if r, _ := a.Get(nil); math.Abs(r.Number.Float64()-want) > 1e-15*math.Abs(want) {
			t.Fatalf("the mean of %d values of sum %v is %s, want %v", n, sum, r.Number.AppendText(nil), want)
		}
	}
}

// Paths lead into structs and arrays, whose elements are counted from 1.
func TestPaths(t *testing.T) {
	record := event{cpu: 3}.record()
	for path, want := range map[string]string{"at.cpu": "3", "mac[1]": "2", "mac[6]": "1", "mac": "[2, 0, 0, 0, 0, 1]"} {
		a := newAggregation(t, Options{Kind: Count, By: []string{path}, Raw: true})
		bind(t, a)(record)
		if got := a.KeyText(a.Top(1)[0].Key); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	a := newAggregation(t, Options{Kind: Sum, Of: "mac[1]"})
	bind(t, a)(record)
	bind(t, a)(record[:56])
	if r, _ := a.Get(nil); string(r.Number.AppendText(nil)) != "2" || a.Ignored() != 1 {
		t.Errorf("the sum is %s, %d ignored", r.Number.AppendText(nil), a.Ignored())
	}
}

// Values whose field tells its unit are converted to the unit that is asked for, others are taken as they are.
func TestUnits(t *testing.T) {
	for _, test := range []struct {
		of, unit string
		value    Number
		want     string
	}{
		{"latency_ns", "us", Uint(4000), "4"},
		{"latency_ns", "us", Uint(1500), "1.5"},
		{"latency_ns", "us", Int(-3000), "-3"},
		{"at.wait_us", "ms", Uint(math.MaxUint64), "18446744073709552"},
		{"wait_ms", "us", Uint(2), "2000"},
		{"bytes", "KB", Uint(2048), "2"},
		{"rx_bytes", "bytes", Uint(7), "7"},
		{"latency", "us", Uint(7), "7"},
		{"latency_ns", "", Uint(7), "7"},
		{"", "us", Uint(7), "7"},
	} {
		a := newAggregation(t, Options{Kind: Max, Of: test.of, Unit: test.unit})
		if got := string(a.Converted(test.value).AppendText(nil)); got != test.want {
			t.Errorf("%s of %s in %s: %s, want %s", test.value.AppendText(nil), test.of, test.unit, got, test.want)
		}
	}
	a := newAggregation(t, Options{Kind: Sum, Of: "bytes", Unit: "KB"})
	take := bind(t, a)
	take(event{bytes: 4096}.record())
	take(event{bytes: 512}.record())
	if got := string(a.AppendText(nil, 0, -1)); got != "4.50 KB\n" {
		t.Errorf("%q", got)
	}
}

// What has no room is in one bucket, which makes the whole add up.
func TestOther(t *testing.T) {
	for _, kind := range []Kind{Count, Sum, Hist} {
		a := newAggregation(t, Options{Kind: kind, By: []string{"pid"}, Of: map[Kind]string{Count: "", Sum: "bytes", Hist: "bytes"}[kind], MaxKeys: 1000})
		take := bind(t, a)
		var total uint64
		for i := range 10_000 {
			e := event{pid: uint32(i % 3000), bytes: uint64(i)}
			take(e.record())
			if kind == Sum {
				total += e.bytes
			} else {
				total++
			}
		}
		var sum uint64
		add := func(r Result) {
			n, _ := r.Number.Uint64()
			sum += n
		}
		for e := range a.All() {
			add(e.Result)
		}
		r, ok := a.Other()
		add(r)
		if !ok || a.Len() != 1000 || sum != total {
			t.Errorf("%s: %d keys, %d in all, want 1000 and %d", kind, a.Len(), sum, total)
		}
	}
}

// A million keys of 64 bits take less than 200 MB, also while they come.
func TestMillionKeys(t *testing.T) {
	for _, mask := range []uint64{1<<22 - 1, math.MaxUint64} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		a := newAggregation(t, Options{Kind: Count, By: []string{"bytes"}})
		take := bind(t, a)
		rng := rand.New(rand.NewPCG(3, 4))
		record := event{}.record()
		for a.Len() < 1_000_000 {
			binary.NativeEndian.PutUint64(record[8:], rng.Uint64()&mask)
			take(record)
		}
		runtime.ReadMemStats(&after)
		if used := after.Sys - before.Sys; used > 200<<20 {
			t.Errorf("%d MB", used>>20)
		}
		runtime.KeepAlive(a)
	}
}

// Histograms have the buckets and counts that comparing each value with each bucket gives.
func TestHistogramBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	numbers := []Number{Int(-1), Int(math.MinInt64), Uint(0), Uint(1), Uint(2), Uint(3), Uint(4), Uint(1<<63 - 1), Uint(1 << 63),
		Uint(math.MaxUint64), Float(0.25), Float(1.5), Float(-0.5), Float(1e30), Float(math.Inf(1)), Float(math.Inf(-1)), Float(1 << 63)}
	for range 2000 {
		numbers = append(numbers, Uint(rng.Uint64()>>rng.UintN(64)), Int(-int64(rng.Uint64()>>1)), Float(rng.NormFloat64()*100), Float(float64(rng.IntN(100))/10))
	}
	options := []Options{{Kind: Hist}}
	for _, l := range [][3]float64{{0, 100, 10}, {-50, 50, 7}, {0, 1, 0.1}, {0, 10, 3}, {1 << 62, 1 << 63, 1 << 60}} {
		options = append(options, Options{Kind: Linear, From: l[0], To: l[1], Step: l[2]})
	}
	for _, o := range options {
		a := newAggregation(t, o)
		for _, n := range numbers {
			if err := a.Add(nil, n); err != nil {
				t.Fatal(err)
			}
		}
		r, _ := a.Get(nil)
		var total uint64
		for i, b := range r.Buckets {
			var want uint64
			for _, n := range numbers {
				if (math.IsInf(b.Low, -1) || n.Compare(Float(b.Low)) >= 0) && (math.IsInf(b.High, 1) || n.Compare(Float(b.High)) < 0) {
					want++
				}
			}
			if b.Count != want {
				t.Errorf("%v: [%v, %v) has %d, want %d", o, b.Low, b.High, b.Count, want)
			}
			if i > 0 && b.Low != r.Buckets[i-1].High {
				t.Errorf("%v: [%v, %v) follows %v", o, b.Low, b.High, r.Buckets[i-1].High)
			}
			total += b.Count
		}
		if total != uint64(len(numbers)) || r.Values != total {
			t.Errorf("%v: %d of %d values", o, total, len(numbers))
		}
	}
}

// Quantiles are within the documented bound of the value that has their rank, for many sorts of distributions.
func TestQuantilesBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	distributions := map[string]func() float64{
		"uniform":     func() float64 { return float64(rng.IntN(1e6)) },
		"exponential": func() float64 { return rng.ExpFloat64() * 1e4 },
		"heavy tail":  func() float64 { return math.Pow(rng.Float64(), -3) },
		"negative":    func() float64 { return rng.NormFloat64() * 1000 },
		"constant":    func() float64 { return 42 },
		"nanoseconds": func() float64 { return float64(rng.Uint64() >> rng.UintN(60)) },
	}
	shares := []float64{0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1}
	for name, value := range distributions {
		for _, n := range []int{1, 2, 10, 1000, 50_000} {
			a := newAggregation(t, Options{Kind: Quantiles, Shares: shares})
			sorted := make([]float64, n)
			for i := range sorted {
				sorted[i] = value()
				_ = a.Add(nil, Float(sorted[i]))
			}
			slices.Sort(sorted)
			r, _ := a.Get(nil)
			for i, q := range r.Quantiles {
				want := sorted[int(shares[i]*float64(n-1))]
				if math.Abs(q.Value-want) > QuantileError*math.Abs(want)*(1+1e-9) {
					t.Errorf("%s, %d values: quantile %v is %v, want %v", name, n, shares[i], q.Value, want)
				}
			}
			if r.Min.Float64() != sorted[0] || r.Max.Float64() != sorted[n-1] {
				t.Errorf("%s: from %v to %v, want %v to %v", name, r.Min, r.Max, sorted[0], sorted[n-1])
			}
		}
	}
}

func TestDistinctBound(t *testing.T) {
	for _, n := range []int{0, 1, 100, 10_000, 1_000_000} {
		a := newAggregation(t, Options{Kind: Distinct})
		for i := range n {
			for range 1 + i%2 {
				if err := a.AddValue(nil, TextValue(fmt.Sprint("value ", i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		r, _ := a.Get(nil)
		// Three standard errors; the hash has no seed, so that the outcome is the same each time.
		if got := r.Number.Float64(); math.Abs(got-float64(n)) > 3*DistinctError*float64(n) {
			t.Errorf("%v of %d", got, n)
		}
	}
}

func TestTop(t *testing.T) {
	names := func(a *Aggregation, n int) string {
		var list []string
		for _, e := range a.Top(n) {
			s, _ := e.Key[0].Text()
			list = append(list, s)
		}
		return strings.Join(list, " ")
	}
	for kind, want := range map[Kind]string{Count: "c a b d", Max: "c a b d", Min: "d a b c", Sum: "c a b d"} {
		a := newAggregation(t, Options{Kind: kind, By: []string{"comm"}, Of: map[bool]string{true: "", false: "pid"}[kind == Count]})
		for k, n := range map[string]uint64{"b": 2, "a": 2, "c": 3, "d": 1} {
			_ = a.Add([]Value{TextValue(k)}, Uint(n))
		}
		if got := names(a, -1); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
		if got := names(a, 2); got != want[:3] {
			t.Errorf("%s: the first two are %s, want %s", kind, got, want[:3])
		}
	}
}

// Records that end early lack values, which are counted as ignored; their keys are keys of their own.
func TestShortRecords(t *testing.T) {
	a := newAggregation(t, Options{Kind: Max, By: []string{"comm"}, Of: "load"})
	take := bind(t, a)
	record := event{comm: "x", load: 3}.record()
	for n := range len(record) {
		take(record[:n])
	}
	take(event{load: math.NaN()}.record())
	if a.Ignored() != 56+1 || a.Len() != 1 {
		t.Errorf("%d ignored, %d keys", a.Ignored(), a.Len())
	}
	c := newAggregation(t, Options{Kind: Count, By: []string{"pid", "comm"}})
	take = bind(t, c)
	take(record[:18])
	if e := c.Top(1)[0]; !e.Key[0].IsAbsent() || !e.Key[1].IsAbsent() {
		t.Errorf("%+v", e)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		options Options
		want    string
	}{
		{Options{Kind: Sum, Of: "byte"}, "sum: struct event has no field byte (did you mean bytes?)"},
		{Options{Kind: Sum}, "sum: of says whose values to take; the numbers of struct event are delta, bytes, pid, verdict, daddr, load"},
		{Options{Kind: Sum, Of: "mac[7]"}, "sum: mac[7]: unsigned char[6] has 6 elements, counted from 1"},
		{Options{Kind: Sum, Of: "pid[1]"}, "sum: pid[1]: int has no elements"},
		{Options{Kind: Count, By: []string{"mac[0]"}}, `mac[0]: expected the number of an element, from 1 on, got "0"`},
		{Options{Kind: Count, By: []string{"mac[1"}}, "mac[1: a [ is never closed"},
		{Options{Kind: Count, By: []string{"mac[1]x"}}, "mac[1]x: expected a . or [ behind ]"},
		{Options{Kind: Sum, Of: "bytes", Unit: "us"}, "unit: bytes is in bytes, which can be told in bytes, KB, MB, GB, not in us"},
		{Options{Kind: Hist, Of: "comm"}, "hist: comm of struct event is no number but char[16]"},
		{Options{Kind: Count, By: []string{"at.cpus"}}, "count: struct at has no field cpus (did you mean cpu?)"},
		{Options{Kind: Count, By: []string{"pid.x"}}, "count: int has no field x"},
		{Options{Kind: Count, Of: "pid"}, "of: a count is of nothing; by names what is counted"},
		{Options{Kind: Linear, Of: "pid"}, "expected from below to and a step above 0, got from=0, to=0, step=0"},
		{Options{Kind: Linear, To: 1e9, Step: 1}, "from 0 to 1e+09 there are 1000000000 steps of 1, more than 1000"},
		{Options{Kind: Linear, From: 1e300, To: 2e300, Step: math.NaN()}, "expected from below to and a step above 0, got from=1e+300, to=2e+300, step=NaN"},
		{Options{Kind: Linear, From: 1 << 60, To: 1<<60 + 512, Step: 1}, "a step of 1 makes no difference to 1.1529215046068475e+18"},
		{Options{Kind: Quantiles, Shares: []float64{50}}, "expected shares from 0 to 1, got 50"},
		{Options{Kind: Count, MaxKeys: -1}, "max_keys: expected a number up to 1073741824, got -1"},
	} {
		a, err := New(test.options)
		if err == nil {
			_, err = a.Bind(eventType(t))
		}
		if err == nil || err.Error() != test.want {
			t.Errorf("%+v: %v, want %s", test.options, err, test.want)
		}
	}
	a := newAggregation(t, Options{Kind: Count})
	if err := a.Add([]Value{TextValue("a")}, Uint(1)); err != nil {
		t.Error(err)
	}
	if err := a.Add(nil, Uint(1)); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
	if err := a.Add([]Value{TextValue("a")}, Int(-1)); err == nil {
		t.Error("counted -1")
	}
	if err := a.AddValue(nil, TextValue("")); err == nil {
		t.Error("counted text")
	}
}

func TestNumberCompare(t *testing.T) {
	order := []Number{Float(math.NaN()), Float(math.Inf(-1)), Float(-1e30), Int(math.MinInt64), Int(-2), Float(-1.5), Int(-1), Float(-0.5), Uint(0), Float(0.5),
		Uint(1), Uint(1<<63 - 1), Uint(1 << 63), Uint(math.MaxUint64), Float(1 << 64), Float(math.Inf(1))}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("%s and %s compare as %d, want %d", a.AppendText(nil), b.AppendText(nil), got, want)
			}
		}
	}
}

// FuzzKey checks that keys are told apart and come back, whatever is in them.
func FuzzKey(f *testing.F) {
	f.Add("a", uint64(1), true, []byte{1})
	f.Add("", uint64(math.MaxUint64), false, []byte{})
	f.Add("\x00\x01", uint64(0), false, []byte("\xff"))
	f.Fuzz(func(t *testing.T, text string, bits uint64, flag bool, bytes []byte) {
		typ := eventType(t)
		key := []Value{TextValue(text), NumberValue(Uint(bits)), NumberValue(Float(math.Float64frombits(bits))), BoolValue(flag), DataValue(typ, bytes)}
		a := newAggregation(t, Options{})
		if err := a.Add(key, Uint(1)); err != nil {
			t.Fatal(err)
		}
		for e := range a.All() {
			for i, v := range e.Key {
				if i == 4 {
					v.typ = typ
				}
				if v.compare(key[i]) != 0 && !(i == 2 && v.number.IsNaN()) {
					t.Errorf("part %d of %+v became %+v", i, key, v)
				}
			}
		}
		if _, ok := a.Get(key); !ok || a.Len() != 1 {
			t.Errorf("%+v is not found", key)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	for name, o := range map[string]Options{
		"count by comm":      {Kind: Count, By: []string{"comm"}},
		"count by comm, pid": {Kind: Count, By: []string{"comm", "pid"}},
		"hist by comm":       {Kind: Hist, By: []string{"comm"}, Of: "bytes"},
		"sum by comm":        {Kind: Sum, By: []string{"comm"}, Of: "bytes"},
		"quantiles by comm":  {Kind: Quantiles, By: []string{"comm"}, Of: "bytes"},
		"distinct":           {Kind: Distinct, Of: "bytes"},
	} {
		b.Run(name, func(b *testing.B) {
			take := bind(b, newAggregation(b, o))
			var records [][]byte
			for i := range 1024 {
				records = append(records, event{comm: fmt.Sprint("comm", i%40), bytes: uint64(i * i)}.record())
			}
			for i := 0; b.Loop(); i++ {
				take(records[i%len(records)])
			}
		})
	}
}
