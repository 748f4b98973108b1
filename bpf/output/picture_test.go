package output

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// pictures are what the golden files of TestPictures show.
func pictures(width int) map[string][]byte {
	grid := Grid{
		Columns: []GridColumn{{Title: "COMM"}, {Title: "COUNT", Right: true}, {Title: "PATH"}},
		Rows: [][]string{
			{"bash", "18446744073709551615", "/usr/share/locale/de_DE.UTF-8/LC_MESSAGES/coreutils.mo"},
			{"日本語のプロセス", "-1", "/tmp/ファイル"},
			{"esc\x1b[31mred", "3"},
			{"e\u0301clair", "0.25", "\xff\xfe"},
		},
	}
	bars := []Bar{
		{"nginx", "1200", 1200}, {"日本語", "600", 600}, {"a process with quite a long name that does not fit", "1", 1}, {"none", "0", 0}, {"less", "-5", -5},
	}
	var buckets []Bar
	for i, n := range []uint64{3, 0, 7, 1 << 40} {
		low := math.Ldexp(512, i)
		buckets = append(buckets, Bar{BucketLabel(low, 2*low, true), fmt.Sprint(n), float64(n)})
	}
	buckets = append(buckets, Bar{BucketLabel(math.Inf(-1), 0, true), "1", 1}, Bar{BucketLabel(0, 1, true), "2", 2}, Bar{BucketLabel(1<<63, math.Inf(1), true), "1", 1})
	wave := make([]float64, 60)
	for i := range wave {
		wave[i] = 10 + 10*math.Sin(float64(i)/5)
	}
	wave[7] = math.NaN()
	return map[string][]byte{
		"grid":      grid.Append(nil, width),
		"bars":      AppendBars(nil, bars, width),
		"histogram": AppendBars(nil, buckets, width),
		"sparkline": []byte(Sparkline(wave, width) + "\n"),
	}
}

func TestPictures(t *testing.T) {
	for _, width := range []int{0, 40, 80, 200} {
		for name, got := range pictures(width) {
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) {
				golden(t, fmt.Sprintf("%s-%d.golden", name, width), got)
				for line := range strings.Lines(string(got)) {
					if w := textWidth([]byte(strings.TrimSuffix(line, "\n"))); width > 0 && w > width && name != "grid" {
						t.Errorf("a line has %d columns: %s", w, line)
					}
				}
			})
		}
	}
}

func TestBucketLabel(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range []struct {
		low, high float64
		powers    bool
		want      string
	}{
		{-inf, 0, true, "(..., 0)"}, {0, 1, true, "[0]"}, {1, 2, true, "[1]"}, {2, 4, true, "[2, 4)"}, {512, 1024, true, "[512, 1K)"},
		{1 << 62, 1 << 63, true, "[4E, 8E)"}, {1 << 63, inf, true, "[8E, ...)"},
		{-inf, -10, false, "(..., -10)"}, {0, 1, false, "[0, 1)"}, {0.1 + 0.2, 0.4, false, "[0.3, 0.4)"}, {1000, inf, false, "[1000, ...)"},
	} {
		if got := BucketLabel(test.low, test.high, test.powers); got != test.want {
			t.Errorf("from %v to %v is %s, want %s", test.low, test.high, got, test.want)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, test := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 0, ""},
		{[]float64{0, 0}, 0, "▁▁"},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 0, "▂▃▄▅▆▇██"},
		{[]float64{-1, 0, 1}, 0, "▁▅█"},
		{[]float64{0, math.NaN(), math.Inf(1), math.Inf(-1), 1}, 0, "▁ █▁█"},
		{[]float64{math.MaxFloat64, -math.MaxFloat64}, 0, "█▁"},
		{[]float64{0, 9, 0, 0, 0, 3}, 3, "█▁▃"},
	} {
		if got := Sparkline(test.values, test.width); got != test.want {
			t.Errorf("%v is %s, want %s", test.values, got, test.want)
		}
	}
}
