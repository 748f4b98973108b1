package luart

import (
	"fmt"
	"runtime"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// millionKeys counts under a million different keys, each seen twice.
const millionKeys = `
local m = %s
function count(make)
	local function key(i) return %s end
	for round = 1, 2 do
		for i = 1, 1e6 do
			local k = key(i)
			m[k] = (m[k] or 0) + 1
		end
	end
	return #m
end
function drop() m = nil end`

// BenchmarkMillionKeys measures the memory that a million keys take, and the updates a second: of 22 bits and of 64 bits.
func BenchmarkMillionKeys(b *testing.B) {
	for _, bits := range []struct{ name, key string }{
		{"22 bits", "(i * 2654435761) % 4194304"},
		{"64 bits", "0xffff888000000000 + i * 64"},
	} {
		for _, container := range []string{"map()", "{}"} {
			b.Run(fmt.Sprintf("%s/%s", bits.name, container), func(b *testing.B) {
				s, err := loadText(b, fmt.Sprintf(millionKeys, container, bits.key), LoadOptions{})
				if err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				for range b.N {
					s.state.Push(s.state.GetGlobal("count").(*lua.LFunction))
					s.state.Call(0, 0)
				}
				b.StopTimer()
				full := heapSize()
				s.state.Push(s.state.GetGlobal("drop"))
				s.state.Call(0, 0)
				b.ReportMetric(float64(full-heapSize())/(1<<20), "MB")
				b.ReportMetric(2e6*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
				b.ReportMetric(0, "ns/op")
				runtime.KeepAlive(s)
			})
		}
	}
}
