package output

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// maxSlots is how many slots a histogram by powers of two has use for.
const maxSlots = 65

// slotNames are what programs call the slots of a histogram.
var slotNames = []string{"slots", "hist", "histogram", "buckets"}

// slotsOf returns the member of t that holds the slots of a histogram, or nil.
func slotsOf(t *decode.Type) *decode.Field {
	if t.Kind != decode.Struct {
		return nil
	}
	for _, name := range slotNames {
		if f := t.Field(name); f != nil && countsSlots(f.Type) {
			return f
		}
	}
	return nil
}

// countsSlots reports whether t is an array of counters, as many as a histogram may have.
func countsSlots(t *decode.Type) bool {
	return t.Kind == decode.Array && t.Len > 1 && t.Len <= maxSlots && isCount(t.Elem)
}

func isCount(t *decode.Type) bool { return t.Kind == decode.Uint || t.Kind == decode.Int }

// isHistogramName reports whether an array of that name is one.
func isHistogramName(name string) bool {
	return slices.ContainsFunc(slotNames, func(s string) bool { return strings.Contains(strings.ToLower(name), s) })
}

// readSlots returns the counts in the array b.
func readSlots(t *decode.Type, b []byte) []uint64 {
	slots := make([]uint64, t.Elements(b))
	for i := range slots {
		slots[i], _ = t.Elem.Bits(b[i*t.Elem.Size:])
	}
	return slots
}

// barWidth is how long the bar of the fullest slot is.
const barWidth = 40

// appendHistogram appends a line a slot up to the last that is not empty, under a header. Where slots are powers of two, slot i counts values from 2^i
// to 2^(i+1)-1, and slot 0 those of 0 and 1, as log2l in libbpf-tools' bits.bpf.h has it. Others are shown by their numbers.
func appendHistogram(dst []byte, slots []uint64, powers bool) []byte {
	for len(slots) > 0 && slots[len(slots)-1] == 0 {
		slots = slots[:len(slots)-1]
	}
	if len(slots) == 0 {
		return dst
	}
	most := slices.Max(slots)
	width := 10
	if len(slots) > 33 {
		width = 20
	}
	countWidth := max(len("count"), len(fmt.Sprint(most)))
	slot := func(i int) string {
		low, high := uint64(1)<<i, uint64(1)<<i<<1-1
		if i == 0 {
			low = 0
		}
		return fmt.Sprintf("%*d -> %-*d", width, low, width, high)
	}
	title := fmt.Sprintf("%*s", 2*width+len(" -> "), "value")
	if !powers {
		slot = func(i int) string { return fmt.Sprintf("%*d", width, i) }
		title = fmt.Sprintf("%*s", width, "slot")
	}
	dst = fmt.Appendf(dst, "%s : %-*s  distribution\n", title, countWidth, "count")
	for i, n := range slots {
		dst = fmt.Appendf(dst, "%s : %-*d |%-*s|\n", slot(i), countWidth, n, barWidth, strings.Repeat("*", scaled(n, most)))
	}
	return dst
}

// scaled returns how long the bar of n is, at least one where n is not zero.
func scaled(n, most uint64) int {
	if n == 0 {
		return 0
	}
	return max(1, int(float64(n)/float64(most)*barWidth+0.5))
}
