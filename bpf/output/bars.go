package output

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
)

// Bar is a line of a chart: a label, a number, and a bar as long as the number is in proportion to the greatest of the chart.
type Bar struct {
	Label string
	Text  string  // the number as it is shown
	Value float64 // what is not above 0 has no bar
}

// The widths of bpftrace's histograms.
const (
	labelWidth  = 16
	numberWidth = 8
	longestBar  = 52
	shortestBar = 10
)

// AppendBars appends a line a bar, as bpftrace shows histograms. width is the terminal's in columns, 0 for none: on a narrow one bars
// are shorter, and then labels are cut.
func AppendBars(dst []byte, bars []Bar, width int) []byte {
	labels, numbers, most := labelWidth, numberWidth, 0.0
	for _, b := range bars {
		labels = max(labels, textWidth(decode.AppendPlain(nil, []byte(b.Label))))
		numbers = max(numbers, textWidth([]byte(b.Text)))
		most = max(most, b.Value)
	}
	length := longestBar
	if width > 0 {
		const around = len("  ||")
		length = min(length, max(shortestBar, width-labels-numbers-around))
		labels = min(labels, max(leastText, width-length-numbers-around))
	}
	for _, b := range bars {
		label := decode.AppendPlain(nil, []byte(b.Label))
		w := textWidth(label)
		if w > labels {
			dst, w = appendCut(dst, label, labels)
		} else {
			dst = append(dst, label...)
		}
		n := proportion(b.Value, most, length)
		dst = fmt.Appendf(dst, "%s %*s |%s%s|\n", strings.Repeat(" ", labels-w), numbers, b.Text,
			strings.Repeat("@", n), strings.Repeat(" ", length-n))
	}
	return dst
}

// proportion returns how long the bar of v is: length for the greatest, and none for what is less than a part of the bar, as in
// bpftrace.
func proportion(v, most float64, length int) int {
	if !(v > 0) || math.IsInf(v, 1) && !math.IsInf(most, 1) {
		return 0
	}
	if v == most {
		return length
	}
	return int(v / most * float64(length))
}

// BucketLabel returns how bpftrace calls the values from low up to, and without, high: [0], [4, 8), [1K, 2K), (..., 0). Where powers is set
// multiples of powers of 1024 are written with the letter of their power.
func BucketLabel(low, high float64, powers bool) string {
	edge := func(v float64) string {
		if powers {
			return appendPower(v)
		}
		return strconv.FormatFloat(v, 'g', 15, 64) // which hides that steps add up inexactly
	}
	switch {
	case math.IsInf(low, -1):
		return "(..., " + edge(high) + ")"
	case math.IsInf(high, 1):
		return "[" + edge(low) + ", ...)"
	case powers && high-low == 1:
		return "[" + edge(low) + "]"
	}
	return "[" + edge(low) + ", " + edge(high) + ")"
}

// appendPower returns v, which is 0 or a power of 2, as 512, 1K, 2M.
func appendPower(v float64) string {
	const letters = "KMGTPE"
	letter := ""
	for i := 0; v >= 1024 && i < len(letters); i++ {
		v /= 1024
		letter = letters[i : i+1]
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + letter
}

// Sparkline returns values as a line of small bars, the greatest the highest, between 0, or the least of all where that is less, and the greatest. What
// is not a number leaves a gap. Where there are more than width values, each bar is the greatest of those in its place; width 0 is no limit.
func Sparkline(values []float64, width int) string {
	if width > 0 && len(values) > width {
		values = squeeze(values, width)
	}
	low, high := 0.0, 0.0
	for _, v := range values {
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case high == low:
			b.WriteRune(levels[0])
		default:
			at := (min(max(v, low), high)/2 - low/2) / (high/2 - low/2) // halves do not overflow
			b.WriteRune(levels[min(int(at*float64(len(levels))), len(levels)-1)])
		}
	}
	return b.String()
}

// squeeze returns width values, each the greatest of a run of values.
func squeeze(values []float64, width int) []float64 {
	squeezed := make([]float64, width)
	for i := range squeezed {
		from, to := i*len(values)/width, (i+1)*len(values)/width
		most := math.NaN()
		for _, v := range values[from:to] {
			if math.IsNaN(most) || v > most {
				most = v
			}
		}
		squeezed[i] = most
	}
	return squeezed
}
