package decode

import "testing"

func BenchmarkAppendJSON(b *testing.B) {
	typ, rec := layout(b, event), record()
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = typ.AppendJSON(dst[:0], rec)
	}
}

func BenchmarkAppendText(b *testing.B) {
	typ, rec := layout(b, event), record()
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst = typ.AppendText(dst[:0], rec)
	}
}

func BenchmarkFieldBits(b *testing.B) {
	rec := record()
	f := layout(b, event).Field("pid")
	b.ReportAllocs()
	var sum uint64
	for b.Loop() {
		v, _ := f.Bits(rec)
		sum += v
	}
	if sum == 0 {
		b.Fatal("no pid")
	}
}

func BenchmarkFieldBytes(b *testing.B) {
	rec := record()
	f := layout(b, event).Field("comm")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += len(CString(f.Bytes(rec)))
	}
	if n == 0 {
		b.Fatal("no comm")
	}
}

// Rendering allocates nothing.
func TestAllocations(t *testing.T) {
	typ, rec := layout(t, event), record()
	dst := make([]byte, 0, 1024)
	for name, render := range map[string]func([]byte, []byte) []byte{"AppendJSON": typ.AppendJSON, "AppendText": typ.AppendText} {
		if n := testing.AllocsPerRun(100, func() { render(dst, rec) }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
